from pathlib import Path

import pytest

from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.runtime.environment import ConfigurationError


def test_defaults():
    config = AudioConfig.from_environment({})
    assert config.server.listen == "127.0.0.1:50051"
    assert config.server.max_message_bytes == 64 << 20
    assert config.limits.max_bytes < config.server.max_message_bytes
    assert config.encoders == ()
    assert (config.threads, config.max_items, config.limits.max_duration_s) == (1, 16, 1200.0)


def test_everything_can_be_set():
    config = AudioConfig.from_environment(
        {
            "LEITMOTIF_AUDIO_ENCODERS": "/srv/a.onnx, ,/srv/more",
            "LEITMOTIF_AUDIO_DEFAULT_ENCODER_ID": "mine-1",
            "LEITMOTIF_AUDIO_WORKERS": "3",
            "LEITMOTIF_AUDIO_DECODERS": "5",
            "LEITMOTIF_AUDIO_MAX_DECODE_S": "2.5",
            "LEITMOTIF_AUDIO_WAITING": "0",
            "LEITMOTIF_AUDIO_THREADS": "2",
            "LEITMOTIF_AUDIO_MAX_ITEMS": "4",
            "LEITMOTIF_AUDIO_MAX_ITEM_BYTES": "2048",
            "LEITMOTIF_AUDIO_MAX_DURATION_S": "60",
        }
    )
    assert config.encoders == (Path("/srv/a.onnx"), Path("/srv/more"))
    assert config.default_encoder_id == "mine-1"
    assert (config.workers, config.waiting, config.threads, config.max_items) == (3, 0, 2, 4)
    assert (config.decoders, config.max_decode_s) == (5, 2.5)
    assert (config.limits.max_bytes, config.limits.max_duration_s) == (2048, 60.0)


def test_there_are_as_many_decoders_as_workers_unless_it_is_said():
    assert AudioConfig.from_environment({"LEITMOTIF_AUDIO_WORKERS": "3"}).decoders == 3
    assert AudioConfig.from_environment({"LEITMOTIF_AUDIO_WORKERS": "3", "LEITMOTIF_AUDIO_DECODERS": "0"}).decoders == 0


def test_every_fault_is_named():
    with pytest.raises(ConfigurationError) as caught:
        AudioConfig.from_environment({"LEITMOTIF_AUDIO_WORKERS": "none", "LEITMOTIF_AUDIO_WORKER": "1"})
    assert len(caught.value.problems) == 2
