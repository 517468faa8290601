import numpy as np
import pytest

from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.key_mode import MAJOR_PROFILE, MINOR_PROFILE, majorness
from tests.unit.audio.audio_files import chords, waveform

C_MAJOR = [(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67)]
C_MINOR = [(60, 63, 67), (65, 68, 72), (67, 70, 74), (60, 63, 67)]


def best_correlation(profile, other):
    return max(np.corrcoef(profile, np.roll(other, tonic))[0, 1] for tonic in range(12))


def test_the_profiles_themselves():
    assert majorness(MAJOR_PROFILE) == pytest.approx(1 - best_correlation(MAJOR_PROFILE, MINOR_PROFILE))
    assert majorness(MINOR_PROFILE) == pytest.approx(best_correlation(MINOR_PROFILE, MAJOR_PROFILE) - 1)


@pytest.mark.parametrize("tonic", range(12))
def test_the_key_does_not_matter(tonic):
    assert majorness(np.roll(MAJOR_PROFILE, tonic)) == pytest.approx(majorness(MAJOR_PROFILE))


def test_no_key_at_all():
    assert majorness(np.ones(12)) == 0.0


@pytest.mark.parametrize("transpose", [0, 5, 9])
def test_major_and_minor_chords(transpose):
    front_end = FrontEnd(FrontEndSettings())
    sounds = [[tuple(note + transpose for note in triad) for triad in triads] for triads in (C_MAJOR, C_MINOR)]
    major, minor = (majorness(front_end.analyse(waveform(chords(s))).tonal[:, :12].mean(axis=0)) for s in sounds)
    assert major > 0.1
    assert minor < -0.1
