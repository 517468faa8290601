"""Uploaded texts on a real folder, with a clock that the test moves."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leitmotif_services.evaluation.inputs.uploaded_texts import ABANDONED_S, SMALLEST_BYTES, UploadedTexts
from leitmotif_services.runtime.errors import Reason, ServiceError

NOW_S = 1_700_000_000.0
DAY_S = 86_400.0
LIMIT = 100
ROOM = 3 * SMALLEST_BYTES


class Clock:
    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def texts(tmp_path: Path, clock: Clock) -> UploadedTexts:
    return UploadedTexts(tmp_path / "uploads", max_text_bytes=LIMIT, max_tenant_bytes=ROOM, retention_s=DAY_S, clock=clock)


def upload(texts: UploadedTexts, content: bytes, *, tenant: str = "acme", piece: int = 3):
    begun = texts.begin(tenant)
    try:
        for place in range(0, len(content), piece):
            begun.add(content[place : place + piece])
    except ServiceError:
        begun.abandon()
        raise
    return texts.keep(tenant, begun)


def reason(call, *arguments, **keywords):
    with pytest.raises(ServiceError) as caught:
        call(*arguments, **keywords)
    return caught.value.reason


def files(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.rglob("*") if path.is_file()} - {".lock"}


def test_a_text_is_kept_under_the_hash_of_its_bytes(texts, tmp_path):
    content = "déjà vu\r\n".encode()
    kept = upload(texts, content, piece=1)
    assert kept.text_id == hashlib.sha256(content).hexdigest()
    assert kept.bytes == len(content)
    assert kept.uploaded_at == datetime.fromtimestamp(NOW_S, UTC)
    assert (kept.expires_at - kept.uploaded_at).total_seconds() == DAY_S
    assert texts.get("acme", kept.text_id) == kept
    assert texts.uploaded_text("acme", kept.text_id) == "déjà vu\r\n"
    assert files(tmp_path) == {kept.text_id}


def test_the_same_text_is_kept_once_and_expires_anew(texts, clock):
    first = upload(texts, b"twice")
    clock.now_s += DAY_S / 2
    second = upload(texts, b"twice")
    assert second.text_id == first.text_id
    clock.now_s += DAY_S * 0.75
    assert texts.page("acme", limit=10, after="") == [second]


def test_tenants_share_nothing(texts, tmp_path):
    kept = upload(texts, b"secret")
    assert reason(texts.get, "rival", kept.text_id) is Reason.TEXT_NOT_FOUND
    assert reason(texts.uploaded_text, "rival", kept.text_id) is Reason.TEXT_NOT_FOUND
    assert texts.page("rival", limit=10, after="") == []
    assert not texts.delete("rival", kept.text_id)
    upload(texts, b"secret", tenant="rival")  # written anew, as if nobody had it
    assert len(list(tmp_path.rglob(kept.text_id))) == 2
    assert texts.delete("rival", kept.text_id)
    assert texts.get("acme", kept.text_id) == kept


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Reason.TEXT_EMPTY),
        (b"caf\xc3", Reason.TEXT_NOT_UTF8),
        (b"ab\xffcd", Reason.TEXT_NOT_UTF8),
        (b"ab\0cd", Reason.TEXT_NOT_UTF8),
        (b"x" * (LIMIT + 1), Reason.LIMIT_EXCEEDED),
    ],
)
def test_what_is_refused_leaves_nothing(texts, tmp_path, content, expected):
    assert reason(upload, texts, content) is expected
    assert files(tmp_path) == set()


def test_the_largest_text_is_taken(texts):
    assert upload(texts, b"x" * LIMIT).bytes == LIMIT


def test_all_texts_of_a_tenant_are_bounded_also_in_number(texts, tmp_path):
    kept = [upload(texts, content) for content in (b"1", b"2", b"3")]
    assert reason(upload, texts, b"4") is Reason.OVERLOADED
    assert files(tmp_path) == {text.text_id for text in kept}
    upload(texts, b"2")  # what is there already takes no room
    upload(texts, b"4", tenant="rival")
    texts.delete("acme", kept[0].text_id)
    upload(texts, b"4")


def test_expired_texts_are_not_there_and_take_no_room(texts, clock, tmp_path):
    old = [upload(texts, content) for content in (b"1", b"2", b"3")]
    clock.now_s += DAY_S
    assert reason(texts.get, "acme", old[0].text_id) is Reason.TEXT_NOT_FOUND
    assert reason(texts.uploaded_text, "acme", old[0].text_id) is Reason.TEXT_NOT_FOUND
    assert texts.page("acme", limit=10, after="") == []
    assert not texts.delete("acme", old[0].text_id)
    kept = upload(texts, b"4")
    assert texts.sweep() == 2  # the deleted one is gone
    assert files(tmp_path) == {kept.text_id}


def test_pages_go_by_id(texts):
    kept = sorted(upload(texts, content).text_id for content in (b"1", b"2", b"3"))
    first = texts.page("acme", limit=2, after="")
    assert [text.text_id for text in first] == kept[:2]
    assert [text.text_id for text in texts.page("acme", limit=2, after=kept[1])] == kept[2:]


@pytest.mark.parametrize("text_id", ["", "..", "../acme/x", "A" * 64, "f" * 63, "f" * 64, ".lock", "f" * 200])
def test_what_is_no_id_of_a_text_is_not_found(texts, text_id):
    upload(texts, b"something")
    assert reason(texts.get, "acme", text_id) is Reason.TEXT_NOT_FOUND
    assert reason(texts.uploaded_text, "acme", text_id) is Reason.TEXT_NOT_FOUND
    assert not texts.delete("acme", text_id)


def test_a_crash_leaves_nothing_that_counts_and_the_sweep_finds_it(texts, clock, tmp_path):
    broken = texts.begin("acme")
    broken.add(b"half of a te")
    broken._file.flush()  # as the system would on its own
    os.utime(broken.path, (NOW_S, NOW_S))
    assert texts.page("acme", limit=10, after="") == []
    assert texts.sweep() == 0  # it may still go on
    kept = {upload(texts, content).text_id for content in (b"1", b"2")}
    clock.now_s += ABANDONED_S
    assert texts.sweep() == 1
    assert not broken.path.exists()
    assert reason(texts.keep, "acme", broken) is Reason.STORE_UNAVAILABLE
    assert files(tmp_path) == kept


def test_a_folder_that_cannot_be_written_is_told_without_its_path(tmp_path):
    (tmp_path / "uploads").write_text("a file where the folder should be")
    texts = UploadedTexts(tmp_path / "uploads", max_text_bytes=LIMIT, max_tenant_bytes=ROOM, retention_s=DAY_S)
    with pytest.raises(ServiceError) as caught:
        texts.begin("acme")
    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert str(tmp_path) not in caught.value.message


def test_a_sweep_before_the_first_upload_finds_nothing(texts):
    assert texts.sweep() == 0
