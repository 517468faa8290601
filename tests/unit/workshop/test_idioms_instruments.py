"""The instruments of the idioms, each against what physics or notation says that it must do."""

import numpy as np
import pytest

from leitmotif_services.workshop.idioms import SAMPLE_RATE_HZ, compose_idiom
from leitmotif_services.workshop.idioms.amplifier import Amplifier, amplify
from leitmotif_services.workshop.idioms.bands import draw_band
from leitmotif_services.workshop.idioms.beats import REGGAE
from leitmotif_services.workshop.idioms.bowed_and_blown import MODELS as TONES
from leitmotif_services.workshop.idioms.chords import Chord, voice_chord
from leitmotif_services.workshop.idioms.grooves import BASS, COMPING, GROOVES
from leitmotif_services.workshop.idioms.keyboards import MODELS as PARTIALS
from leitmotif_services.workshop.idioms.mastering import compression_gain, limit
from leitmotif_services.workshop.idioms.percussion import KITS, build_kit
from leitmotif_services.workshop.idioms.pitch_lines import Phrasing, draw_line
from leitmotif_services.workshop.idioms.plucked_strings import MODELS as STRINGS
from leitmotif_services.workshop.idioms.plucked_strings import mute, render_string
from leitmotif_services.workshop.idioms.repertoire import RECIPES
from leitmotif_services.workshop.idioms.score import ScoreWriter
from leitmotif_services.workshop.idioms.signals import FRAME_BINS, Note, frame_count, hertz, sawtooth, shape_frames
from leitmotif_services.workshop.idioms.song_form import Clock, swung
from leitmotif_services.workshop.idioms.voices import draw_singer, sing

RECIPE_LIST = [(idiom, recipe) for idiom, recipes in RECIPES.items() for recipe in recipes]


def spectrum(sound):
    size = 1 << int(np.ceil(np.log2(len(sound))))
    return np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size)), np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)


def peak_hz(sound, low_hz, high_hz):
    magnitude, frequency_hz = spectrum(sound)
    band = (frequency_hz > low_hz) & (frequency_hz < high_hz)
    return frequency_hz[band][magnitude[band].argmax()]


@pytest.mark.parametrize("pitch", [33, 45, 57, 69.12])
def test_a_plucked_string_sounds_at_its_pitch(pitch):
    sound = render_string(STRINGS["steel guitar"], pitch, 2.0, np.random.default_rng(1))
    assert peak_hz(sound, 0.8 * hertz(pitch), 1.3 * hertz(pitch)) == pytest.approx(hertz(pitch), rel=0.006)


def test_a_string_dies_away_and_a_muted_one_sooner():
    rng = np.random.default_rng(2)

    def fall_db(model):
        sound = render_string(model, 45, 1.5, rng)
        early, late = (np.sqrt(np.mean(np.square(sound[int(at * 22_050) :][:2205]))) for at in (0.05, 0.6))
        return 20 * np.log10(early / late)

    model = STRINGS["electric guitar"]
    assert 3 < fall_db(model) < 40
    assert fall_db(mute(model)) > fall_db(model) + 20


def test_a_stiff_string_has_partials_sharper_than_harmonics():
    sound = render_string(STRINGS["piano"], 48, 2.5, np.random.default_rng(3))
    base_hz = peak_hz(sound, 0.9 * hertz(48), 1.1 * hertz(48))
    tenth_hz = peak_hz(sound, 9.7 * base_hz, 10.8 * base_hz)
    assert 1.003 < tenth_hz / (10 * base_hz) < 1.06


def test_distorted_fifths_beat_at_the_difference_of_their_pitches_which_clean_ones_do_not():
    times = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    fifth = (np.sin(2 * np.pi * 440 * times) + np.sin(2 * np.pi * 660 * times)).astype(np.float32)

    def octave_below(drive):
        magnitude, frequency_hz = spectrum(amplify(fifth, Amplifier(drive)))
        return magnitude[np.abs(frequency_hz - 220) < 4].max() / magnitude.max()

    assert octave_below(0.8) > 20 * octave_below(0.0)


def test_a_cabinet_lets_little_through_above_its_corner():
    noise = np.random.default_rng(4).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    magnitude, frequency_hz = spectrum(amplify(noise, Amplifier(0.9, cabinet_hz=4500)))
    assert magnitude[frequency_hz > 9000].mean() < 0.12 * magnitude[(frequency_hz > 1000) & (frequency_hz < 3000)].mean()


