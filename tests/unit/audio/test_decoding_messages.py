import json

import pytest

from leitmotif_services.audio.decoding_messages import (
    LENGTH,
    REQUEST_BYTES,
    Decoded,
    DecodeRequest,
    MalformedAnswerError,
    pack_answer,
    unpack_answer,
)
from leitmotif_services.audio.waveform import AudioLimits, too_large
from leitmotif_services.runtime.errors import ServiceError

DECODED = Decoded(samples=10, duration_s=0.5, source_sample_rate_hz=44_100, source_channels=2)


def body(answer):
    packed = pack_answer(answer)
    (length,) = LENGTH.unpack(packed[: LENGTH.size])
    assert length == len(packed) - LENGTH.size
    return packed[LENGTH.size :]


def test_a_request_comes_as_it_was_sent():
    request = DecodeRequest(1 << 40, 22_050, AudioLimits(1 << 30, 1200.5, 8, 8_000, 192_000))
    assert len(request.pack()) == REQUEST_BYTES
    assert DecodeRequest.unpack(request.pack()) == request


def test_an_answer_comes_as_it_was_sent():
    assert unpack_answer(body(DECODED), most_samples=10) == DECODED
    with pytest.raises(ServiceError) as caught:
        unpack_answer(body(too_large("seconds", 30, 31.5)), 10)
    sent = too_large("seconds", 30, 31.5)
    assert (caught.value.reason, caught.value.message, caught.value.metadata) == (sent.reason, sent.message, sent.metadata)
    with pytest.raises(RuntimeError, match="LookupError"):
        unpack_answer(body("Traceback: " + 100_000 * "x" + " LookupError"), 10)


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
        decoded(samples=11),
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
        json.dumps(REFUSAL | {"reason": "OVERLOADED"}).encode(),
        json.dumps(REFUSAL | {"reason": []}).encode(),
        json.dumps(REFUSAL | {"message": 1}).encode(),
        json.dumps(REFUSAL | {"metadata": [1]}).encode(),
        json.dumps({"reason": "AUDIO_CORRUPT"}).encode(),
    ],
)
def test_what_no_decoder_of_ours_says_is_not_believed(answer):
    with pytest.raises(MalformedAnswerError):
        unpack_answer(answer, most_samples=10)


def test_a_refusal_sets_nothing_but_its_metadata():
    with pytest.raises(ServiceError) as caught:
        unpack_answer(json.dumps(REFUSAL | {"metadata": {"retry_after_s": 5, "violations": "x"}}).encode(), 10)
    assert (caught.value.retry_after_s, caught.value.violations) == (None, ())
