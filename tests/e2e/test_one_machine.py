"""`leitmotif up` and `leitmotif demo` as a person runs them: commands of their own, seen from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leitmotif import Client, F, Track

LEITMOTIF = (sys.executable, "-m", "leitmotif")
REAL_AUDIO = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).resolve().parents[3] / "shared/data")) / "audio"


def children_of(pid):
    """Process ids of all descendants."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, check=True, text=True).stdout.split()
    parents = dict(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
    found, todo = set(), [pid]
    while todo:
        parent = todo.pop()
        born = {child for child, its_parent in parents.items() if its_parent == parent}
        found |= born
        todo += born
    return found


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_text()


def alive(pids):
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "(zombie)" not in Path(f"/proc/{pid}/status").read_text()}


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)  # between two looks at a condition


@pytest.fixture
def up(tmp_path):
    """Starts `leitmotif up` on one data folder; returns the process and its address."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [*LEITMOTIF, "up", "--data", str(tmp_path / "data"), "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        line = process.stdout.readline()
        assert line.startswith("leitmotif is up at "), process.communicate(timeout=30)
        return process, line.split()[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


def test_up_serves_music_keeps_profiles_and_leaves_nothing_running(up, composed):
    process, address = up("--music", str(composed.music))
    with Client(address) as client:
        version = client.models.active().model_version
        client.listen("ada", composed.heard)
        client.profiles("ada").boost(next(iter(client.prototypes.list())).prototype_id)
        profile, ranking = client.profiles("ada").get(), client.recommend("ada")
    children = children_of(process.pid)
    assert len(children) >= 3  # Redis, audio, evaluation with its worker
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    wait_until(lambda: not alive(children))

    _, address = up()
    with Client(address) as client:
        assert client.models.active().model_version == version
        assert client.profiles("ada").get() == profile
        assert client.recommend("ada") == ranking


def test_one_process_offers_what_the_services_apart_do_and_keeps_it_over_a_kill(up, composed):
    process, address = up("--music", str(composed.music))
    file = sorted(composed.music.glob("*.wav"))[0]
    with Client(address, timeout_s=60) as client:
        client.listen("ada", composed.heard)
        ingested = client.tracks.ingest(file, Track("new-one", "New", tags=("brand new",), year=2031))
        assert [scored.track for scored in client.recommend("ada", filter=F.year > 2030)] == [ingested.track]
        assert client.tracks.similar("new-one", 1).tracks[0].similarity > 0.99
        created = client.prototypes.create_from_tracks("like the new one", ["new-one"])
        client.prototypes.rename(created.prototype.prototype_id, "renamed")
        new = created.prototype.prototype_id
        tried = client.what_if("ada", boost={new: 4.0}, count=5)
        assert "new-one" in [scored.track.track_id for scored in tried.after]
        client.profiles("ada").boost(new, 4.0)
        (ranking,) = client.recommend_many(["ada"])
        assert ranking.model_version == created.model_version
        assert ranking == client.recommend("ada")
        profile = client.profiles("ada").get()
        assert {weight.prototype_id: weight.label for weight in profile.weights}[new] == "renamed"
    children = children_of(process.pid)
    process.kill()
    process.wait(timeout=20)
    wait_until(lambda: not alive(children))

    _, address = up()
    with Client(address, timeout_s=60) as client:
        assert client.models.active().model_version == created.model_version
        assert client.profiles("ada").get() == profile
        assert client.recommend("ada") == ranking
        assert client.tracks.get("new-one").track == ingested.track


def test_a_service_that_dies_is_started_again_and_a_killed_platform_takes_its_children_along(up, composed):
    process, address = up()
    audio = next(
        pid for pid in children_of(process.pid) if "leitmotif_services.audio" in Path(f"/proc/{pid}/cmdline").read_text()
    )
    os.kill(audio, signal.SIGKILL)
    path = next(path for path in composed.music.iterdir() if path.suffix == ".flac")
    with Client(address, timeout_s=60) as client:
        (result,) = client.audio.embed([path])
        assert len(result.embedding) == client.audio.encoder().dimension
    children = children_of(process.pid)
    process.kill()
    process.wait(timeout=20)
    wait_until(lambda: not alive(children))


def test_redis_that_dies_is_started_again_with_everything_in_it(up, composed):
    process, address = up("--music", str(composed.music))
    with Client(address, timeout_s=30) as client:
        client.listen("ada", composed.heard)
        profile = client.profiles("ada").get()
        redis = next(pid for pid in children_of(process.pid) if "redis-server" in command_of(pid))
        os.kill(redis, signal.SIGKILL)
        wait_until(lambda: not alive({redis}))
        assert client.profiles("ada").get() == profile


def test_a_port_that_is_taken_or_is_none_is_told_at_once(up, tmp_path):
    _, address = up()
    taken = subprocess.run(
        [*LEITMOTIF, "up", "--data", str(tmp_path / "other"), "--port", address.rpartition(":")[2]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert taken.returncode == 1
    assert "choose another with --port" in taken.stderr
    absurd = subprocess.run([*LEITMOTIF, "up", "--port", "99999"], capture_output=True, text=True, timeout=60)
    assert absurd.returncode == 2


def test_a_second_platform_on_the_same_data_is_refused(up, tmp_path):
    up()
    second = subprocess.run(
        [*LEITMOTIF, "up", "--data", str(tmp_path / "data"), "--port", "0"], capture_output=True, text=True, timeout=120
    )
    assert second.returncode == 1
    assert second.stdout == ""
    assert "stop it, or choose another data folder" in second.stderr
    assert "Traceback" not in second.stderr


def demo(*arguments):
    return subprocess.run([*LEITMOTIF, "demo", "--json", *arguments], capture_output=True, text=True, timeout=280)


def check_demo(told):
    assert told["boosted_share"]["after_boost"] > told["boosted_share"]["before"]
    assert told["muted_share"]["after_boost"] > told["muted_share"]["after_mute"] == 0
    assert told["after_undo"] == told["before"]
    assert told["after_boost"] != told["before"]
    assert told["after_mute"] != told["after_boost"]
    assert {told["boosted"], told["muted"]} <= {prototype["prototype_id"] for prototype in told["prototypes"]}


def test_the_demo_on_composed_music():
    command = demo()
    assert command.returncode == 0, command.stderr
    told = json.loads(command.stdout)
    check_demo(told)
    assert told["tracks"] == 120
    assert told["failed"] == []
    assert len(told["before"]) == 20


@pytest.mark.skipif(not REAL_AUDIO.is_dir(), reason=f"the real recordings are not at {REAL_AUDIO}; set LEITMOTIF_TEST_DATA")
def test_the_demo_on_real_recordings_with_a_broken_file_among_them(tmp_path):
    music = tmp_path / "music"
    shutil.copytree(REAL_AUDIO, music)
    recording = next(path for path in sorted(music.iterdir()) if path.suffix == ".ogg")
    (music / "broken.ogg").write_bytes(recording.read_bytes()[:4000])
    (music / "renamed.mp3").write_text("this is no audio at all\n" * 50)
    command = demo("--music", str(music))
    assert command.returncode == 0, command.stderr
    told = json.loads(command.stdout)
    check_demo(told)
    assert told["tracks"] == 8
    assert {failed["path"] for failed in told["failed"]} == {"broken.ogg", "renamed.mp3"}
    assert all(failed["reason"] for failed in told["failed"])


def test_the_demo_leaves_a_real_redis_alone_and_cleans_up_on_sigterm(redis_url, tmp_path, composed):
    environment = {**os.environ, "LEITMOTIF_REDIS_URL": "redis://127.0.0.1:1/0", "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [*LEITMOTIF, "demo", "--music", str(composed.music), "--keep-running"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert any(line.startswith("Serving at") for line in process.stderr)
        children = children_of(process.pid)
        process.terminate()
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        wait_until(lambda: not alive(children))
        assert not list(tmp_path.glob("leitmotif-demo-*"))
    finally:
        process.kill()
        process.communicate()


def test_the_demo_on_a_folder_without_music_says_so(tmp_path):
    command = subprocess.run(
        [*LEITMOTIF, "demo", "--music", str(tmp_path), "--json"], capture_output=True, text=True, timeout=120
    )
    assert command.returncode == 1
    assert command.stdout == ""
    assert "no audio files" in command.stderr
    assert "Traceback" not in command.stderr
