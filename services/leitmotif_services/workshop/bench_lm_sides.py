"""Sides of the language-model benchmark, each a process of its own: `python -m … SIDE`, the task on stdin, figures on stdout.

All score the same text under the same model, beginning with BOS and in disjoint windows of the model's length. What a side
loads is its own affair and not part of the measured time; its memory counts from the start of the process.
"""

import contextlib
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

PLAIN_BATCH = 16
"""Texts that the metric of `evaluate` computes together unless told otherwise."""

METRIC_UNKNOWN = 3
"""Exit status of the side "evaluate" where its module of the metric is not at hand."""


@dataclass(frozen=True)
class LmTask:
    """What each side is to score."""

    model: str
    """Folder."""
    text: str
    """File, UTF-8, at least a window long."""
    context: int
    threads: int


@dataclass(frozen=True)
class SideFigures:
    """What a side found."""

    tokens: int
    """Scored."""
    seconds: float
    """For all of them, the model loaded and the text not yet tokenized."""
    cpu_seconds: float
    """Of all threads, in that time: hardly disturbed by what else the machine does."""
    perplexities: dict[str, float] = field(default_factory=dict)
    """Of what the side reports by itself: "token", "word", "byte", and "bits_per_byte"."""
    peak_bytes: int = 0
    """Largest resident memory of the process."""


class Stopwatch:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._started[0], time.process_time() - self._started[1]


def score_here(task: LmTask) -> SideFigures:
    """The scoring of `leitmotif lm perplexity`."""
    from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
    from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
    from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
    from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings

    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    model = load_language_model(inspect_model_folder(Path(task.model)), threads=task.threads, memory_limit_bytes=memory_bytes)
    text = _text(task)
    settings = ScoringSettings(task.context, task.context, BosPolicy.ALWAYS, full_last_window=True)
    stopwatch = Stopwatch()
    result = evaluate_perplexity(model, text, settings)
    seconds, cpu_seconds = stopwatch.read()
    found = {
        "token": result.perplexity,
        "word": result.word_perplexity,
        "byte": result.byte_perplexity,
        "bits_per_byte": result.bits_per_byte,
    }
    return SideFigures(result.tokens, seconds, cpu_seconds, found)


def score_with_lm_eval(task: LmTask) -> SideFigures:
    """`HFLM.loglikelihood_rolling`, with the package's own figures made of it."""
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.api.metrics import bits_per_byte, weighted_perplexity
    from lm_eval.models.huggingface import HFLM

    torch.set_num_threads(task.threads)
    model = HFLM(pretrained=task.model, device="cpu", dtype="float32", max_length=task.context)
    text = _text(task)
    request = Instance("loglikelihood_rolling", doc={}, arguments=(text,), idx=0)
    stopwatch = Stopwatch()
    [log_likelihood] = model.loglikelihood_rolling([request], disable_tqdm=True)
    seconds, cpu_seconds = stopwatch.read()
    tokens, words, octets = len(model.tok_encode(text)), len(text.split()), len(text.encode())
    found = {
        "token": weighted_perplexity([(log_likelihood, tokens)]),
        "word": weighted_perplexity([(log_likelihood, words)]),
        "byte": weighted_perplexity([(log_likelihood, octets)]),
        "bits_per_byte": bits_per_byte([(log_likelihood, octets)]),
    }
    return SideFigures(tokens, seconds, cpu_seconds, found)


def score_with_evaluate(task: LmTask) -> SideFigures:
    """The metric `perplexity` of `evaluate`, as it is shipped: it loads the model within its call, which is measured alone first.

    It scores texts of a window at most; so it is given the text in pieces, each as long as a window.
    """
    os.environ["HF_EVALUATE_OFFLINE"] = "1"
    import evaluate
    import torch

    torch.set_num_threads(task.threads)
    try:
        metric = evaluate.load("perplexity", module_type="metric")
    except (OSError, ImportError, ValueError) as error:
        print(f"evaluate's perplexity is not at hand: {error}", file=sys.stderr)
        sys.exit(METRIC_UNKNOWN)
    pieces, tokens = _pieces(task)
    options = {"model_id": task.model, "device": "cpu", "max_length": task.context}
    stopwatch = Stopwatch()
    metric.compute(predictions=["a"], **options)
    loading_s, loading_cpu_s = stopwatch.read()
    metric.compute(predictions=pieces, **options)
    seconds, cpu_seconds = stopwatch.read()
    return SideFigures(tokens, seconds - 2 * loading_s, cpu_seconds - 2 * loading_cpu_s)


