"""Bad audio over real gRPC: each item between two good ones, refused with its reason and with what to do about it.

The good ones come out, to the byte, as they do without it.
"""

import numpy as np
import pytest

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from tests.integration.audio.serving import info_of, served
from tests.unit.audio.audio_files import encoded, every_encoding, music, tone
from tests.unit.audio.av_files import av_encoded, every_av_encoding
from tests.unit.audio.bad_audio import (
    film_without_sound,
    flac_with_cover,
    float_wav,
    m4a_with_cover,
    mp3_with_cover,
    with_promise,
    with_rate,
)

CUTS = 200
"""Places at which each file is cut."""

NAMES = (
    *("wav", "flac", "vorbis", "opus", "mp3", "float"),
    *("m4a", "alac", "adts", "matroska", "webm", "aiff", "wma", "caf", "au", "wavpack"),
)


@pytest.fixture(scope="module")
def files():
    """A second and a half of music in every format."""
    by_libsndfile = every_encoding(1.5) | {"float": float_wav(music(1.5))}
    return by_libsndfile | every_av_encoding(music(1.5, 48_000))


@pytest.fixture
async def stub():
    async with served(MAX_ITEMS=2 * CUTS + 1) as channel:
        yield audio_pb2_grpc.AudioServiceStub(channel)


GOOD = encoded(music(1.0, 8_000), 8_000)
OTHER_GOOD = encoded(tone(300.0, 1.0, 8_000), 8_000, "FLAC")


async def results_of(stub, items):
    response = await stub.EmbedTracks(pb.EmbedTracksRequest(items=items))
    assert [result.track.track_id or item.track_id for item, result in zip(items, response.results, strict=True)] == [
        item.track_id for item in items
    ]
    return response.results


async def between_good_ones(stub, contents, track_id=""):
    """Results of `contents`, each sent between two good items of the same call; these must not notice."""
    good = [pb.AudioItem(track_id="good", content=content) for content in (GOOD, OTHER_GOOD)]
    alone = await results_of(stub, good)
    items = []
    for index, content in enumerate(contents):
        items += [good[index % 2], pb.AudioItem(track_id=track_id, content=content)]
    items.append(good[len(contents) % 2])
    results = await results_of(stub, items)
    for place, neighbour in enumerate(results[::2]):
        assert neighbour.track.segments
        assert neighbour.SerializeToString(deterministic=True) == alone[place % 2].SerializeToString(deterministic=True)
    return results[1::2]


def refusal_of(result):
    """Reason and message."""
    assert result.WhichOneof("outcome") == "status", result.track.duration_s
    return info_of(result.status).reason, result.status.message


def film(container):
    """MPEG-4 video with AAC."""
    return av_encoded(music(2.0, 44_100), 44_100, container, "aac", video=True)


