"""Which files of a folder are its music."""

import os

import pytest

from leitmotif_services.workshop.music_folder import find_music


def names(folder, **settings):
    return [file.path.relative_to(folder).as_posix() for file in find_music(folder, **settings).files]


def put(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")


def test_the_snippets_of_bundles_are_no_music(tmp_path):
    put(tmp_path, "a.ogg", "album/b.ogg", "album/manifest.json")
    put(tmp_path, *(f"old/0123/{name}" for name in ("manifest.json", "arrays.safetensors", "snippets/s.ogg", "deep/er/t.ogg")))
    assert names(tmp_path) == ["a.ogg", "album/b.ogg"]


def test_other_files_are_counted_and_the_first_of_them_named(tmp_path):
    put(tmp_path, "a.mka", "b.MKV", "c.webm", "cover.jpg", ".hidden", *(f"album/{number:02}.txt" for number in range(30)))
    assert names(tmp_path) == ["a.mka", "b.MKV", "c.webm"]
    found = find_music(tmp_path)
    assert found.other_files == 31
    assert found.other_names == tuple(tmp_path / f"album/{number:02}.txt" for number in range(20))


def test_where_bundles_go_is_passed_over_where_it_lies_inside(tmp_path, monkeypatch):
    put(tmp_path, "a.ogg", "models/half-written/s.ogg", ".hidden/c.ogg")
    monkeypatch.chdir(tmp_path)
    assert names(tmp_path) == ["a.ogg", "models/half-written/s.ogg"]
    assert names(tmp_path, models_root=tmp_path / "models") == ["a.ogg"]
    assert names(tmp_path, models_root=tmp_path / "x" / ".." / "models") == ["a.ogg"]
    assert names(tmp_path, models_root=tmp_path) == ["a.ogg", "models/half-written/s.ogg"]
    assert names(tmp_path / "models", models_root=tmp_path) == ["half-written/s.ogg"]


@pytest.mark.skipif(os.name != "posix", reason="makes a path that is longer than the system takes, which needs openat")
def test_a_folder_that_cannot_be_read_is_told(tmp_path):
    put(tmp_path, "a.ogg")
    # Permissions do not stop a superuser; a path that is too long stops everybody.
    step = "d" * 250
    parent = os.open(tmp_path, os.O_RDONLY)
    for _ in range(17):
        os.mkdir(step, dir_fd=parent)
        inner = os.open(step, os.O_RDONLY, dir_fd=parent)
        os.close(parent)
        parent = inner
    os.close(parent)
    found = find_music(tmp_path)
    assert [file.path.name for file in found.files] == ["a.ogg"]
    [(path, reason)] = found.unreadable
    assert path.name == step
    assert reason == "the folder cannot be read: File name too long"
