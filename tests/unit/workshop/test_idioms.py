"""The idioms keep their promises: what defines each can be measured from the samples, without the code that wrote them."""

from itertools import pairwise

import numpy as np
import pytest

from leitmotif_services.workshop.idioms import IDIOMS, SAMPLE_RATE_HZ, compose_idiom

SEEDS = range(40, 50)
DURATION_S = 5.0
FRAME, HOP = 2048, 512
BINS_HZ = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ)


def magnitudes(waveform):
    frames = np.lib.stride_tricks.sliding_window_view(waveform, FRAME)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1))


def centroid_hz(waveform):
    spectrum = magnitudes(waveform)
    return float(((spectrum * BINS_HZ).sum(axis=1) / (spectrum.sum(axis=1) + 1e-9)).mean())


def flatness(waveform):
    power = magnitudes(waveform)[:, (BINS_HZ > 150) & (BINS_HZ < 5000)] ** 2 + 1e-10
    return float(np.median(np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)))


def share_below(waveform, edge_hz):
    power = (magnitudes(waveform) ** 2).mean(axis=0)
    return float(power[edge_hz > BINS_HZ].sum() / power.sum())


def sub_bass(waveform):
    return share_below(waveform, 75)


def treble_attacks(waveform):
    """The energy above 3 kHz that sets in from one frame to the next, against all energy: the 95th percentile."""
    power = magnitudes(waveform) ** 2
    return float(np.percentile(np.diff(power[:, BINS_HZ > 3000].sum(axis=1)), 95) / power.sum(axis=1).mean())


def crest_db(waveform):
    return float(20 * np.log10(np.abs(waveform).max() / np.sqrt(np.mean(np.square(waveform)))))


@pytest.fixture(scope="module")
def pieces():
    """A few excerpts of each idiom."""
    return {idiom: [compose_idiom(idiom, seed, DURATION_S) for seed in SEEDS] for idiom in IDIOMS}


@pytest.fixture(scope="module")
def median_of(pieces):
    return lambda idiom, measure: float(np.median([measure(piece.waveform) for piece in pieces[idiom]]))


def test_the_same_idiom_seed_and_band_give_the_same_samples_and_others_others():
    one, again = compose_idiom("rock", 3, 4.0, band=5), compose_idiom("rock", 3, 4.0, band=5)
    assert np.array_equal(one.waveform, again.waveform)
    assert one.attributes == again.attributes
    for other in (
        compose_idiom("rock", 4, 4.0, band=5),
        compose_idiom("rock", 3, 4.0, band=6),
        compose_idiom("pop", 3, 4.0, band=5),
    ):
        assert abs(np.corrcoef(one.waveform, other.waveform)[0, 1]) < 0.3


def test_without_a_band_the_seed_draws_one_and_asking_for_it_gives_the_same_piece():
    drawn = compose_idiom("jazz", 8, 4.0)
    assert np.array_equal(drawn.waveform, compose_idiom("jazz", 8, 4.0, band=drawn.band).waveform)
    assert len({compose_idiom("folk", seed, 1.0).band for seed in range(12)}) > 8


@pytest.mark.parametrize("idiom", IDIOMS)
def test_every_piece_is_mono_float32_heard_and_below_full_scale(pieces, idiom):
    for piece in pieces[idiom]:
        assert piece.waveform.dtype == np.float32
        assert piece.waveform.shape == (int(DURATION_S * SAMPLE_RATE_HZ),)
        assert np.isfinite(piece.waveform).all()
        assert np.abs(piece.waveform).max() < 1.0
        assert np.sqrt(np.mean(np.square(piece.waveform))) > 0.02
        assert abs(float(piece.waveform.mean())) < 0.02
        assert piece.idiom == idiom


def test_all_pieces_tell_the_same_attributes_each_in_its_range(pieces):
    every = [piece for idiom in IDIOMS for piece in pieces[idiom]]
    names = set(every[0].attributes)
    for piece in every:
        assert set(piece.attributes) == names
        assert 40 <= piece.attributes["tempo_bpm"] <= 300
        for share in ("swing", "distortion", "vocals", "vocal_time", "percussion", "reverb", "compression", "sub_bass"):
            assert 0.0 <= piece.attributes[share] <= 1.0, share


def test_an_unknown_idiom_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"polka.*blues.*classical.*rock"):
        compose_idiom("polka", 1)


@pytest.mark.parametrize("duration_s", [0.0, 0.5, 601.0, float("nan")])
def test_a_length_out_of_range_is_refused(duration_s):
    with pytest.raises(ValueError, match="duration_s"):
        compose_idiom("blues", 1, duration_s)


def test_metal_is_the_flattest_spectrum_of_the_guitar_idioms_and_far_flatter_than_classical(median_of):
    metal = median_of("metal", flatness)
    assert metal > 1.2 * median_of("country", flatness)
    assert metal > 5 * median_of("classical", flatness)
    assert metal > 5 * median_of("folk", flatness)


def test_hip_hop_and_electronic_have_sub_bass_that_folk_and_classical_lack(median_of):
    for deep in ("hip-hop", "electronic"):
        for shallow in ("folk", "classical", "country"):
            assert median_of(deep, sub_bass) > 1.5 * median_of(shallow, sub_bass)


def test_classical_and_ambient_have_no_percussive_treble(median_of):
    for soft in ("classical", "ambient"):
        for struck in ("disco", "hip-hop", "rock"):
            assert 2 * median_of(soft, treble_attacks) < median_of(struck, treble_attacks)


def test_loud_masters_are_flatter_than_natural_ones(median_of):
    assert median_of("metal", crest_db) + 2 < median_of("classical", crest_db)


def test_disco_is_brighter_than_blues_and_jazz_and_classical_is_the_darkest_of_them(median_of):
    assert median_of("disco", centroid_hz) > 1.1 * max(median_of("blues", centroid_hz), median_of("jazz", centroid_hz))
    assert median_of("classical", centroid_hz) < median_of("jazz", centroid_hz)


def test_the_facts_about_the_sound_agree_with_a_measurement_of_it(pieces):
    every = [piece for idiom in IDIOMS for piece in pieces[idiom]]
    measured = [share_below(piece.waveform, 90) for piece in every]
    assert np.corrcoef(measured, [piece.attributes["sub_bass"] for piece in every])[0, 1] > 0.95
    brightness = [np.log2(centroid_hz(piece.waveform)) for piece in every]
    assert np.corrcoef(brightness, [piece.attributes["brightness"] for piece in every])[0, 1] > 0.75


def test_a_band_keeps_habits():
    """Two songs of a band lie nearer in a coarse spectrum than songs of two bands of the idiom, on average."""

    def print_of(waveform):
        power = (magnitudes(waveform) ** 2).mean(axis=0)
        edges = np.geomspace(50, 10_000, 21)
        levels = np.array([power[(low <= BINS_HZ) & (high > BINS_HZ)].mean() for low, high in pairwise(edges)])
        return 10 * np.log10(levels + 1e-6)

    within, across = [], []
    for idiom in ("blues", "jazz", "pop", "reggae", "rock", "classical"):
        prints = {band: [print_of(compose_idiom(idiom, seed, 6.0, band=band).waveform) for seed in (1, 2)] for band in range(4)}
        for band, (one, two) in prints.items():
            within.append(np.abs(one - two).mean())
            across += [np.abs(one - prints[other][1]).mean() for other in prints if other != band]
    assert np.mean(within) < 0.8 * np.mean(across)
