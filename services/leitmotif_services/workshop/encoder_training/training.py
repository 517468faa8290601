"""Trains an encoder from a recipe and a seed: composes, fits, exports, turns to int8, measures, writes the model card."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from leitmotif_services.audio.encoder_artifact import EncoderArtifact, metadata_of
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.waveform import Waveform, checked_samples
from leitmotif_services.workshop.code_hash import code_hash
from leitmotif_services.workshop.encoder_training.corpus import Corpus, composed
from leitmotif_services.workshop.encoder_training.encoder_graph import encoder_model
from leitmotif_services.workshop.encoder_training.held_out_evaluation import HeldOutFigures, evaluate
from leitmotif_services.workshop.encoder_training.model_card import model_card
from leitmotif_services.workshop.encoder_training.quantisation import SegmentFrames, quantised
from leitmotif_services.workshop.encoder_training.recipe import Recipe
from leitmotif_services.workshop.encoder_training.statistics_graph import statistics_groups
from leitmotif_services.workshop.encoder_training.statistics_projection import fit_projection

LICENSE = "Apache-2.0"

FLOAT32 = "float32"
"""What the id of the encoder that is not quantised ends in."""

Show = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and of how much."""


@dataclass(frozen=True)
class TrainedEncoder:
    """What a training wrote."""

    int8: Path
    float32: Path
    card: Path
    artifact: EncoderArtifact
    """Of the int8 file."""
    figures: HeldOutFigures


def train_encoder(
    out: Path, recipe: Recipe, seed: int, *, config: str = "", work: Path, workers: int, show: Show
) -> TrainedEncoder:
    """Write `<id>.onnx` (int8), `<id>-float32.onnx` and `<id>.md` into `out`.

    `config`: the name of the recipe's file, for the model card; empty for the package's own. `work` keeps pieces and the state of
    the network between runs: a run that was broken off goes on, and gives what an unbroken one gives on the same machine with as
    many threads. OSError where a folder cannot be written.
    """
    import torch

    from leitmotif_services.workshop.encoder_training.torch_fitting import NetworkFitting

    torch.set_num_threads(workers)
    settings = FrontEndSettings()
    corpus = Corpus(work, recipe.corpus, seed, settings)
    corpus.compose(workers, _advance(show, "composing", len(corpus)))
    pieces = list(corpus.pieces())
    projection = fit_projection(pieces, [group.size for group in statistics_groups(settings)], recipe.projection)
    fitting = NetworkFitting(pieces, recipe.network, recipe.fitting, settings, seed)
    network = fitting.run(
        work / f"network-{_key(recipe, seed)}.pt", _advance(show, "training", recipe.fitting.epochs), lambda _: None
    )
    artifact = EncoderArtifact(
        encoder_id=f"{recipe.encoder_id}-{FLOAT32}",
        dimension=projection.dimension + network.dimension,
        front_end=settings,
        segmentation=Segmentation(),
        license=LICENSE,
        description=_description(recipe, seed),
    )
    out.mkdir(parents=True, exist_ok=True)
    float32 = out / f"{artifact.encoder_id}.onnx"
    _write(float32, encoder_model(settings, projection, network, recipe.network_share, metadata_of(artifact)))
    int8 = out / f"{recipe.encoder_id}.onnx"
    rounded = replace(artifact, encoder_id=recipe.encoder_id)
    plain = encoder_model(settings, projection, network, recipe.network_share, metadata_of(rounded))
    show("measuring ranges", 0, recipe.calibration_pieces)
    _write(int8, quantised(plain, _calibration(recipe, seed, settings)))
    engines = load_engine(float32), load_engine(int8)
    figures = evaluate(
        *engines,
        recipe.corpus,
        recipe.evaluation_pieces,
        seed,
        _advance(show, "evaluating", recipe.evaluation_pieces),
    )
    card = out / f"{recipe.encoder_id}.md"
    _write(card, model_card(recipe, config, seed, engines[1].encoder, settings.mel_bands, int8.stat().st_size, figures).encode())
    return TrainedEncoder(int8, float32, card, engines[1].encoder, figures)


def _calibration(recipe: Recipe, seed: int, settings: FrontEndSettings) -> list[SegmentFrames]:
    """Frames of one segment from the middle of pieces of the corpus, drawn evenly."""
    front_end, rate_hz = FrontEnd(settings), settings.sample_rate_hz
    count = recipe.corpus.styled_pieces + recipe.corpus.idiomatic_pieces
    found = []
    for index in np.linspace(0, count - 1, recipe.calibration_pieces).astype(int).tolist():
        *_, samples = composed(recipe.corpus, seed, index)
        frames = front_end.analyse(Waveform(checked_samples(samples), rate_hz, len(samples) / rate_hz, rate_hz, 1))
        segment = Segmentation().cut(len(samples) / rate_hz)[:1]
        (mel,) = settings.grid.ranges(segment, len(frames.log_mel))
        (tonal,) = settings.tonal_grid.ranges(segment, len(frames.tonal))
        found.append((frames.log_mel[mel], frames.tonal[tonal]))
    return found


def _description(recipe: Recipe, seed: int) -> str:
    pieces = recipe.corpus.styled_pieces + recipe.corpus.idiomatic_pieces
    return (
        "Statistics of timbre, rhythm, harmony and noisiness beside features of a convolutional network, for each segment. "
        f"Fitted on {pieces} pieces of {recipe.corpus.piece_s:g} s by this project's own composers, seed {seed}; no recording "
        "was used."
    )


def _key(recipe: Recipe, seed: int) -> str:
    """Names the state of one training: recipe, seed, code or library, whatever changes the network changes it."""
    code = code_hash((Corpus.__module__, f"{__package__}.torch_fitting"))
    told = json.dumps([asdict(recipe.corpus), asdict(recipe.network), asdict(recipe.fitting), seed, code], sort_keys=True)
    return sha256(told.encode()).hexdigest()[:12]


def _advance(show: Show, stage: str, total: int) -> Callable[[float], None]:
    done = 0

    def advance(amount: float) -> None:
        nonlocal done
        done += int(amount)
        show(stage, done, total)

    show(stage, 0, total)
    return advance


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.writing")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