def test_a_sawtooth_has_harmonics_as_one_over_their_number_and_little_between_them():
    wave = sawtooth(np.full(SAMPLE_RATE_HZ, 441.0, np.float32))
    magnitude = np.abs(np.fft.rfft(wave)) / len(wave) * 2
    for number in (1, 2, 3, 5):
        assert magnitude[441 * number] == pytest.approx(2 / np.pi / number, rel=0.1)
    assert magnitude[[600, 1500, 2500, 3300]].max() < 0.003


def test_shaping_with_a_flat_envelope_changes_nothing():
    sound = np.random.default_rng(5).standard_normal(10_000).astype(np.float32)
    same = shape_frames(sound, np.ones((frame_count(len(sound)), FRAME_BINS), np.float32))
    assert np.allclose(sound, same, atol=1e-4)


def test_a_line_holds_its_notes_pitch_and_is_silent_between_them():
    notes = [Note(0.5, 0.5, 60.0, 0.8), Note(1.5, 0.5, 67.0, 0.8)]
    line = draw_line(notes, Phrasing(vibrato=0.0, jitter=0.0), 3 * SAMPLE_RATE_HZ, np.random.default_rng(0))
    assert line.frequency_hz()[int(0.8 * SAMPLE_RATE_HZ)] == pytest.approx(hertz(60), rel=0.002)
    assert line.frequency_hz()[int(1.8 * SAMPLE_RATE_HZ)] == pytest.approx(hertz(67), rel=0.002)
    assert line.loudness[int(0.75 * SAMPLE_RATE_HZ)] > 0.5
    assert line.loudness[int(1.3 * SAMPLE_RATE_HZ)] < 0.05


def test_a_woman_s_formants_lie_above_a_man_s():
    singers = [draw_singer("sung", np.random.default_rng(seed)) for seed in range(40)]
    women = [singer for singer in singers if singer.centre > 62]
    men = [singer for singer in singers if singer.centre <= 62]
    assert np.mean([singer.tract for singer in women]) > 1.1 * np.mean([singer.tract for singer in men])


def test_a_sung_vowel_has_its_energy_at_the_pitch_s_harmonics_and_a_growl_between_them_too():
    notes = [Note(0.2, 1.6, 57.0, 0.9)]

    def between(kind):
        singer = draw_singer(kind, np.random.default_rng(6))
        singer = singer.__class__(**{**singer.__dict__, "phrasing": Phrasing(vibrato=0.0, jitter=0.0)})
        magnitude, frequency_hz = spectrum(sing(singer, notes, 2 * SAMPLE_RATE_HZ, np.random.default_rng(7))[8000:36_000])
        place = frequency_hz / hertz(57.0) % 1.0
        band = (frequency_hz > 300) & (frequency_hz < 1500)
        return magnitude[band & (np.abs(place - 0.5) < 0.3)].mean() / magnitude[band].mean()

    assert between("sung") < 0.4
    assert between("growl") > 1.5 * between("sung")


@pytest.mark.parametrize("kind", sorted(KITS))
def test_a_kit_s_kick_is_low_and_its_hat_high(kind):
    kit, _, _ = build_kit(kind, {"kick", "hat", "snare"}, np.random.default_rng(1))

    def middle_hz(sound):
        magnitude, frequency_hz = spectrum(sound)
        return (magnitude**2 * frequency_hz).sum() / (magnitude**2).sum()

    assert middle_hz(kit["kick"][0]) < 700
    assert middle_hz(kit["hat"][0]) > 3000
    assert middle_hz(kit["kick"][0]) < middle_hz(kit["snare"][0]) < middle_hz(kit["hat"][0])


