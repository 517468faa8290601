import io
import signal
import threading

import numpy as np
import pytest
import soundfile

from leitmotif_services.audio import soundfile_decoder
from leitmotif_services.audio.soundfile_snippet import cut_snippet
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.audio.audio_files import encoded, tone


def read(snippet):
    samples, rate_hz = soundfile.read(io.BytesIO(snippet), dtype="float32")
    return samples, rate_hz


def test_the_stretch_that_was_asked_for():
    content = encoded(np.concatenate([tone(440.0, 3.0), tone(880.0, 3.0)]))
    samples, rate_hz = read(cut_snippet(content, 4.0, 1.5))
    assert len(samples) == round(1.5 * rate_hz)
    assert np.abs(np.fft.rfft(samples)).argmax() / 1.5 == pytest.approx(880.0, abs=1.0)


def test_it_fades_in_and_out_and_keeps_its_level_between():
    samples, rate_hz = read(cut_snippet(encoded(tone(440.0, 5.0)), 1.0, 2.0))
    edge, middle = samples[: int(0.005 * rate_hz)], samples[rate_hz // 2 : rate_hz]
    assert np.abs(edge).max() < 0.1
    assert np.abs(samples[-int(0.005 * rate_hz) :]).max() < 0.1
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)


def test_what_lies_past_the_end_is_left_out():
    samples, rate_hz = read(cut_snippet(encoded(tone(440.0, 3.0)), 2.0, 30.0))
    assert len(samples) == rate_hz


def test_it_does_not_clip():
    samples, _ = read(cut_snippet(encoded(tone(440.0, 2.0, amplitude=3.0), subtype="FLOAT"), 0.0, 2.0))
    assert np.abs(samples).max() < 1.0


def test_a_minute_is_written_whole():
    samples, rate_hz = read(cut_snippet(encoded(tone(440.0, 61.0)), 0.0, 60.0))
    assert len(samples) == 60 * rate_hz


@pytest.mark.parametrize(
    ("start_s", "duration_s"), [(-1.0, 1.0), (3.0, 1.0), (0.0, 0.0), (0.0, 61.0), (float("nan"), 1.0), (0.0, float("nan"))]
)
def test_stretches_that_are_not_there(start_s, duration_s):
    with pytest.raises(ServiceError) as caught:
        cut_snippet(encoded(tone(440.0, 3.0)), start_s, duration_s)
    assert caught.value.reason is Reason.FIELD_INVALID


def test_an_interrupt_while_libsndfile_reads_is_not_lost(monkeypatch):
    class Interrupting(soundfile_decoder._MemoryFile):
        def readinto(self, target):
            if not interrupted.is_set():
                interrupted.set()
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            return super().readinto(target)

    interrupted = threading.Event()
    content = encoded(tone(440.0, 3.0))
    monkeypatch.delattr(
        soundfile_decoder.os, "memfd_create", raising=False
    )  # where libsndfile reads by itself, nothing can be lost
    monkeypatch.setattr(soundfile_decoder, "_MemoryFile", Interrupting)
    with pytest.raises(KeyboardInterrupt):
        cut_snippet(content, 0.0, 1.0)
    assert interrupted.is_set()
    assert cut_snippet(content, 0.0, 1.0).startswith(b"OggS")
