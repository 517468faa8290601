from pathlib import Path

import pytest

from leitmotif_services.evaluation.config import EvaluationConfig
from leitmotif_services.runtime.environment import ConfigurationError

PREFIX = "LEITMOTIF_EVALUATION_"


def test_defaults() -> None:
    config = EvaluationConfig.from_environment({})
    assert config.server.listen == "127.0.0.1:50054"
    assert config.redis_url == "redis://127.0.0.1:6379/0"
    assert config.workers == 1
    assert config.lease_s == 25.0


def test_a_worker_is_given_the_same_settings() -> None:
    environ = {
        PREFIX + "REDIS_URL": "unix:///run/redis.sock?db=2",
        PREFIX + "MODEL_ROOT": "/srv/models",
        PREFIX + "TEXT_ROOT": "/srv/texts",
        PREFIX + "UPLOAD_ROOT": "/srv/uploads",
        PREFIX + "WORKERS": "3",
        PREFIX + "TORCH_THREADS": "2",
        PREFIX + "MEMORY_LIMIT_BYTES": "3000000000",
        PREFIX + "MAX_TEXT_BYTES": "1000",
        PREFIX + "MAX_UPLOAD_BYTES": "5000",
        PREFIX + "MAX_QUEUED_JOBS": "7",
        PREFIX + "MAX_TENANT_JOBS": "5",
        PREFIX + "MAX_ATTEMPTS": "2",
        PREFIX + "RETENTION_S": "60.5",
        PREFIX + "HEARTBEAT_S": "0.25",
        PREFIX + "CHECKPOINT_S": "7.5",
        PREFIX + "KEY_PREFIX": "staging",
        PREFIX + "GRACE_S": "4.0",
    }
    config = EvaluationConfig.from_environment(environ)
    assert config.worker_environment() == environ
    assert EvaluationConfig.from_environment(config.worker_environment()) == config


def test_the_password_in_the_url_is_not_shown() -> None:
    config = EvaluationConfig.from_environment({PREFIX + "REDIS_URL": "redis://:hunter2@db/0"})
    assert "hunter2" not in repr(config)


def test_every_fault_is_told_without_secrets() -> None:
    with pytest.raises(ConfigurationError) as refused:
        EvaluationConfig.from_environment({PREFIX + "REDIS_URL": "http://:hunter2@db", PREFIX + "KEY_PREFIX": "{a}"})
    assert len(refused.value.problems) == 2
    assert "hunter2" not in str(refused.value)


def test_uploads_are_kept_beside_the_texts_unless_told_otherwise() -> None:
    assert EvaluationConfig.from_environment({}).upload_root == Path("uploads")
    assert EvaluationConfig.from_environment({PREFIX + "TEXT_ROOT": "/srv/texts"}).upload_root == Path("/srv/uploads")


@pytest.mark.parametrize(
    ("root", "uploads", "name"),
    [
        ("TEXT_ROOT", "/srv/texts/up", "text"),
        ("TEXT_ROOT", "/srv", "text"),
        ("TEXT_ROOT", "/srv/texts", "text"),
        ("MODEL_ROOT", "/srv/texts/up", "model"),
    ],
)
def test_uploads_are_kept_apart_from_what_a_path_can_name(root: str, uploads: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"UPLOAD_ROOT must not lie below the {name} root"):
        EvaluationConfig.from_environment({PREFIX + root: "/srv/texts", PREFIX + "UPLOAD_ROOT": uploads})
