"""Blues, country, folk, soul and gospel: songs that stand on three chords, a voice and hands."""

from leitmotif_services.workshop.idioms.recipes import Part, Recipe, branch

_STEEL = ("steel guitar",)

_BLUES_BAND = Recipe(
    "electric shuffle", (84, 138), ("twelve bar",), ("shuffle", "shuffle hat"), ("rock", "dry", "jazz"),
    Part(("finger bass", "upright bass", "pick bass"), ("boogie", "walking"), -3),
    (
        Part(("electric guitar",), ("shuffle riff", "freddie", "swing comp"), -6, drive=(0.1, 0.45)),
        Part(("piano", "bar piano", "drawbar organ"), ("triplets", "swing comp", "freddie"), -8, 0.6),
    ),
    (Part(("lead guitar",), (), -2, drive=(0.25, 0.6), centre=66), Part(("harmonica", "lead guitar", "tenor sax"), (), -2,
        0.7, drive=(0.15, 0.5), centre=69)),
    (1.2, 2.6), ("sung", "sung", "shout", ""), (0.9, 1.8), (-1, 3), modes=("mixolydian",), scales=("blues",
        "minor pentatonic"), forms=("blues",),
    eras=("fifties", "seventies", "eighties", "modern"), room=(0.1, 0.45), tilt_db=(-3.2, -0.6), swing=(0.75, 1.0),
        drift=(0.002, 0.015),
)  # fmt: skip
BLUES = (
    _BLUES_BAND,
    branch(_BLUES_BAND, name="slow blues", tempo_bpm=(50, 76), harmony=("twelve bar", "minor blues"),
        grooves=("slow twelve",), swing=(0, 0), bass=Part(("finger bass", "upright bass"), ("triplet roots",), -3),
        comping=(Part(("drawbar organ", "piano", "electric guitar"), ("triplets", "sustain"), -8), Part(("electric guitar",),
        ("triplets",), -9, 0.5, effect="tremolo"))),
    branch(_BLUES_BAND, name="delta", tempo_bpm=(72, 120), harmony=("one chord", "twelve bar"), grooves=("stomp", "", ""),
        kits=("roots",), bass=None, comping=(Part(_STEEL, ("travis", "boom chick", "shuffle riff"), -3),),
        leads=(Part(("slide guitar",), (), -4, 0.7, centre=64),), voices=("sung", "shout"), eras=("shellac", "fifties",
        "bedroom"), room=(0.02, 0.2), drift=(0.01, 0.03), loose_ms=(10, 25), fills=0.0),
    branch(_BLUES_BAND, name="boogie", tempo_bpm=(120, 168), harmony=("one chord", "twelve bar"), grooves=("stomp",
        "shuffle hat", "train"), comping=(Part(("electric guitar",), ("riff", "shuffle riff"), -3, drive=(0.3, 0.6)),),
        voices=("shout", "sung")),
    branch(_BLUES_BAND, name="blues rock", tempo_bpm=(88, 140), grooves=("rock", "rock busy", "shuffle hat"), kits=("rock",
        "arena"), comping=(Part(("electric guitar",), ("riff", "shuffle riff", "power"), -4, drive=(0.4, 0.65)),),
        leads=(Part(("lead guitar",), (), 0, drive=(0.5, 0.8), centre=68),), eras=("eighties", "modern")),
    branch(_BLUES_BAND, name="zydeco", tempo_bpm=(120, 180), harmony=("three chords", "twelve bar"), grooves=("zydeco",
        "two step"), comping=(Part(("accordion",), ("off-beats", "eighths", "strum"), -3), Part(("electric guitar",),
        ("off-beats",), -9, 0.7)), leads=(Part(("fiddle", "harmonica"), (), -4, 0.5, centre=74),), swing=(0.2, 0.8)),
)  # fmt: skip

