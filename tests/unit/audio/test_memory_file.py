import os

import numpy as np
import pytest

from leitmotif_services.audio import memory_file
from leitmotif_services.audio.memory_file import KEPT_BYTES, MemoryFile


@pytest.fixture(params=["memory", "file"])
def file(request, monkeypatch):
    if request.param == "file":
        monkeypatch.delattr(memory_file.os, "memfd_create", raising=False)
    file = MemoryFile("test")
    yield file
    file.close()


def stored_bytes(file):
    return os.fstat(file.descriptor).st_blocks * 512


def test_it_holds_what_was_written_last_and_nothing_else(file):
    for content in (b"a longer text", b"short", b"", b"again"):
        file.write(content)
        assert os.pread(file.descriptor, 100, 0) == content


def test_samples_are_copied_out(file):
    samples = np.arange(5, dtype=np.float32)
    file.write(samples.tobytes())
    taken = file.read(4, np.float32, (2, 2))
    file.write(bytes(20))
    np.testing.assert_array_equal(taken, [[1, 2], [3, 4]])
    with pytest.raises(EOFError):
        file.read(4, np.float64, (3,))


def test_room_that_is_not_used_takes_no_memory_and_much_that_was_used_is_given_back(file):
    file.reserve(10 * KEPT_BYTES)
    assert os.fstat(file.descriptor).st_size == 10 * KEPT_BYTES
    assert stored_bytes(file) == 0
    os.pwrite(file.descriptor, bytes(KEPT_BYTES + 1), 0)
    file.forget(KEPT_BYTES)
    assert stored_bytes(file) > KEPT_BYTES
    file.forget(KEPT_BYTES + 1)
    assert stored_bytes(file) == 0
    assert os.fstat(file.descriptor).st_size == 10 * KEPT_BYTES


def test_another_process_does_not_get_it_unasked(file):
    assert not os.get_inheritable(file.descriptor)
