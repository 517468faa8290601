"""The composer's attributes can be heard: measured here from the samples, without the code that wrote them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from leitmotif_services.workshop.composer import PERSONAS, Attributes, compose_track, draw_attributes, render, tags_of
from leitmotif_services.workshop.composer.harmony import SCALES, Harmony
from leitmotif_services.workshop.composer.mixing import colour
from leitmotif_services.workshop.composer.track import SAMPLE_RATE_HZ

CALM = Attributes(
    style="nocturne", tempo_bpm=72.0, key=9, mode="minor", beats_per_bar=4, swing=0.0, lead="piano", chords="piano",
    bass="none", drums="none", accompaniment="arpeggio", bassline="none", brightness=0.3, density=0.3, dynamics=0.5, reverb=0.5,
)  # fmt: skip
DANCE = replace(
    CALM, style="dance", tempo_bpm=126.0, lead="synth", chords="synth", bass="synth bass", drums="driving",
    accompaniment="offbeat", bassline="offbeat", brightness=0.8, density=0.6, dynamics=0.1, reverb=0.3,
)  # fmt: skip

HOP = 256


def spectrogram(waveform, size=1024):
    frames = np.lib.stride_tricks.sliding_window_view(waveform, size)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(size), axis=1))


def onsets(waveform):
    rise = np.maximum(np.diff(np.log1p(100 * spectrogram(waveform)), axis=0), 0).sum(axis=1)
    return rise - rise.mean()


def measured_tempo(waveform):
    """The tempo whose beat, and twice and four times as long, the onsets repeat after."""
    rise = onsets(waveform)
    correlation = np.correlate(rise, rise, "full")[len(rise) - 1 :]
    tempi = np.arange(60.0, 200.0, 0.5)
    lags = 60 * SAMPLE_RATE_HZ / HOP / tempi
    strength = sum(np.interp(times * lags, np.arange(len(correlation)), correlation) / times for times in (1, 2, 4))
    return tempi[strength.argmax()]


def centroid_hz(waveform):
    power = spectrogram(waveform).mean(axis=0)
    return float((np.fft.rfftfreq(1024, 1 / SAMPLE_RATE_HZ) * power).sum() / power.sum())


def test_the_same_seed_gives_the_same_samples_and_another_seed_others():
    one, again, other = compose_track(11, 6.0), compose_track(11, 6.0), compose_track(12, 6.0)
    assert np.array_equal(one.waveform, again.waveform)
    assert (one.title, one.artist, one.attributes, one.tags) == (again.title, again.artist, again.attributes, again.tags)
    assert abs(np.corrcoef(one.waveform, other.waveform)[0, 1]) < 0.2


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_a_waveform_is_mono_float32_of_the_asked_length_below_full_scale(seed):
    piece = compose_track(seed, 5.0)
    assert piece.waveform.shape == (5 * SAMPLE_RATE_HZ,)
    assert piece.waveform.dtype == np.float32
    assert 0.05 < np.abs(piece.waveform).max() < 1.0
    assert abs(float(piece.waveform.mean())) < 1e-3
    assert set(piece.tags) == set(tags_of(piece.attributes))
    assert piece.artist in {persona.name for persona in PERSONAS}


@pytest.mark.parametrize("tempo_bpm", [96.0, 126.0, 150.0])
def test_the_tempo_of_driving_drums_can_be_measured(tempo_bpm):
    waveform = render(replace(DANCE, tempo_bpm=tempo_bpm), seed=3, duration_s=12.0)
    measured = measured_tempo(waveform)
    # The beat itself or its double or half: which of them a listener taps is a matter of taste.
    assert min(abs(np.log2(measured / tempo_bpm * factor)) for factor in (0.5, 1, 2)) < 0.03


@pytest.mark.parametrize("attributes", [CALM, DANCE], ids=["calm", "dance"])
def test_brightness_orders_the_spectral_centroid(attributes):
    centroids = [centroid_hz(render(replace(attributes, brightness=level), 5, 6.0)) for level in (0.0, 0.3, 0.6, 1.0)]
    assert all(lower * 1.1 < higher for lower, higher in pairwise(centroids))


def test_drums_bring_onsets_and_density_brings_more():
    without, driving = (onsets(render(replace(CALM, drums=drums), 5, 8.0)).std() for drums in ("none", "driving"))
    assert driving > 1.3 * without
    sparse, dense = (render(replace(CALM, lead="guitar", density=density), 5, 16.0) for density in (0.05, 0.95))
    assert _count_peaks(onsets(dense)) > 1.3 * _count_peaks(onsets(sparse))


def _count_peaks(rise):
    peak = (rise[1:-1] > rise[:-2]) & (rise[1:-1] >= rise[2:]) & (rise[1:-1] > rise.std())
    return int(peak.sum())


def test_reverb_lengthens_a_click():
    click = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    click[100] = 1.0

    def late_share(reverb):
        energy = np.square(colour(click, 0.5, reverb, SAMPLE_RATE_HZ, np.random.default_rng(0)))
        return energy[SAMPLE_RATE_HZ // 4 :].sum() / energy.sum()

    dry, room, hall = late_share(0.0), late_share(0.5), late_share(1.0)
    assert 3 * dry < room < hall
    assert hall > 0.1


@pytest.mark.parametrize("mode", sorted(SCALES))
def test_most_of_the_energy_lies_on_the_scale(mode):
    waveform = render(replace(CALM, mode=mode, key=2), 5, 12.0)
    spectrum = np.abs(np.fft.rfft(waveform)) ** 2
    frequency = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE_HZ)
    heard = (frequency > 100) & (frequency < 900)
    classes = np.round(69 + 12 * np.log2(frequency[heard] / 440)).astype(int) % 12
    energy = np.bincount(classes, weights=spectrum[heard], minlength=12)
    on_scale = energy[[(2 + step) % 12 for step in SCALES[mode]]].sum() / energy.sum()
    assert on_scale > 0.9  # 7 of 12 pitch classes would have 0.58 by chance


def test_a_piece_has_sections_rather_than_a_loop():
    waveform = render(DANCE, 5, 24.0)
    seconds = np.log1p(100 * spectrogram(waveform)[: 24 * 86].reshape(24, 86, -1)).mean(axis=1)
    opening, body = seconds[0], seconds[6:20]
    assert np.linalg.norm(opening - body.mean(axis=0)) > 1.5 * np.linalg.norm(body - body.mean(axis=0), axis=1).mean()


def test_chords_are_triads_of_the_key():
    harmony = Harmony(key=0, mode="major")
    assert {pitch % 12 for pitch in harmony.chord(0, size=3, centre=60)} == {0, 4, 7}  # C E G
    assert {pitch % 12 for pitch in harmony.chord(5, size=3, centre=60)} == {9, 0, 4}  # A C E
    assert all(abs(pitch - 60) <= 6 for degree in range(7) for pitch in harmony.chord(degree, size=4, centre=60))
    assert harmony.pitch(0, 4) == 60
    assert harmony.pitch(7, 4) == 72
    assert Harmony(key=9, mode="minor").pitch(2, 3) == 60  # the third above A3


def test_tags_follow_their_rule():
    assert set(tags_of(CALM)) == {"nocturne", "piano", "calm", "melancholic", "dark", "slow", "mellow", "acoustic"}
    assert {"dance", "synth", "energetic", "bright", "electronic", "drums", "aggressive"} == set(tags_of(DANCE))
    assert list(tags_of(DANCE).values()) == sorted(tags_of(DANCE).values(), reverse=True)


def test_every_persona_keeps_to_its_style():
    rng = np.random.default_rng(0)
    for persona in PERSONAS:
        attributes = draw_attributes(persona, rng)
        low, high = persona.style.tempo_bpm
        assert attributes.style == persona.style.name
        assert low <= attributes.tempo_bpm <= high
        assert attributes.lead in persona.style.leads
    assert len({persona.name for persona in PERSONAS}) == len(PERSONAS) == 36


@pytest.mark.parametrize("persona", PERSONAS[::3], ids=lambda persona: persona.style.name)
def test_every_style_renders(persona):
    attributes = draw_attributes(persona, np.random.default_rng(1))
    waveform = render(attributes, 2, 3.0)
    assert np.isfinite(waveform).all()
    assert np.sqrt(np.mean(np.square(waveform))) > 0.02


@pytest.mark.parametrize("duration_s", [0.5, 601.0, float("nan")])
def test_a_length_out_of_bounds_is_refused(duration_s):
    with pytest.raises(ValueError, match="duration_s"):
        render(CALM, 1, duration_s)
