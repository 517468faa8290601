import numpy as np
import onnxruntime
import pytest

from leitmotif_services.audio.encoder_artifact import LOG_MEL, TONAL
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.encoder_graph import statistics_model
from leitmotif_services.workshop.encoder_training.statistics_graph import MODULATION_HZ, statistics_groups

SETTINGS = FrontEndSettings()
FRAMES = 428


@pytest.fixture(scope="module")
def statistics():
    """Runs the graph without its projection; gives the statistics of one segment by group."""
    session = onnxruntime.InferenceSession(statistics_model(SETTINGS), providers=["CPUExecutionProvider"])
    groups = statistics_groups(SETTINGS)
    ends = np.cumsum([group.size for group in groups])

    def run(log_mel=None, tonal=None):
        log_mel = np.zeros((FRAMES, 64)) if log_mel is None else log_mel
        tonal = np.zeros((100, 20)) if tonal is None else tonal
        inputs = {LOG_MEL: log_mel[np.newaxis].astype(np.float32), TONAL: tonal[np.newaxis].astype(np.float32)}
        values = session.run(None, inputs)[0][0]
        return {group.name: values[end - group.size : end] for group, end in zip(groups, ends, strict=True)}

    return run


def test_cepstra_of_constant_frames(statistics):
    found = statistics(np.full((FRAMES, 64), 2.0))
    first, *others = found["cepstra_mean"]
    assert first > 2.0 * 64**0.5  # orthonormal: 2 in each of 64 bands, and what its neighbours spread into it
    np.testing.assert_allclose(others, 0.0, atol=0.05)  # a band at the edge has fewer neighbours
    np.testing.assert_allclose(found["cepstra_deviation"], np.log(0.05), atol=1e-2)
    np.testing.assert_allclose(found["onset_strength"], np.log(0.02), atol=1e-3)


def test_what_a_louder_band_masks_does_not_count(statistics):
    peak = np.full((FRAMES, 64), -12.0)
    peak[:, 30] = 0.0
    valley = peak.copy()
    valley[:, 31:33] = -8.0  # 35 dB below the band beside it
    masked = statistics(peak)["cepstra_mean"]
    np.testing.assert_allclose(statistics(valley)["cepstra_mean"], masked, atol=0.1)
    valley[:, 31:33] = -2.0
    assert np.abs(statistics(valley)["cepstra_mean"] - masked).max() > 0.5


def test_silent_frames_have_no_say_in_the_timbre(statistics):
    shape = np.sin(np.arange(64) / 5)
    loud = np.tile(shape, (FRAMES, 1))
    half = loud.copy()
    half[FRAMES // 2 :] = -30.0
    np.testing.assert_allclose(statistics(half)["cepstra_mean"], statistics(loud)["cepstra_mean"], atol=1e-3)


@pytest.mark.parametrize("beats_hz", [0.7, 1.5, 2.0, 4.0, 8.0])
def test_a_steady_beat_shows_in_its_band_of_modulation(statistics, beats_hz):
    phase = np.arange(FRAMES) / SETTINGS.frames_per_s * beats_hz * 2 * np.pi
    # The level rises by 1 + sin, so that the onsets follow a sine of the beat.
    log_mel = np.cumsum(1 + np.sin(phase))[:, np.newaxis] * 0.1 + np.zeros(64)
    fluctuation = statistics(log_mel)["fluctuation"].reshape(6, len(MODULATION_HZ) - 1)
    expected = np.searchsorted(MODULATION_HZ, beats_hz, side="right") - 1
    assert set(fluctuation.argmax(axis=1)) == {expected}


def test_harmony_does_not_depend_on_the_key(statistics):
    rng = np.random.default_rng(0)
    classes = rng.uniform(size=(100, 12)) * [1, 0.1, 0.5, 0.1, 1, 0.4, 0.1, 1, 0.1, 0.5, 0.1, 0.3]
    rest = np.concatenate([np.full((100, 7), 0.3), np.zeros((100, 1))], axis=1)
    original, transposed = (np.concatenate([np.roll(classes, shift, axis=1), rest], axis=1) for shift in (0, 5))
    np.testing.assert_allclose(
        statistics(tonal=original)["pitch_classes"], statistics(tonal=transposed)["pitch_classes"], atol=1e-5
    )
