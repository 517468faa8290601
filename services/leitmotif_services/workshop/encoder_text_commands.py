"""`leitmotif encoder embed-text`: phrases to embeddings, and which audio files sound like them. No server is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, progress, stderr, stdout

if TYPE_CHECKING:
    from leitmotif_services.audio.embedding import Matrix
    from leitmotif_services.audio.text_embedding import TextEngine


def embed_text(
    phrases: Annotated[list[str], typer.Argument(help="Phrases, such as 'calm piano'.", metavar="PHRASE...")],
    encoder: Annotated[
        str, typer.Option(help="Encoder file with a text tower beside it, as import writes them, or the text tower itself.")
    ],
    audio: Annotated[
        list[Path] | None, typer.Option(help="Audio file, or folder of them, to compare with the phrases; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="NPZ file to write: `embeddings`, float32 (n, D), and `ids`, the phrases.", dir_okay=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Embed phrases, and sort audio files by how much they sound like each.

    The similarity is the cosine of a phrase's and a file's embeddings: it orders files under one phrase, and is no probability.

        leitmotif encoder import laion/larger_clap_music --out clap.onnx

        leitmotif encoder embed-text "calm piano" --encoder clap.onnx --audio music/
    """
    with needs_extra("audio"):
        import numpy as np

        from leitmotif_services.runtime.errors import ServiceError
    engine, audio_file = _text_engine(encoder)
    rows, tokens = [], []
    for phrase in phrases:
        try:
            embedded = engine.embed(phrase)
        except ServiceError as error:
            fail(f"{phrase[:64]!r} cannot be embedded: {error.message} ({error.reason})")
        rows.append(embedded.embedding)
        tokens.append(embedded.tokens)
    embeddings = np.stack(rows)
    if out:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with out.open("wb") as file:  # savez given a name would add .npz to it
                np.savez(file, embeddings=embeddings, ids=np.array(phrases))
        except OSError as error:
            fail(f"cannot write {out}: {error.strerror}")
    files, failed = _files(audio_file, engine, audio) if audio else ({}, [])
    ranked = {phrase: _ranked(row, files) for phrase, row in zip(phrases, embeddings, strict=True)}
    if json:
        report: dict[str, object] = {
            "encoder_id": engine.encoder.audio_encoder_id,
            "text_encoder_id": engine.encoder.text_encoder_id,
            "dimension": engine.encoder.dimension,
            "phrases": [
                {
                    "phrase": phrase,
                    "tokens": count,
                    "similar": [{"path": path, "cosine": round(cosine, 6)} for path, cosine in ranked[phrase]],
                }
                for phrase, count in zip(phrases, tokens, strict=True)
            ],
            "failed": failed,
            "out": str(out) if out else None,
        }
        print_json(report)
        return
    for phrase, similar in ranked.items():
        stdout.print(phrase, markup=False, style="bold")
        for path, cosine in similar:
            stdout.print(f"{cosine:8.3f}  {path}", markup=False, soft_wrap=True)
    if not audio:
        stdout.print(f"{len(phrases)} phrases, {engine.encoder.dimension} dimensions: {out or 'checked'}", markup=False)


def _text_engine(named: str) -> tuple["TextEngine", Path]:
    """The text tower of that file or beside it, and where its audio tower should lie."""
    with needs_extra("audio"):
        from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
        from leitmotif_services.audio.text_encoder_artifact import text_file_of
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.workshop.encoder_files import encoder_file
    path = encoder_file(named) or Path(named)
    is_text = path.name.endswith(".text.onnx")
    audio_file = path.with_name(f"{path.name.removesuffix('.text.onnx')}.onnx") if is_text else path
    text_file = path if is_text else text_file_of(path)
    if not text_file.is_file():
        missing = "there is no such file" if is_text or not path.exists() else f"it has no text tower {text_file.name} beside it"
        fail(f"cannot embed phrases with {named}: {missing}; import a CLAP for one")
    try:
        return load_text_engine(text_file), audio_file
    except ServiceError as error:
        fail(error.message)


def _files(audio_file: Path, text: "TextEngine", paths: list[Path]) -> tuple[dict[str, "Matrix"], list[dict[str, str]]]:
    """Embeddings by path, and the files that have none; those are named on stderr."""
    from leitmotif_services.audio.engine import load_engine
    from leitmotif_services.audio.file_embedding import for_each_file
    from leitmotif_services.audio.text_encoder_artifact import refuse_other_space
    from leitmotif_services.runtime.errors import ServiceError
    from leitmotif_services.workshop.music_folder import find_music

    try:
        engine = load_engine(audio_file)
        refuse_other_space(text.encoder, engine.encoder)
    except ServiceError as error:
        fail(error.message)
    found = [one for path in paths for one in ([file.path for file in find_music(path).files] if path.is_dir() else [path])]
    embedded: dict[str, Matrix] = {}
    failed = []
    with progress("embedding", len(found)) as advance:
        for path, outcome in for_each_file(found, engine.embed, workers=1):
            if isinstance(outcome, ServiceError | OSError):
                why = outcome.message if isinstance(outcome, ServiceError) else f"cannot be read: {outcome.strerror}"
                stderr.print(f"{path}: {why}", markup=False, soft_wrap=True)
                failed.append({"path": str(path), "message": why})
            else:
                embedded[str(path)] = outcome.embedding
            advance(1)
    if not embedded:
        fail(f"none of {len(found)} files could be embedded")
    return embedded, failed


def _ranked(phrase: "Matrix", files: dict[str, "Matrix"]) -> list[tuple[str, float]]:
    """Paths with the cosine of their embedding and the phrase's, the most similar first."""
    return sorted(((path, float(row @ phrase)) for path, row in files.items()), key=lambda pair: -pair[1])