def score_plainly(task: LmTask) -> SideFigures:
    """What the metric of `evaluate` documents: padded batches of texts, the model's logits in full, cross-entropy of each."""
    return _score_plainly(task, PLAIN_BATCH)


def score_plainly_one_by_one(task: LmTask) -> SideFigures:
    """The same, one text at a time."""
    return _score_plainly(task, 1)


def _score_plainly(task: LmTask, batch_size: int) -> SideFigures:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(task.threads)
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(task.model)
    tokenizer: Any = AutoTokenizer.from_pretrained(task.model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.bos_token
    pieces, tokens = _pieces(task)
    cross_entropy = torch.nn.CrossEntropyLoss(reduction="none")
    nll_sum, count = 0.0, 0
    stopwatch = Stopwatch()
    encoded = tokenizer(
        pieces, add_special_tokens=False, padding=True, truncation=True, max_length=task.context - 1, return_tensors="pt"
    )
    for start in range(0, len(pieces), batch_size):
        mask = encoded["attention_mask"][start : start + batch_size]
        first = torch.full((len(mask), 1), tokenizer.bos_token_id)
        labels = torch.cat([first, encoded["input_ids"][start : start + batch_size]], 1)
        with torch.no_grad():
            logits = model(labels, attention_mask=torch.cat([torch.ones_like(first), mask], 1)).logits
        shifted = logits[:, :-1].contiguous()
        nll_sum += float((cross_entropy(shifted.transpose(1, 2), labels[:, 1:]) * mask).sum())
        count += int(mask.sum())
    seconds, cpu_seconds = stopwatch.read()
    return SideFigures(tokens, seconds, cpu_seconds, {"token": math.exp(nll_sum / count)})


def make_model(folder: Path, text: str) -> None:
    """Write a model of GPT-2's shape (12 layers of 768, 1024 positions, 50,257 tokens) with random weights, and a tokenizer
    trained on `text`.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    end = "<|endoftext|>"
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    config = GPT2Config(bos_token_id=0, eos_token_id=0)
    tokenizer.train_from_iterator(
        [text],
        trainers.BpeTrainer(vocab_size=config.vocab_size, special_tokens=[end], initial_alphabet=alphabet, show_progress=False),
    )
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, bos_token=end, eos_token=end).save_pretrained(folder)
    torch.manual_seed(0)
    GPT2LMHeadModel(config).save_pretrained(folder)


def _text(task: LmTask) -> str:
    return Path(task.text).read_bytes().decode()


def _pieces(task: LmTask) -> tuple[list[str], int]:
    """The text cut into pieces of a window, less the BOS token, and the tokens in them as the tokenizer reads them again."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(task.model) / "tokenizer.json"))
    text = _text(task)
    length = task.context - 1
    ends = [end for _, end in tokenizer.encode(text, add_special_tokens=False).offsets]
    cuts = [0, *ends[length - 1 :: length], len(text)]
    pieces = [text[start:end] for start, end in pairwise(cuts) if end > start]
    read_again = [len(tokenizer.encode(piece, add_special_tokens=False).ids) for piece in pieces]
    return pieces, sum(min(count, length) for count in read_again)


SIDES: dict[str, Callable[[LmTask], SideFigures]] = {
    "ours": score_here,
    "lm_eval": score_with_lm_eval,
    "evaluate": score_with_evaluate,
    "plain": score_plainly,
    "plain_batch_1": score_plainly_one_by_one,
}


def peak_bytes() -> int:
    """Largest resident memory of this process so far.

    Linux's getrusage also counts the process that started this one, up to the moment of the start; its own file does not.
    """
    with contextlib.suppress(OSError, StopIteration), Path("/proc/self/status").open() as status:
        return 1024 * int(next(line for line in status if line.startswith("VmHWM:")).split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """The side named on the command line, or the model of `make_model`."""
    asked = json.load(sys.stdin)
    figures: dict[str, object] = {}
    with contextlib.redirect_stdout(sys.stderr):  # libraries print what they like
        if sys.argv[1] == "make-model":
            make_model(Path(asked["model"]), Path(asked["text"]).read_bytes().decode())
        else:
            figures = asdict(SIDES[sys.argv[1]](LmTask(**asked))) | {"peak_bytes": peak_bytes()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
