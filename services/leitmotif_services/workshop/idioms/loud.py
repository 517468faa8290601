"""Rock, metal and punk: guitars through valves."""

from leitmotif_services.workshop.idioms.recipes import Part, Recipe, branch

_ROCK = Recipe(
    "classic rock", (92, 150), ("power", "diatonic", "three chords"), ("rock", "rock busy", "rock ride"), ("rock", "arena",
        "dry"), Part(("pick bass", "finger bass"), ("rock", "eighths", "roots"), -3),
    (Part(("electric guitar", "power guitar"), ("riff", "power", "strum"), -3, drive=(0.35, 0.65)),
        Part(("electric guitar",), ("strum", "power", "arpeggio"), -6, 0.7, drive=(0.2, 0.5)), Part(("drawbar organ",
        "piano", "steel guitar"), ("sustain", "quarters", "strum"), -10, 0.5)),
    (Part(("lead guitar",), (), -1, drive=(0.5, 0.8), centre=69),), (1.5, 3), ("sung", "shout"), (1.0, 2.0), (-2, 2), 0.5,
        ("mixolydian", "minor", "major"), ("minor pentatonic", "major pentatonic", "mode"), eras=("seventies", "eighties",
        "modern"),
    room=(0.1, 0.4), tilt_db=(-1.5, 0.5), drums_db=(-1, 3),
)  # fmt: skip
ROCK = (
    _ROCK,
    branch(_ROCK, name="hard rock", tempo_bpm=(96, 140), harmony=("power",), kits=("arena", "rock"),
        comping=(Part(("power guitar",), ("riff", "power eighths", "power"), -1, drive=(0.5, 0.75)), Part(("power guitar",),
        ("riff", "power"), -4, 0.6, drive=(0.45, 0.7))), voices=("shout", "sung"), eras=("seventies", "eighties")),
    branch(_ROCK, name="ballad", tempo_bpm=(62, 90), harmony=("diatonic", "doo wop"), grooves=("ballad", "half time"),
        kits=("arena", "rock"), bass=Part(("finger bass",), ("roots",), -4), comping=(Part(("steel guitar",
        "electric guitar"), ("arpeggio", "ballad strum"), -4), Part(("piano", "drawbar organ", "strings"), ("sustain",
        "quarters", "arpeggio"), -7), Part(("power guitar",), ("sustain",), -6, 0.4, drive=(0.5, 0.7))), voices=("sung",),
        room=(0.25, 0.5), dynamics=(0.3, 0.6)),
    branch(_ROCK, name="alternative", tempo_bpm=(88, 150), harmony=("diatonic", "power"), comping=(Part(("electric guitar",),
        ("arpeggio", "strum", "eighths"), -4, drive=(0.15, 0.5)), Part(("power guitar",), ("power eighths", "sustain",
        "power"), -2, drive=(0.5, 0.85))), eras=("modern", "loud"), dynamics=(0.3, 0.6)),
    branch(_ROCK, name="indie", tempo_bpm=(110, 160), harmony=("diatonic",), grooves=("rock", "pop", "disco"), kits=("dry",
        "rock"), comping=(Part(("twang guitar", "electric guitar"), ("eighths", "arpeggio", "off-beats"), -4, drive=(0.1,
        0.4)), Part(("electric guitar",), ("strum",), -5, drive=(0.2, 0.5))), voices=("soft", "sung"), eras=("bedroom",
        "modern", "loud")),
    branch(_ROCK, name="rock and roll", tempo_bpm=(140, 190), harmony=("twelve bar", "three chords"), grooves=("shuffle hat",
        "rock"), kits=("dry", "jazz"), bass=Part(("upright bass", "pick bass"), ("boogie", "walking"), -3),
        comping=(Part(("electric guitar",), ("shuffle riff", "eighths"), -5, drive=(0.1, 0.4)), Part(("bar piano",),
        ("eighths", "triplets"), -6, 0.6)), leads=(Part(("lead guitar", "tenor sax"), (), -2, drive=(0.2, 0.45),
        centre=67),), eras=("fifties", "seventies"), swing=(0, 0.8)),
    branch(_ROCK, name="psychedelic", tempo_bpm=(80, 130), harmony=("power", "vamp"), comping=(Part(("electric guitar",),
        ("arpeggio", "strum"), -4, drive=(0.2, 0.6), effect="tremolo"), Part(("drawbar organ",), ("sustain", "eighths"),
        -5)), leads=(Part(("lead guitar",), (), 0, drive=(0.6, 0.95), effect="echo", centre=68),), eras=("seventies",),
        room=(0.3, 0.6)),
)  # fmt: skip

