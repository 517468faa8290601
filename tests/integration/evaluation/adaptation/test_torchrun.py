"""Two processes under torchrun come to the model that one comes to with the same windows in each step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2

NO_DROPOUT = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
DEADLINE_S = 140
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python", sys.executable)


def adapted(folder: Path, name: str, *launcher: str) -> tuple[dict[str, object], dict[str, torch.Tensor]]:
    places = ("--model", str(folder / "model"), "--text", str(folder / "text.txt"), "--out", str(folder / name))
    settings = ("--batch", "3", "--learning-rate", "1e-4", "--context", "32", "--threads", "1", "--checkpoint-s", "0", "--json")
    done = subprocess.run(
        [sys.executable, *launcher, "-c", "from leitmotif.cli.main import run; run()", "lm", "adapt", *places, *settings],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), load_file(folder / name / "model.safetensors")


def test_two_processes_equal_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_gpt2(tmp_path / "model", **NO_DROPOUT)
    (tmp_path / "text.txt").write_text(TEXT)
    alone, expected = adapted(tmp_path, "alone")
    together, found = adapted(tmp_path, "together", *TORCHRUN)
    # A last step of one window leaves one process without any.
    assert int(str(alone["steps"])) > 5
    for name in ("steps", "tokens", "base_perplexity", "context"):
        assert together[name] == alone[name]
    assert abs(float(str(together["adapted_perplexity"])) / float(str(alone["adapted_perplexity"])) - 1) < 1e-5
    moved = load_file(tmp_path / "model" / "model.safetensors")
    assert found.keys() == expected.keys()
    assert max(float((expected[name] - moved[name]).abs().max()) for name in moved) > 1e-4
    for name, tensor in found.items():
        if name.endswith("c_attn.bias"):
            # The gradient of a key's bias is 0 but for rounding, which Adam magnifies to the learning rate's size.
            tensor, expected[name] = (torch.cat([each[:32], each[64:]]) for each in (tensor, expected[name]))
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=1e-5, msg=name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["alone", "model", "text.txt", "together"]