def test_a_compressor_turns_loud_passages_down_and_leaves_soft_ones():
    mix = np.random.default_rng(8).standard_normal(2 * SAMPLE_RATE_HZ).astype(np.float32)
    mix[:SAMPLE_RATE_HZ] *= 0.5
    mix[SAMPLE_RATE_HZ:] *= 0.01
    gain = compression_gain(mix, 0.8)
    assert gain[SAMPLE_RATE_HZ // 2] < 0.4
    assert gain[int(1.5 * SAMPLE_RATE_HZ)] > 0.95
    assert np.array_equal(compression_gain(mix, 0.0), np.ones(len(mix), np.float32))


def test_a_limiter_keeps_what_is_soft_and_bounds_what_is_loud():
    mix = np.linspace(-6, 6, 1001, dtype=np.float32)
    limited = limit(mix)
    assert np.abs(limited).max() < 1.0
    assert np.all(np.diff(limited) >= 0)
    soft = np.abs(mix) < 0.45
    assert np.allclose(limited[soft], mix[soft], atol=1e-6)


def test_swing_moves_the_middle_of_a_beat_and_not_the_beat():
    assert swung(3.0, 1.0, False) == 3.0
    assert swung(3.5, 1.0, False) == pytest.approx(3 + 2 / 3)
    assert swung(3.5, 0.0, False) == pytest.approx(3.5)
    assert swung(3.25, 1.0, True) == pytest.approx(3 + 1 / 3)


def test_a_clock_without_drift_is_even_and_begins_where_it_is_told_to():
    clock = Clock(120.0, 40, 0.0, 1.5, np.random.default_rng(0))
    assert [clock.at(beat) for beat in (0, 1.5, 2, 10.25)] == pytest.approx([-0.75, 0.0, 0.25, 4.375])


def test_chords_are_voiced_as_instruments_do():
    chord = Chord(0, (0, 4, 7))
    assert voice_chord(chord, 4, "power", 40) == [40, 47, 52]
    assert {pitch % 12 for pitch in voice_chord(chord, 4, "guitar", 45)} == {4, 8, 11}
    assert {pitch % 12 for pitch in voice_chord(Chord(7, (0, 4, 7, 10)), 0, "rootless", 60)} == {11, 2, 5}


@pytest.mark.parametrize(("idiom", "recipe"), RECIPE_LIST, ids=[f"{idiom}-{recipe.name}" for idiom, recipe in RECIPE_LIST])
def test_every_branch_names_only_what_there_is(idiom, recipe):
    instruments = {*STRINGS, *TONES, *PARTIALS}
    for part in (*recipe.comping, *recipe.leads, *([recipe.bass] if recipe.bass else [])):
        assert set(part.instruments) <= instruments
        assert set(part.figures) <= set(BASS if part is recipe.bass else COMPING)
    assert {groove for groove in recipe.grooves if groove} <= set(GROOVES)
    assert set(recipe.kits) <= set(KITS)
    assert recipe.tempo_bpm[0] < recipe.tempo_bpm[1]


def test_rows_fill_a_bar_of_twelve_or_sixteen_steps():
    rows = [row for groove in GROOVES.values() for row in groove.values()] + [
        row for table in (COMPING, BASS) for rows in table.values() for row in rows
    ]
    assert {len(row) for row in rows} <= {12, 16}


def test_reggae_s_chords_fall_off_the_beat():
    """Onsets of the comping's chords, in a dry band: more of them between beats than on them."""
    roots = next(number for number in range(200) if draw_band("reggae", number).recipe is REGGAE[0])
    band = draw_band("reggae", roots)
    tempo_bpm = 75.0
    band = band.__class__(**{**band.__dict__, "swing": 0.0, "drift": 0.0, "loose_s": 0.0})
    writer = ScoreWriter(band, tempo_bpm, 20.0, np.random.default_rng(1))
    score = writer.write()
    skank = np.array([note.start_s for note in score.parts["comping 0"]])
    kick_or_rim = np.array([time_s for name in ("kick", "rim", "snare") for time_s, _ in score.drums.get(name, [])])
    beat_s = 60.0 / tempo_bpm
    phase = (
        np.median(np.exp(2j * np.pi * kick_or_rim[kick_or_rim > 0] / beat_s).real),
        np.median(np.exp(2j * np.pi * kick_or_rim[kick_or_rim > 0] / beat_s).imag),
    )
    origin = np.arctan2(phase[1], phase[0]) / (2 * np.pi)
    place = (skank / beat_s - origin) % 1.0
    assert (np.abs(place - 0.5) < 0.3).mean() > 0.9


def test_a_rapper_has_more_syllables_a_second_than_a_singer():
    def syllables(idiom, kind):
        rates = []
        for number in range(60):
            band = draw_band(idiom, number)
            if band.voice_kind == kind:
                score = ScoreWriter(band, band.tempo_bpm, 20.0, np.random.default_rng(number)).write()
                if score.voices and len(score.voices[0]) > 10:
                    starts = np.array(sorted(note.start_s for note in score.voices[0]))
                    rates.append(1.0 / np.median(np.diff(starts)))
        return np.median(rates)

    assert syllables("hip-hop", "rap") > 1.25 * syllables("pop", "sung")


def test_an_instrumental_band_reports_no_voice_and_a_singer_s_band_does():
    quiet = next(number for number in range(100) if not draw_band("jazz", number).voice_kind)
    assert compose_idiom("jazz", 1, 4.0, band=quiet).attributes["vocals"] == 0.0
    loud = [compose_idiom("pop", seed, 8.0).attributes["vocals"] for seed in range(4)]
    assert max(loud) > 0.2
