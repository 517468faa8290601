"""Which model answers after a folder of music was served once more, through a platform as a process of its own."""

import shutil

import pytest

from leitmotif import Client
from leitmotif_services.embedded import music
from leitmotif_services.embedded.platform_process import running_platform
from leitmotif_services.workshop.music_writing import write_music


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    write_music(folder, tracks=6, seed=3, duration_s=6.0)
    return folder


def test_a_restart_keeps_the_model_that_was_chosen_and_new_music_takes_over(folder, tmp_path, capsys):
    models = tmp_path / "models"
    served = (str(folder), str(models))
    with running_platform(tmp_path) as address, Client(address, timeout_s=60) as client:
        assert music.main(address, *served) == 0
        of_folder = client.models.active().model_version
        assert "stays active" not in capsys.readouterr().err
        first = next(iter(client.tracks.list())).track_id
        client.listen("ada", [first])
        created = client.prototypes.create_from_tracks("mine", [first])
        client.profiles("ada").boost(created.prototype.prototype_id, 2.0)
        weights = client.profiles("ada").get().weights

    with running_platform(tmp_path) as address, Client(address, timeout_s=60) as client:
        assert music.main(address, *served) == 0
        assert client.models.active().model_version == created.model_version
        assert client.profiles("ada").get().weights == weights
        told = capsys.readouterr().err
        kept = f"the model {created.model_version} stays active; `leitmotif models activate {of_folder}` for the one of {folder}"
        assert kept in told.splitlines()

        (folder / "new.wav").write_bytes(next(folder.glob("*.wav")).read_bytes())
        assert music.main(address, *served) == 0
        assert client.models.active().model_version not in (of_folder, created.model_version)
        assert "stays active" not in capsys.readouterr().err


def test_a_bundle_that_was_there_answers_where_nothing_is_active(folder, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    with running_platform(one) as address:
        assert music.main(address, str(folder), str(one / "models")) == 0
    with running_platform(other) as address, Client(address, timeout_s=60) as client:
        assert music.active_version(client) is None
        shutil.copytree(one / "models", other / "models", dirs_exist_ok=True, ignore=shutil.ignore_patterns("active.json"))
        assert music.main(address, str(folder), str(other / "models")) == 0
        assert (other / "models" / client.models.active().model_version).is_dir()