_METAL = Recipe(
    "thrash", (130, 210), ("metal",), ("thrash", "metal double", "punk"), ("metal",), Part(("pick bass",), ("eighths",
        "pump"), -6),
    (Part(("power guitar",), ("chug", "gallop", "tremolo"), 1, drive=(0.75, 0.95)), Part(("power guitar",), ("chug",
        "gallop", "power eighths"), -1, 0.8, drive=(0.75, 0.95))),
    (Part(("lead guitar",), (), -2, drive=(0.7, 0.95), centre=72),), (2.5, 4), ("shout", "scream", "growl"), (1.2, 2.6), (-5,
        -1), modes=("minor",), scales=("harmonic minor", "minor pentatonic", "mode"), forms=("riffs",), eras=("eighties",
        "modern", "loud", "loud"),
    room=(0.05, 0.3), tilt_db=(-2.4, 0.2), loose_ms=(2, 7), drift=(0, 0.006), drums_db=(-2, 2),
)  # fmt: skip
METAL = (
    _METAL,
    branch(_METAL, name="heavy metal", tempo_bpm=(110, 165), grooves=("rock", "heavy", "metal double"), kits=("arena",
        "metal"), comping=(Part(("power guitar",), ("gallop", "power", "riff"), 0, drive=(0.65, 0.85)),
        Part(("power guitar",), ("power eighths", "sustain"), -3, drive=(0.6, 0.85))), voices=("sung", "shout", "operatic"),
        eras=("eighties", "modern")),
    branch(_METAL, name="death metal", tempo_bpm=(150, 230), grooves=("blast", "metal double"),
        comping=(Part(("power guitar",), ("tremolo", "chug"), 1, drive=(0.85, 1.0)), Part(("power guitar",), ("tremolo",
        "chug"), -1, drive=(0.85, 1.0))), voices=("growl",)),
    branch(_METAL, name="black metal", tempo_bpm=(150, 220), grooves=("blast",), comping=(Part(("power guitar",),
        ("tremolo",), 2, drive=(0.8, 1.0)), Part(("strings", "synth pad"), ("sustain",), -8, 0.5)), voices=("scream",),
        eras=("bedroom", "modern"), room=(0.3, 0.7), tilt_db=(0.5, 2)),
    branch(_METAL, name="doom", tempo_bpm=(56, 86), grooves=("heavy", "half time"), kits=("arena", "metal"),
        comping=(Part(("power guitar",), ("sustain", "power", "halves"), 1, drive=(0.8, 1.0)),), voices=("sung", "growl",
        "operatic"), room=(0.2, 0.5), tilt_db=(-2, 0), lead_rate=(1, 2)),
    branch(_METAL, name="groove metal", tempo_bpm=(84, 120), grooves=("metal groove", "heavy"), voices=("scream", "growl",
        "shout", "rap"), eras=("loud",)),
    branch(_METAL, name="instrumental", tempo_bpm=(110, 170), voices=("",), leads=(Part(("lead guitar",), (), 1, drive=(0.6,
        0.9), centre=74),), weight=0.6),
)  # fmt: skip

_PUNK = Recipe(
    "punk", (150, 210), ("power", "three chords"), ("punk", "rock"), ("rock", "dry"), Part(("pick bass",), ("pump",
        "eighths"), -3), (Part(("power guitar",), ("power eighths",), 0, drive=(0.5, 0.8)), Part(("power guitar",),
        ("power eighths", "strum"), -3, 0.6, drive=(0.5, 0.8))),
    (Part(("lead guitar",), (), -4, 0.5, drive=(0.5, 0.8), centre=68),), (1.5, 3), ("shout",), (1.5, 2.6), (-3, 1), 0.6,
        ("major", "minor"), ("major pentatonic", "minor pentatonic"), eras=("seventies", "bedroom", "modern", "loud"),
        room=(0.05, 0.3), tilt_db=(-1.8, 0.5), loose_ms=(5, 14), drums_db=(-1, 3),
)  # fmt: skip
PUNK = (_PUNK, branch(_PUNK, name="pop punk", voices=("sung",), harmonies=0.9, eras=("loud", "modern"),
    harmony=("diatonic",)), branch(_PUNK, name="hardcore", tempo_bpm=(180, 260), voices=("scream", "shout"), grooves=("punk",
    "blast")), branch(_PUNK, name="post punk", tempo_bpm=(120, 160), grooves=("rock", "disco"),
    comping=(Part(("electric guitar",), ("eighths", "arpeggio"), -3, drive=(0.15, 0.4), effect="chorus"),), voices=("sung",),
    eras=("eighties",), room=(0.2, 0.5)))  # fmt: skip
