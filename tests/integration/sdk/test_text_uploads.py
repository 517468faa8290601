"""Texts: uploaded in pieces, again after a failure, from memory and from files."""

import hashlib

import pytest

from leitmotif import DataLossError, InvalidArgumentError, Reason
from leitmotif._text_pieces import PIECE_BYTES
from leitmotif.api.evaluation.v1 import texts_pb2 as pb2
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError

LONG = ("naïve café " * 60_000).encode()
GONE = ServiceError(service_errors.Reason.UPSTREAM_UNAVAILABLE, "restarting", retry_after_s=0.001)


def content_of(pieces):
    return b"".join(piece.chunk for piece in pieces)


def kept(pieces):
    content = content_of(pieces)
    return pb2.UploadTextResponse(text={"text_id": hashlib.sha256(content).hexdigest(), "bytes": len(content)})


@pytest.fixture
def texts(client, peer):
    peer.answer("UploadText", kept)
    return client.texts


def test_bytes_texts_and_files_arrive_whole_in_pieces(texts, peer, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(LONG)
    for given in (LONG, LONG.decode(), path):
        uploaded = texts.upload(given)
        assert uploaded.text_id == hashlib.sha256(LONG).hexdigest()
        assert uploaded.bytes == len(LONG)
        pieces = peer.calls[-1].request
        assert content_of(pieces) == LONG
        assert [len(piece.chunk) for piece in pieces[:-1]] == [PIECE_BYTES] * (len(LONG) // PIECE_BYTES)


def test_a_file_is_sent_from_its_begin_again_after_a_failure(texts, peer, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(LONG)
    peer.fail("UploadText", GONE, times=2)
    assert texts.upload(path).bytes == len(LONG)
    assert [content_of(call.request) for call in peer.calls] == [LONG] * 3


def test_a_refused_text_is_told_by_reason(texts, peer):
    peer.fail("UploadText", ServiceError(service_errors.Reason.TEXT_NOT_UTF8, "not UTF-8", offset=3))
    with pytest.raises(InvalidArgumentError) as caught:
        texts.upload(b"abc\xff")
    assert caught.value.reason is Reason.TEXT_NOT_UTF8
    assert len(peer.calls) == 1


@pytest.mark.parametrize("refused", [False, True])
def test_a_file_that_cannot_be_read_raises_as_it_would_here(texts, peer, tmp_path, refused):
    if refused:  # as the service does with a text of no bytes
        peer.fail("UploadText", ServiceError(service_errors.Reason.TEXT_EMPTY, "empty"))
    with pytest.raises(IsADirectoryError):
        texts.upload(tmp_path)


def test_a_text_that_arrives_as_another_one_is_told(texts, peer):
    peer.answer("UploadText", pb2.UploadTextResponse(text={"text_id": "0" * 64}))
    with pytest.raises(DataLossError):
        texts.upload("to be or not to be")


def test_texts_are_read_listed_and_deleted(client, peer):
    peer.answer("GetText", pb2.GetTextResponse(text={"text_id": "a", "bytes": 5}))
    pages = iter([pb2.ListTextsResponse(texts=[{"text_id": "a"}], next_page_token="more"), pb2.ListTextsResponse()])
    peer.answer("ListTexts", lambda request: next(pages))
    peer.answer("DeleteText", pb2.DeleteTextResponse(existed=True))
    assert client.texts.get("a").bytes == 5
    assert [text.text_id for text in client.texts.list(page_size=1)] == ["a"]
    assert [call.request.page_token for call in peer.calls_of("ListTexts")] == ["", "more"]
    assert client.texts.delete("a")
    assert peer.calls_of("DeleteText")[0].request.text_id == "a"
