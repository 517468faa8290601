"""`leitmotif encoder …`: embed files, judge an encoder on labelled audio, train or import one. No server is needed."""

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, progress, stage_progress, stderr, stdout
from leitmotif_services.workshop.encoder_text_commands import embed_text

if TYPE_CHECKING:
    from leitmotif_services.audio.engine import AudioEngine
    from leitmotif_services.runtime.errors import ServiceError

encoder = typer.Typer(name="encoder", help="Embed audio files; judge, train and import audio encoders.", no_args_is_help=True)

EncoderOption = Annotated[str, typer.Option("--encoder", help="Id of an encoder of this package, or path of an encoder file.")]
WorkersOption = Annotated[int, typer.Option(min=1, max=256, help="Files embedded at once.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_WORKERS = os.cpu_count() or 1

encoder.command("embed-text")(embed_text)


def _print_recipe(wanted: bool) -> None:
    if wanted:
        from leitmotif_services.workshop.encoder_training.recipe import DEFAULT_RECIPE

        stdout.print(DEFAULT_RECIPE.read_text("utf-8"), markup=False, soft_wrap=True, end="")
        raise typer.Exit


@encoder.command()
def embed(
    files: Annotated[list[Path], typer.Argument(help="Audio files: WAV, FLAC, OGG, MP3, M4A and others.", metavar="FILE...")],
    out: Annotated[
        Path,
        typer.Option(
            help="NPZ file to write: `embeddings`, float32 (n, D); `ids`, the paths as given; `encoder_id`, `encoder_sha256`."
        ),
    ],
    encoder_id: EncoderOption = "",
    workers: WorkersOption = _WORKERS,
    json: JsonOption = False,
) -> None:
    """Embed audio files into one NPZ file.

    A file that cannot be embedded is named with its reason, and the others go on. The NPZ names the encoder that made it, by its
    id and the SHA-256 of its file; `leitmotif train --features` hands both on to the bundle.

        leitmotif encoder embed music/*.mp3 --out music.npz
    """
    with needs_extra("audio"):
        import numpy as np

        from leitmotif_services.audio.file_embedding import for_each_file
        from leitmotif_services.runtime.errors import ServiceError
    engine = _engine(encoder_id)
    started = time.perf_counter()
    tracks, failed = {}, []
    with progress("embedding", len(files)) as advance:
        for path, outcome in for_each_file(files, engine.embed, workers=workers):
            if isinstance(outcome, ServiceError | OSError):
                failed.append(_failure(path, outcome))
            else:
                tracks[str(path)] = outcome
            advance(1)
    if not tracks:
        fail(f"none of {len(files)} files could be embedded")
    seconds = time.perf_counter() - started
    audio_s = sum(track.duration_s for track in tracks.values())
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as file:  # savez given a name would add .npz to it
            np.savez(
                file,
                embeddings=np.stack([track.embedding for track in tracks.values()]),
                ids=np.array(list(tracks)),
                encoder_id=np.array(engine.encoder.encoder_id),
                encoder_sha256=np.array(engine.encoder.sha256),
            )
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")
    report = {
        "tracks": len(tracks),
        "failed": failed,
        "dimension": engine.encoder.dimension,
        "encoder_id": engine.encoder.encoder_id,
        "encoder_sha256": engine.encoder.sha256,
        "out": str(out),
        "audio_s": round(audio_s, 3),
        "seconds": round(seconds, 3),
    }
    if json:
        print_json(report)
    else:
        stdout.print(
            f"{len(tracks)} tracks, {audio_s:.0f} s of audio, in {seconds:.1f} s: {out} ({engine.encoder.encoder_id})",
            markup=False,
        )


@encoder.command()
def evaluate(
    audio: Annotated[Path, typer.Option(help="Folder that the files of the CSV lie in.", exists=True, file_okay=False)],
    labels: Annotated[Path, typer.Option(help="CSV with the columns `file` and `label`.", exists=True, dir_okay=False)],
    encoder_id: EncoderOption = "",
    workers: WorkersOption = _WORKERS,
    json: JsonOption = False,
) -> None:
    """Judge an encoder on labelled audio.

    Each track is given the label of its nearest other tracks by cosine, 1 or 5 of them, beside a baseline: mean and standard
    deviation of the log-mel spectrum, standardised. Files and rows that cannot be used are named, and the others go on.

        leitmotif encoder evaluate --audio genres/ --labels genres/labels.csv --json
    """
    with needs_extra("audio"):
        import numpy as np

        from leitmotif_services.audio import neighbour_evaluation as nearest
        from leitmotif_services.audio.file_embedding import for_each_file
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.workshop.label_table import read_labels
        from leitmotif_services.workshop.listening.table_rows import TableError
    try:
        table = read_labels(labels, audio)
    except TableError as error:
        fail(str(error))
    label_of = table.labels
    for fault in table.faults:
        stderr.print(f"{fault.file}, row {fault.row}: left out, {fault.reason}", markup=False, soft_wrap=True)
    engine = _engine(encoder_id)
    embeddings, baselines, truth, failed = [], [], [], []
    with progress("embedding", len(label_of)) as advance:
        for path, outcome in for_each_file(list(label_of), engine.embed_with_frames, workers=workers):
            if isinstance(outcome, ServiceError | OSError):
                failed.append(_failure(path, outcome))
            else:
                track, frames = outcome
                embeddings.append(track.embedding)
                baselines.append(nearest.log_mel_statistics(frames.log_mel))
                truth.append(label_of[path])
            advance(1)
    if len(truth) < 2:
        fail(f"{len(truth)} of {len(label_of)} files could be embedded; at least 2 are needed")
    matrix, baseline = np.stack(embeddings), nearest.standardised(np.stack(baselines))
    report = {
        "tracks": len(truth),
        "labels": len(set(truth)),
        "dimension": engine.encoder.dimension,
        "encoder_id": engine.encoder.encoder_id,
        "knn1_accuracy": nearest.neighbour_accuracy(matrix, truth, 1),
        "knn5_accuracy": nearest.neighbour_accuracy(matrix, truth, 5),
        "baseline_knn1_accuracy": nearest.neighbour_accuracy(baseline, truth, 1),
        "baseline_knn5_accuracy": nearest.neighbour_accuracy(baseline, truth, 5),
        "failed": failed,
        "left_out_rows": [{"file": fault.file, "row": fault.row, "reason": fault.reason} for fault in table.faults],
    }
    if json:
        print_json(report)
        return
    stdout.print(f"{report['tracks']} tracks, {report['labels']} labels, {report['encoder_id']}", markup=False)
    for name, key in (("encoder", ""), ("log-mel mean and deviation", "baseline_")):
        one, five = (report[f"{key}knn{count}_accuracy"] for count in (1, 5))
        stdout.print(f"{name:28} 1-NN {one:.3f}   5-NN {five:.3f}", markup=False)


@encoder.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder to write the encoder and its model card into.", file_okay=False)],
    config: Annotated[
        Path | None, typer.Option(help="Recipe, a TOML file; by default the one of the package's own encoder.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same encoder on the same machine.")] = 0,
    work: Annotated[
        Path | None, typer.Option(help="Folder for what is kept between runs; by default `training` in --out.", file_okay=False)
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that compose, and threads that train.")] = _WORKERS,
    json: JsonOption = False,
    print_recipe: Annotated[  # noqa: ARG001 - the callback does it
        bool,
        typer.Option("--print-recipe", callback=_print_recipe, is_eager=True, help="Print the package's recipe."),
    ] = False,
) -> None:
    """Train an audio encoder on composed music: the package's own, or one by a recipe of yours.

    Writes the encoder in int8, the same in float32, and a model card. The package's own takes about half an hour on two cores,
    half of it to compose. A run that was broken off goes on where it was.

        leitmotif encoder train --out encoders/ --seed 0

        leitmotif encoder train --print-recipe > mine.toml; leitmotif encoder train --config mine.toml --out encoders/
    """
    with needs_extra("encoder-train"):
        import onnx  # noqa: F401
        import torch  # noqa: F401

        from leitmotif_services.workshop.encoder_training.recipe import DEFAULT_RECIPE, RecipeError, read_recipe
        from leitmotif_services.workshop.encoder_training.training import train_encoder
    started = time.perf_counter()
    try:
        recipe = read_recipe(config or DEFAULT_RECIPE)
        with stage_progress() as show:
            trained = train_encoder(
                out,
                recipe,
                seed,
                config=config.name if config else "",
                work=work or out / "training",
                workers=workers,
                show=show,
            )
    except RecipeError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot read or write {error.filename or out}: {error.strerror}")
    artifact = trained.artifact
    report = {
        "out": str(trained.int8),
        "float32": str(trained.float32),
        "card": str(trained.card),
        "encoder_id": artifact.encoder_id,
        "sha256": artifact.sha256,
        "dimension": artifact.dimension,
        "bytes": trained.int8.stat().st_size,
        "figures": asdict(trained.figures),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if json:
        print_json(report)
        return
    stdout.print(
        f"{artifact.encoder_id}, {artifact.dimension} dimensions: {trained.int8} ({artifact.sha256[:12]}…)", markup=False
    )
    stdout.print(f"model card: {trained.card}", markup=False)


@encoder.command("import")
def import_model(
    model: Annotated[str, typer.Argument(help="Folder of a model, or its hub id: OWNER/NAME or OWNER/NAME@REVISION.")],
    out: Annotated[Path, typer.Option(help="Encoder file to write, .onnx.", dir_okay=False)],
    encoder_id: Annotated[str, typer.Option("--id", help="Id of the encoder; by default the model's name and the layer.")] = "",
    layer: Annotated[int | None, typer.Option(min=1, help="Layer whose states are averaged; by default the last.")] = None,
    spdx: Annotated[str, typer.Option("--license", help="SPDX identifier; by default what the model card states.")] = "",
    audio_only: Annotated[bool, typer.Option("--audio-only", help="Leave out the text tower of a CLAP.")] = False,
    json: JsonOption = False,
) -> None:
    """Import a published model as an encoder: Wav2Vec2, HuBERT, MERT, or CLAP with its text tower.

    The model is exported to ONNX and written only if the two agree on music of several lengths. The text tower of a CLAP, which
    embeds phrases, is written beside it: clap.onnx, clap.text.onnx. Weights must be in safetensors format; code that comes with a
    model is never run. LEITMOTIF_AUDIO_ENCODERS makes the service load the files.

        leitmotif encoder import m-a-p/MERT-v1-95M --layer 7 --out mert.onnx
    """
    with needs_extra("encoder-import"):
        import onnx  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401

        from leitmotif_services.workshop.encoder_import.importing import open_model
        from leitmotif_services.workshop.encoder_import.importing_text import import_towers
        from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
    started = time.perf_counter()
    with stage_progress() as show:
        try:
            imported, text = import_towers(
                open_model(model),
                out,
                encoder_id=encoder_id,
                layer=layer,
                spdx=spdx,
                audio_only=audio_only,
                show=show,
            )
        except ImportRefusedError as error:
            fail(f"cannot import {model}: {error}")
        except OSError as error:
            fail(f"cannot read or write {error.filename or out}: {error.strerror}")
    artifact, agreement = imported.artifact, imported.agreement
    report = {
        "out": str(out),
        "encoder_id": artifact.encoder_id,
        "sha256": artifact.sha256,
        "dimension": artifact.dimension,
        "sample_rate_hz": artifact.front_end.sample_rate_hz,
        "layer": imported.layer or None,
        "license": artifact.license,
        "source": artifact.source,
        "largest_difference": agreement.largest_difference,
        "least_cosine": agreement.least_cosine,
        "bytes": out.stat().st_size,
        "text": text and text.report(),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if json:
        print_json(report)
        return
    stdout.print(f"{artifact.encoder_id}, {artifact.dimension} dimensions, {artifact.license}: {out}", markup=False)
    stdout.print(
        f"differs from the model by at most {agreement.largest_difference:.1e}, cosine {agreement.least_cosine:.6f}", markup=False
    )
    if text:
        stdout.print(
            f"{text.artifact.text_encoder_id}, phrases of up to {text.artifact.max_tokens} tokens: {text.path}", markup=False
        )


def _engine(encoder_id: str) -> "AudioEngine":
    """The encoder of that id or path; empty stands for the package's own."""
    with needs_extra("audio"):
        from leitmotif_services.audio.engine import load_engine
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.workshop.encoder_files import encoder_file, packaged_encoders
    path = encoder_file(encoder_id)
    if path is None:
        fail(f"no encoder {encoder_id!r}: it is neither a file nor one of {', '.join(packaged_encoders())}")
    try:
        return load_engine(path)
    except ServiceError as error:
        fail(error.message)


def _failure(path: Path, error: "ServiceError | OSError") -> dict[str, str]:
    if isinstance(error, FileNotFoundError):
        reason, message = "FILE_NOT_FOUND", "there is no such file"
    elif isinstance(error, OSError):
        reason, message = "FILE_UNREADABLE", f"the file cannot be read: {error.strerror}"
    else:
        reason, message = str(error.reason), error.message
    stderr.print(f"{path}: {message} ({reason})", markup=False, soft_wrap=True)
    return {"path": str(path), "reason": reason, "message": message}