BAD = {
    "empty": (b"", "AUDIO_EMPTY", "send a whole audio file"),
    "1 sample": (float_wav([0.5]), "AUDIO_TOO_SHORT", "send more of it"),
    "half a second": (encoded(tone(440.0, 0.5)), "AUDIO_TOO_SHORT", "send more of it"),
    "silence": (encoded(np.zeros(50_000, np.float32)), "AUDIO_SILENT", "leave it out"),
    "NaN": (float_wav([0.1, np.nan] * 24_000), "AUDIO_NOT_FINITE", "write it anew"),
    "one NaN": (float_wav([*music(2.0), np.nan]), "AUDIO_NOT_FINITE", "write it anew"),
    "Inf": (float_wav([0.1, -np.inf] * 24_000), "AUDIO_NOT_FINITE", "write it anew"),
    "10 h in a FLAC header": (with_promise("FLAC", 10), "AUDIO_TOO_LARGE", "send a part of it"),
    "10 h in a WAV header": (with_promise("WAV", 10), "AUDIO_CORRUPT", "send it whole"),
    "text": (b"To be, or not to be, that is the question. " * 100, "AUDIO_FORMAT_UNKNOWN", "convert them"),
    "an ID3 tag before text": (b"ID3\x03\x00\x00\x00\x00\x00\x0a" + b"question. " * 50, "AUDIO_CORRUPT", "encode it anew"),
    "0 Hz": (
        with_rate(encoded(music(2.0), 24_000), 0),
        "AUDIO_CORRUPT",
        "a sample rate of 0 Hz; send it whole, or encode it anew",
    ),
    "1 Hz": (with_rate(encoded(music(2.0), 24_000), 1), "AUDIO_FORMAT_UNKNOWN", "resample it"),
    "384 kHz": (with_rate(encoded(music(2.0), 24_000), 384_000), "AUDIO_TOO_LARGE", "resample it"),
    "9 channels": (encoded(np.stack([tone(440.0)] * 9, axis=1)), "AUDIO_TOO_LARGE", "mix it down"),
    "A-law in WAV": (encoded(music(2.0), 24_000, subtype="ALAW"), "AUDIO_FORMAT_UNKNOWN", "convert it"),
    "film in MP4": (film("mp4"), "AUDIO_FORMAT_UNKNOWN", "extract"),
    "film in Matroska": (film("matroska"), "AUDIO_FORMAT_UNKNOWN", "extract"),
    "film in AVI": (film("avi"), "AUDIO_FORMAT_UNKNOWN", "extract"),
    "silent film, H.264 in MP4": (film_without_sound("mp4"), "AUDIO_FORMAT_UNKNOWN", "extract"),
    "silent film, H.264 in Matroska": (film_without_sound("matroska"), "AUDIO_FORMAT_UNKNOWN", "extract"),
    "silent film, MPEG-4 in AVI": (film_without_sound("avi", "mpeg4"), "AUDIO_FORMAT_UNKNOWN", "extract"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_audio_has_its_reason_and_harms_no_neighbour(stub, name):
    content, reason, advice = BAD[name]
    (result,) = await between_good_ones(stub, [content], track_id=f"{name}.mp3")
    told, message = refusal_of(result)
    assert told == reason
    assert advice in message


async def test_samples_that_are_bad_harm_no_neighbour(stub):
    def item(samples, sample_rate_hz=24_000, channels=1):
        return pb.AudioItem(pcm=pb.PcmAudio(samples=samples, sample_rate_hz=sample_rate_hz, channels=channels))

    samples = music(2.0).astype("<f4")
    bad = {
        "AUDIO_EMPTY": [item(b""), pb.AudioItem()],
        "FIELD_INVALID": [item(samples.tobytes(), 0), item(samples.tobytes(), channels=9), item(samples.tobytes()[:-1])],
        "AUDIO_NOT_FINITE": [item((samples * np.float32(np.inf)).tobytes())],
        "AUDIO_SILENT": [item(bytes(4 * 48_000))],
        "AUDIO_TOO_SHORT": [item(samples[:1].tobytes())],
    }
    good = pb.AudioItem(track_id="good", content=GOOD)
    items = [good]
    for wrong in bad.values():
        for each in wrong:
            items += [each, good]
    results = await results_of(stub, items)
    assert [refusal_of(result)[0] for result in results[1::2]] == [reason for reason, wrong in bad.items() for _ in wrong]
    assert all(result == results[0] for result in results[::2])


TELLS_ITS_LENGTH = frozenset(NAMES) - {"mp3", "adts", "wma", "matroska", "webm", "wavpack"}
"""A file of these that was cut anywhere is seen to be cut."""


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_cut_at_200_random_places(stub, files, name):
    """Of the others, MP3 and ADTS are bare frames: cut between two, they are shorter files. WMA, Matroska and WavPack end in an
    index or a tag that the audio does not need, and lossy ones may hold 0.15 s less than they say.
    """
    whole = files[name]
    cuts = np.random.default_rng(list(name.encode())).integers(1, len(whole), CUTS)
    results = await between_good_ones(stub, [whole[:cut] for cut in cuts])
    reasons = {}
    for cut, result in zip(cuts, results, strict=True):
        if result.WhichOneof("outcome") == "status":
            reason, message = refusal_of(result)
            reasons[reason] = reasons.get(reason, 0) + 1
            assert any(advice in message for advice in ("send it whole", "convert", "send more of it", "send one that does"))
            if reason == "AUDIO_FORMAT_UNKNOWN":
                assert cut < 1000  # nothing is left to recognise it by, or nothing that says what is in it
        else:
            assert name not in TELLS_ITS_LENGTH, f"{cut} of {len(whole)}"
            assert name in ("mp3", "adts") or result.track.duration_s > 1.5 - 0.2
    assert set(reasons) <= {"AUDIO_CORRUPT", "AUDIO_FORMAT_UNKNOWN", "AUDIO_TOO_SHORT"}
    if name in TELLS_ITS_LENGTH:
        assert set(reasons) <= {"AUDIO_CORRUPT", "AUDIO_FORMAT_UNKNOWN"}
        assert sum(reasons.values()) == CUTS
    assert reasons["AUDIO_CORRUPT"] > 0.8 * CUTS


@pytest.mark.parametrize("name", NAMES)
async def test_an_audio_header_before_random_bytes(stub, files, name):
    rng = np.random.default_rng(1)
    lengths = (4, 12, 44, 100, 200, 1000)
    results = await between_good_ones(stub, [files[name][:kept] + rng.bytes(20_000) for kept in lengths])
    refusals = [refusal_of(result) for result in results]
    assert {reason for reason, _ in refusals} <= {"AUDIO_CORRUPT", "AUDIO_FORMAT_UNKNOWN"}
    assert refusals[-1][0] == "AUDIO_CORRUPT"  # with this much of a header it is recognised


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a"])
async def test_a_picture_on_the_cover_plays_no_part(stub, files, name):
    with_cover = {"mp3": mp3_with_cover, "flac": flac_with_cover, "m4a": m4a_with_cover}[name](files[name])
    assert len(with_cover) > len(files[name]) + 1000
    covered, plain = await between_good_ones(stub, [with_cover, files[name]])
    assert covered.track.segments
    assert covered == plain