_HONKY_TONK = Recipe(
    "honky tonk", (92, 140), ("three chords",), ("two step", "train", "waltz"), ("dry", "roots"),
    Part(("upright bass", "pick bass", "finger bass"), ("half and fifth",), -4.5),
    (
        Part(("steel guitar",), ("boom chick", "strum"), -6), Part(("twang guitar",), ("travis", "arpeggio", "off-beats"),
            -8, 0.8),
        Part(("bar piano", "piano"), ("swing comp", "quarters", "off-beats"), -10, 0.5),
    ),
    (Part(("pedal steel", "fiddle"), (), -4, centre=72), Part(("twang guitar", "fiddle", "pedal steel"), (), -4, 0.7,
        centre=66)),
    (1.0, 2.2), ("sung",), (1.1, 1.9), (0, 4), 0.5, ("major", "mixolydian"), ("major pentatonic", "major"),
        eras=("seventies", "eighties", "modern"),
    room=(0.08, 0.3), tilt_db=(-2.2, 0.2), swing=(0.0, 0.5),
    drums_db=(-5.0, 0.0),
)  # fmt: skip
COUNTRY = (
    branch(_HONKY_TONK, grooves=("two step", "train")),
    branch(_HONKY_TONK, name="nashville", tempo_bpm=(96, 150), harmony=("three chords", "diatonic", "doo wop"),
        grooves=("country rock", "rock", "ballad"), kits=("rock", "arena", "eighties"), bass=Part(("finger bass",
        "pick bass"), ("rock", "half and fifth", "eighths"), -4.5), comping=(Part(("steel guitar",), ("strum", "ballad strum"),
        -6), Part(("twang guitar",), ("arpeggio", "riff"), -7, drive=(0.1, 0.4)), Part(("piano", "drawbar organ", "strings"),
        ("sustain", "quarters"), -10, 0.6)), harmonies=0.8, eras=("eighties", "modern", "loud")),
    branch(_HONKY_TONK, name="country ballad", tempo_bpm=(60, 86), harmony=("doo wop", "diatonic", "three chords"),
        grooves=("ballad",), bass=Part(("finger bass",), ("roots", "half and fifth"), -4), comping=(Part(("steel guitar",),
        ("travis", "ballad strum"), -5), Part(("piano", "bright piano"), ("arpeggio", "sustain"), -8, 0.7),
        Part(("strings",), ("sustain",), -11, 0.5)), voice_rate=(0.8, 1.4), room=(0.2, 0.45)),
    branch(_HONKY_TONK, name="bluegrass", tempo_bpm=(120, 170), grooves=("",), bass=Part(("upright bass",),
        ("half and fifth",), -4.5), comping=(Part(("banjo",), ("roll", "roll"), -4), Part(("mandolin",), ("off-beats",), -8),
        Part(("steel guitar",), ("boom chick", "strum"), -8)), leads=(Part(("fiddle",), (), -3, centre=74), Part(("mandolin",
        "banjo"), (), -3, centre=70)), lead_rate=(2, 3.6), harmonies=1.0, eras=("natural", "seventies", "modern"), fills=0.0),
    branch(_HONKY_TONK, name="old waltz", tempo_bpm=(84, 120), grooves=("waltz",), beats_per_bar=3,
        bass=Part(("upright bass",), ("waltz",), -3), comping=(Part(("steel guitar",), ("oom pah pah",), -5),),
        eras=("shellac", "fifties", "seventies"), swing=(0, 0), weight=0.6),
    branch(_HONKY_TONK, name="outlaw", tempo_bpm=(96, 124), grooves=("train", "country rock"),
        comping=(Part(("twang guitar",), ("boom chick", "travis"), -4), Part(("steel guitar",), ("boom chick",), -8)),
        voices=("sung", "soft"), eras=("fifties", "seventies")),
)  # fmt: skip

_SINGER = Recipe(
    "fingerpicked", (68, 128), ("diatonic", "three chords"), (), (), None, (Part(("steel guitar", "nylon guitar"), ("travis",
        "arpeggio", "fast arpeggio"), -2), Part(("steel guitar",), ("travis",), -8, 0.3)),
    (Part(("harmonica", "flute", "violin", "mandolin"), (), -6, 0.4, centre=72),), (0.8, 1.6), ("soft", "sung"), (1.0, 2.0),
        (0, 4), 0.4,
    scales=("mode", "major pentatonic"), forms=("strophic", "song with bridge"), eras=("bedroom", "seventies", "natural",
        "modern"), room=(0.03, 0.3), tilt_db=(-2, 0.5), loose_ms=(6, 18), drift=(0.004, 0.02), fills=0.0,
)  # fmt: skip
FOLK = (
    _SINGER,
    branch(_SINGER, name="strummed", comping=(Part(("steel guitar",), ("strum", "ballad strum"), -2),),
        bass=Part(("upright bass", "finger bass"), ("roots", "half and fifth"), -5, 0.5)),
    branch(_SINGER, name="folk rock", grooves=("ballad", "two step", "rock"), kits=("dry", "roots", "rock"),
        bass=Part(("finger bass", "pick bass"), ("roots", "rock"), -4), comping=(Part(("steel guitar",), ("strum",), -4),
        Part(("twang guitar", "electric guitar"), ("arpeggio",), -8), Part(("drawbar organ",), ("sustain",), -12, 0.5)),
        harmonies=0.8),
    branch(_SINGER, name="reel", tempo_bpm=(100, 124), harmony=("three chords",), grooves=("stomp", ""), kits=("roots",),
        comping=(Part(("steel guitar", "accordion"), ("strum", "off-beats"), -5),), leads=(Part(("fiddle", "flute",
        "accordion"), (), 0, centre=74), Part(("banjo", "mandolin"), (), -4, centre=70)), lead_rate=(3, 4), voices=("",
        "sung"), scales=("mode",), modes=("dorian", "mixolydian", "major")),
)  # fmt: skip

