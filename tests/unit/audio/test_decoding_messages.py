import json
from dataclasses import replace

import pytest

from leitmotif_services.audio.decoding_messages import (
    LENGTH,
    Decoded,
    DecodeRequest,
    MalformedAnswerError,
    pack_answer,
    unpack_answer,
)
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.waveform import AudioLimits, too_large
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import music, waveform

LIMITS = AudioLimits(1 << 30, 9.0, 8, 8_000, 192_000)
REQUEST = DecodeRequest(1 << 40, 1000, LIMITS)
"""10,000 samples fit into what the limits allow."""
FOR_FRAMES = DecodeRequest(1, 22_050, LIMITS, FrontEndSettings())

DECODED = Decoded(0.5, 44_100, 2, samples=10_000)
FRAMES = Decoded(0.5, 44_100, 2, 0, frames=40, tonal_frames=10, rms=0.25, analysis_s=0.125)


def without_length(packed):
    (length,) = LENGTH.unpack(packed[: LENGTH.size])
    assert length == len(packed) - LENGTH.size
    return packed[LENGTH.size :]


def body(answer):
    return without_length(pack_answer(answer))


@pytest.mark.parametrize("request_", [REQUEST, FOR_FRAMES], ids=["samples", "frames"])
def test_a_request_comes_as_it_was_sent(request_):
    assert DecodeRequest.unpack(without_length(request_.pack())) == request_


def test_an_answer_comes_as_it_was_sent():
    assert unpack_answer(body(DECODED), REQUEST) == DECODED
    assert unpack_answer(body(FRAMES), FOR_FRAMES) == FRAMES
    with pytest.raises(ServiceError) as caught:
        unpack_answer(body(too_large("seconds", 30, 31.5)), REQUEST)
    sent = too_large("seconds", 30, 31.5)
    assert (caught.value.reason, caught.value.message, caught.value.metadata) == (sent.reason, sent.message, sent.metadata)
    with pytest.raises(RuntimeError, match="LookupError"):
        unpack_answer(body("Traceback: " + 100_000 * "x" + " LookupError"), REQUEST)


@pytest.mark.parametrize("settings", [FrontEndSettings(), FrontEndSettings(hop_samples=128, mel_bands=200, tonal_hops=1)])
def test_the_frames_of_the_longest_track_have_room(settings):
    limits = AudioLimits(max_duration_s=9.0)
    frames = FrontEnd(settings).analyse(waveform(music(9.0, 22_050)))
    request = DecodeRequest(1, 22_050, limits, settings)
    decoded = Decoded(9.0, 22_050, 1, 0, len(frames.log_mel), len(frames.tonal))
    arrays = [frames.mean_power, frames.log_mel, frames.frame_power, frames.tonal]
    assert decoded.shapes(request) == [(array.dtype.type, array.shape) for array in arrays]
    assert sum(array.nbytes for array in arrays) <= request.most_bytes()
    assert unpack_answer(body(decoded), request) == decoded


def decoded(**changes):
    return json.dumps({"decoded": vars(DECODED) | changes}).encode()


REFUSAL = {"reason": "AUDIO_CORRUPT", "message": "bad", "metadata": {}}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff",
        b"[1]",
        b"7",
        b"[" * 50_000,
        b'{"decoded": 1}',
        b'{"else": 1}',
        decoded(samples=10_001),
        decoded(samples=0),
        decoded(samples=-1),
        decoded(samples=5.5),
        decoded(samples=True),
        decoded(duration_s=float("nan")),
        decoded(duration_s=float("inf")),
        decoded(duration_s="1"),
        decoded(source_channels=1 << 40),
        decoded(source_sample_rate_hz="x"),
        decoded(more=1),
        decoded(rms=0.0),
        decoded(analysis_s=float("nan")),
        json.dumps(REFUSAL | {"reason": "OVERLOADED"}).encode(),
        json.dumps(REFUSAL | {"reason": []}).encode(),
        json.dumps(REFUSAL | {"message": 1}).encode(),
        json.dumps(REFUSAL | {"metadata": [1]}).encode(),
        json.dumps({"reason": "AUDIO_CORRUPT"}).encode(),
    ],
)
def test_what_no_decoder_of_ours_says_is_not_believed(answer):
    with pytest.raises(MalformedAnswerError):
        unpack_answer(answer, REQUEST)


def test_a_refusal_sets_nothing_but_its_metadata():
    with pytest.raises(ServiceError) as caught:
        unpack_answer(json.dumps(REFUSAL | {"metadata": {"retry_after_s": 5, "violations": "x"}}).encode(), REQUEST)
    assert (caught.value.retry_after_s, caught.value.violations) == (None, ())


@pytest.mark.parametrize(
    "changes",
    [{"frames": 0}, {"frames": 1 << 40}, {"tonal_frames": -1}, {"tonal_frames": 1e3}, {"frames": 400, "tonal_frames": 400}],
)
def test_frames_that_cannot_be_are_not_believed(changes):
    with pytest.raises(MalformedAnswerError):
        unpack_answer(body(replace(FRAMES, **changes)), FOR_FRAMES)
