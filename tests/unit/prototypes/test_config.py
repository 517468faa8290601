from pathlib import Path

import pytest

from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.runtime.environment import ConfigurationError


def test_defaults() -> None:
    config = PrototypesConfig.from_environment({})
    assert config.server.listen == "127.0.0.1:50052"
    assert config.server.max_message_bytes == 16 << 20
    assert (config.model_root, config.workers, config.waiting, config.index) == (Path(".leitmotif/models"), 2, 64, "auto")


def test_settings() -> None:
    names = {"MODEL_ROOT": "/models", "WORKERS": "3", "WAITING": "0", "INDEX": "exact", "LISTEN": "unix:/run/x.sock"}
    names |= {"INDEX_STORAGE": "int8", "INDEX_SHARDS": "4"}
    config = PrototypesConfig.from_environment({f"LEITMOTIF_PROTOTYPES_{name}": value for name, value in names.items()})
    assert (config.model_root, config.workers, config.waiting, config.index) == (Path("/models"), 3, 0, "exact")
    assert (config.index_storage, config.index_shards) == ("int8", 4)
    assert config.server.listen == "unix:/run/x.sock"


def test_settings_of_the_live_catalogue() -> None:
    names = {"FILTERABLE": "bpm,mood,bpm", "JOURNAL_FSYNC": "interval", "JOURNAL_FSYNC_INTERVAL_S": "0.25", "MAX_DELTA": "7"}
    names |= {"COMPACT_SHARE": "0.5", "COMPACT_AT": "6", "KEPT_COMPACTIONS": "0", "JOURNAL_KEPT_MIB": "5", "KEPT_BESIDE_S": "7"}
    config = PrototypesConfig.from_environment({f"LEITMOTIF_PROTOTYPES_{name}": value for name, value in names.items()})
    assert (config.filterable, config.journal_sync_interval_s, config.max_later) == (("bpm", "mood"), 0.25, 7)
    assert (config.compact_share, config.compact_at, config.kept_compactions) == (0.5, 6, 0)
    assert (config.journal_kept_mib, config.kept_beside_s) == (5, 7)
    usual = PrototypesConfig.from_environment({})
    assert (usual.filterable, usual.journal_sync_interval_s, usual.max_later) == ((), 0.0, 50_000)
    for wrong in ({"FILTERABLE": "Bad Name"}, {"FILTERABLE": "a,,b"}, {"JOURNAL_FSYNC": "never"}, {"MAX_DELTA": "0"}):
        with pytest.raises(ConfigurationError):
            PrototypesConfig.from_environment({f"LEITMOTIF_PROTOTYPES_{name}": value for name, value in wrong.items()})


def test_every_fault_is_told() -> None:
    wrong = {"LEITMOTIF_PROTOTYPES_WAITING": "-1", "LEITMOTIF_PROTOTYPES_INDEX": "hnsw", "LEITMOTIF_PROTOTYPES_MODEL": "x"}
    wrong |= {"LEITMOTIF_PROTOTYPES_INDEX_STORAGE": "int2", "LEITMOTIF_PROTOTYPES_INDEX_SHARDS": "0"}
    with pytest.raises(ConfigurationError) as refused:
        PrototypesConfig.from_environment(wrong)
    assert len(refused.value.problems) == 5


def test_the_cursor_key_is_long_enough_and_never_shown() -> None:
    config = PrototypesConfig.from_environment({"LEITMOTIF_PROTOTYPES_CURSOR_KEY": "sixteen letters."})
    assert config.cursor_key == "sixteen letters."
    assert "sixteen" not in repr(config)
    with pytest.raises(ConfigurationError) as refused:
        PrototypesConfig.from_environment({"LEITMOTIF_PROTOTYPES_CURSOR_KEY": "only fifteen .."})
    assert "CURSOR_KEY must have at least 16 characters" in str(refused.value)
    assert "only fifteen" not in str(refused.value)
