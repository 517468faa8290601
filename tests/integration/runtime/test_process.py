"""A service as a process: exit codes, the ready line, signals, and the pipe that ties it to its parent."""

import os
import signal
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "leitmotif_services.gateway"]


@pytest.fixture
def start():
    processes = []

    def start(**environment):
        environment = {"LEITMOTIF_GATEWAY_LISTEN": "127.0.0.1:0", **environment}
        pipe = subprocess.PIPE
        process = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environment})
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_with_0(start, number):
    process = start()
    assert process.stdout.readline().startswith("leitmotif gateway ready on port ")
    process.send_signal(number)
    assert process.wait(timeout=20) == 0


def test_the_end_of_standard_input_drains_where_asked_for(start):
    process = start(LEITMOTIF_FOLLOW_STDIN="1")
    assert process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdin = None


def test_wrong_settings_are_all_named_and_exit_with_2(start):
    process = start(LEITMOTIF_GATEWAY_CALL_TIMEOUT_S="never", LEITMOTIF_GATEWAY_AUDIO_ADRESS="x")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "LEITMOTIF_GATEWAY_CALL_TIMEOUT_S must be a number" in err
    assert "LEITMOTIF_GATEWAY_AUDIO_ADRESS is not a setting" in err
    assert "Traceback" not in err


def test_an_address_that_cannot_be_had_exits_with_1(start):
    process = start(LEITMOTIF_GATEWAY_LISTEN="203.0.113.1:1")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "cannot listen at 203.0.113.1:1" in err
    assert "Traceback" not in err


def test_a_log_level_that_there_is_not_exits_with_2(start):
    process = start(LEITMOTIF_LOG_LEVEL="loud")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "LEITMOTIF_LOG_LEVEL must be one of" in err
    assert "Traceback" not in err