_SOUL = Recipe(
    "motown", (96, 132), ("diatonic", "doo wop", "vamp"), ("motown", "soul"), ("dry", "rock", "roots"),
        Part(("finger bass",), ("soul", "funk"), -1),
    (Part(("electric guitar",), ("off-beats", "stabs", "freddie"), -9), Part(("piano", "electric piano", "vibraphone"),
        ("quarters", "gospel", "eighths"), -8)),
    (Part(("brass section", "disco strings", "alto sax"), (), -6, centre=70),), (0.6, 1.4), ("sung",), (1.2, 2.2), (0, 4),
        0.9, ("major", "dorian", "mixolydian"), ("minor pentatonic", "major pentatonic"),
    eras=("seventies", "fifties", "eighties"), room=(0.1, 0.35), tilt_db=(-1.5, 0.5),
)  # fmt: skip
SOUL = (
    _SOUL,
    branch(_SOUL, name="slow jam", tempo_bpm=(62, 92), harmony=("soul",), grooves=("neo soul", "snap", "g funk"),
        kits=("808", "dry", "eighties"), bass=Part(("synth bass", "finger bass", "fretless bass"), ("hip hop", "soul",
        "sub"), -1), comping=(Part(("electric piano",), ("sustain", "halves", "stabs"), -5, effect="chorus"), Part(("pad",
        "strings"), ("sustain",), -11, 0.6), Part(("electric guitar",), ("fast arpeggio", "stabs"), -11, 0.5,
        effect="chorus")), eras=("eighties", "modern", "loud"), room=(0.2, 0.4)),
    branch(_SOUL, name="southern soul", tempo_bpm=(64, 116), harmony=("doo wop", "gospel", "three chords"), grooves=("soul",
        "ballad"), comping=(Part(("drawbar organ",), ("sustain",), -8), Part(("electric guitar",), ("arpeggio", "stabs"),
        -7), Part(("brass section",), ("stabs", "halves"), -8)), voices=("sung", "shout")),
    branch(_SOUL, name="contemporary r&b", tempo_bpm=(60, 104), harmony=("soul", "diatonic"), grooves=("trap", "snap",
        "teen pop"), kits=("808", "909"), bass=Part(("808 bass", "sub bass", "synth bass"), ("808", "sub"), 0),
        comping=(Part(("synth pluck", "electric piano", "nylon guitar"), ("fast arpeggio", "stabs", "arpeggio"), -7),
        Part(("synth pad", "dark pad"), ("sustain",), -10)), leads=(), eras=("modern", "loud"), loose_ms=(0, 3), drift=(0, 0)),
)  # fmt: skip

_GOSPEL = Recipe(
    "shouting church", (96, 150), ("gospel", "twelve bar", "three chords"), ("gospel clap", "shuffle hat", "soul"), ("rock",
        "roots"), Part(("finger bass",), ("walking", "soul"), -3),
    (Part(("drawbar organ",), ("sustain", "gospel"), -6), Part(("piano",), ("gospel", "swing comp"), -6)),
        (Part(("drawbar organ", "piano"), (), -6, 0.5, centre=72),), (1.5, 3), ("choir", "choir", "shout"), (0.7, 1.6), (0,
        4), 1.0,
    ("major", "mixolydian"), ("major pentatonic",), ("strophic", "song"), eras=("fifties", "seventies", "eighties",
        "modern"), room=(0.3, 0.65), swing=(0.2, 1.0),
)  # fmt: skip
GOSPEL = (_GOSPEL, branch(_GOSPEL, name="slow hymn", tempo_bpm=(58, 84), grooves=("", "slow twelve"), swing=(0, 0),
    bass=None, comping=(Part(("drawbar organ", "church organ", "piano"), ("sustain", "halves", "arpeggio"), -5),), leads=(),
    voice_rate=(0.4, 0.9)), branch(_GOSPEL, name="quartet", tempo_bpm=(80, 120), grooves=("", "stomp"), kits=("roots",),
    bass=None, comping=(), leads=(), voices=("choir",), eras=("shellac", "fifties", "natural"), voice_rate=(0.9, 1.7),
    voice_db=(0, 2)))  # fmt: skip
