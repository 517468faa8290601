import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.audio.filter_bank import mel_centres_hz, semitone_centres_hz, triangular

CENTRES_HZ = mel_centres_hz(64, 30.0, 10_000.0)
BIN_HZ, BINS = 22_050 / 2048, 1025


def dense(centres_hz, bin_hz, bins):
    """The same filters by definition, one at a time."""
    hz = np.arange(bins) * bin_hz
    filters = []
    for low, centre, high in zip(centres_hz, centres_hz[1:], centres_hz[2:], strict=False):
        shape = np.clip(np.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)), 0, None)
        filters.append(shape / shape.sum())
    return np.array(filters).T


def test_white_noise_comes_out_flat():
    np.testing.assert_allclose(triangular(CENTRES_HZ, BIN_HZ, BINS).apply(np.ones((3, BINS), np.float32)), 1.0, rtol=1e-5)


@given(seed=st.integers(0, 2**32 - 1), filters=st.integers(2, 64), low_hz=st.floats(20, 300), high_hz=st.floats(4_000, 11_000))
def test_equals_the_product_with_the_filters_by_definition(seed, filters, low_hz, high_hz):
    centres_hz = mel_centres_hz(filters, low_hz, high_hz)
    power = np.random.default_rng(seed).exponential(size=(4, BINS)).astype(np.float32)
    fast = triangular(centres_hz, BIN_HZ, BINS).apply(power)
    np.testing.assert_allclose(fast, power @ dense(centres_hz, BIN_HZ, BINS), rtol=1e-4)


def test_a_frame_too_short_for_the_filters_is_refused():
    with pytest.raises(ValueError, match="too coarse"):
        triangular(CENTRES_HZ, bin_hz=200.0, bins=BINS)


def test_filters_above_the_highest_frequency_are_refused():
    with pytest.raises(ValueError, match="above the highest frequency"):
        triangular(mel_centres_hz(10, 30.0, 12_000.0), BIN_HZ, BINS)


def test_mel_scale_is_linear_below_1_khz_and_logarithmic_above():
    # Slaney: 15 mel are 1000 Hz; 27 mel more are a factor of 6.4.
    np.testing.assert_allclose(mel_centres_hz(1, 0.0, 1000.0), [0.0, 500.0, 1000.0], rtol=1e-9)
    np.testing.assert_allclose(mel_centres_hz(1, 1000.0, 6400.0), [1000.0, 1000.0 * 6.4**0.5, 6400.0], rtol=1e-9)


def test_semitones_follow_equal_temperament():
    np.testing.assert_allclose(semitone_centres_hz(69, 12)[[0, 1, 13]], [440.0 / 2 ** (1 / 12), 440.0, 880.0])
