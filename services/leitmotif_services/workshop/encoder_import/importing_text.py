"""From a CLAP model's text tower to a text encoder file that was compared with the model itself."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.audio.text_embedding import EmbeddedPhrase, TextEngine
from leitmotif_services.audio.text_encoder_artifact import (
    TEXT_METADATA_KEY,
    TOKENIZER_KEY,
    TextEncoderArtifact,
    text_file_of,
    text_metadata_of,
)
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.workshop.encoder_import.importing import (
    Agreement,
    ImportedEncoder,
    compare,
    import_encoder,
    refuse_disagreement,
)
from leitmotif_services.workshop.encoder_import.model_files import ModelFiles, weight_names
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.text_specification import (
    TextSpecification,
    has_text_tower,
    read_text_specification,
)

COMPARED_PHRASES = (
    "piano",
    "a calm piano",
    "An upbeat track with distorted electric guitars, a driving drum kit and a shouted chorus.",
    "mélancolie d'automne, Gitarre und Flöte, 静かなピアノ, тихая скрипка 🎻🎹",
    "  two  spaces, a\N{NO-BREAK SPACE}third kind, and e\N{COMBINING ACUTE ACCENT} in two parts ",
)
"""Beside these, one phrase is as long as the tower allows."""


@dataclass(frozen=True)
class ImportedTextEncoder:
    """What was written."""

    path: Path
    artifact: TextEncoderArtifact
    agreement: Agreement

    def report(self) -> dict[str, object]:
        """For JSON."""
        return {
            "out": str(self.path),
            "text_encoder_id": self.artifact.text_encoder_id,
            "sha256": self.artifact.sha256,
            "max_tokens": self.artifact.max_tokens,
            "largest_difference": self.agreement.largest_difference,
            "least_cosine": self.agreement.least_cosine,
            "bytes": self.path.stat().st_size,
        }


def import_towers(
    files: ModelFiles,
    out: Path,
    *,
    encoder_id: str = "",
    layer: int | None = None,
    spdx: str = "",
    audio_only: bool = False,
    show: Callable[[str, int, int], None] = lambda _, __, ___: None,
) -> tuple[ImportedEncoder, ImportedTextEncoder | None]:
    """As `import_encoder`, and for a CLAP model its text tower too, at `text_file_of(out)`: both files are written or neither.

    None beside the audio encoder where the model has no text tower, or `audio_only` leaves it out.
    """
    specification = read_text_specification(files) if has_text_tower(files) and not audio_only else None
    if specification is None:
        return import_encoder(files, out, encoder_id=encoder_id, layer=layer, spdx=spdx, show=show), None
    text_out = text_file_of(out)
    staged = out.with_name(f".{out.name}.{os.getpid()}.audio")
    staged_text = out.with_name(f".{out.name}.{os.getpid()}.text")
    try:
        audio = import_encoder(files, staged, encoder_id=encoder_id, layer=layer, spdx=spdx, show=show)
        show("text tower", 0, 1)
        artifact, agreement = _import_text(files, specification, audio.artifact, staged_text)
        staged_text.replace(text_out)
        staged.replace(out)
    finally:
        staged.unlink(missing_ok=True)
        staged_text.unlink(missing_ok=True)
    return audio, ImportedTextEncoder(text_out, artifact, agreement)


def _import_text(
    files: ModelFiles, specification: TextSpecification, audio: EncoderArtifact, out: Path
) -> tuple[TextEncoderArtifact, Agreement]:
    import onnx

    from leitmotif_services.workshop.encoder_import.torch_text_graph import text_graph_of
    from leitmotif_services.workshop.encoder_import.transformers_text_model import load_text_model

    loaded = load_text_model(specification, [files.path(name) for name in weight_names(files)])
    if loaded.dimension != audio.dimension:
        raise ImportRefusedError(f"the text tower gives {loaded.dimension} values, the audio tower {audio.dimension}")
    artifact = TextEncoderArtifact(
        text_encoder_id=f"{audio.encoder_id[:123]}-text",
        audio_encoder_id=audio.encoder_id,
        dimension=loaded.dimension,
        max_tokens=specification.max_tokens,
        pad_token_id=specification.pad_token_id,
        license=audio.license,
        description=f"Text embedding of a CLAP model, in the space of {audio.encoder_id}, imported from {audio.source}.",
        source=audio.source,
    )
    model = onnx.load_from_string(text_graph_of(loaded))
    metadata = {TEXT_METADATA_KEY: text_metadata_of(artifact), TOKENIZER_KEY: specification.tokenizer}
    onnx.helper.set_model_props(model, metadata)
    out.write_bytes(model.SerializeToString())
    try:
        engine = load_text_engine(out)
    except ServiceError as error:
        raise ImportRefusedError(f"the exported text tower does not run: {error.message}") from error
    phrases = comparison_phrases(engine)
    agreement = compare([loaded.reference(phrase) for phrase in phrases], _together(engine, phrases))
    refuse_disagreement(agreement)
    return engine.encoder, agreement


def comparison_phrases(engine: TextEngine) -> list[str]:
    """COMPARED_PHRASES that the tower can read, and the longest one made of them."""
    read, longest = [], ""
    for phrase in COMPARED_PHRASES:
        try:
            engine.tokens(phrase)
        except ServiceError:  # a vocabulary may lack whole scripts, and a tower may be short
            continue
        read.append(phrase)
    words = " ".join(COMPARED_PHRASES).split()
    for count in range(1, engine.encoder.max_tokens):
        phrase = " ".join(words[place % len(words)] for place in range(count))
        try:
            engine.tokens(phrase)
        except ServiceError:
            break
        longest = phrase
    return [*read, longest] if longest else read


def _together(engine: TextEngine, phrases: list[str]) -> Matrix:
    """(n, D): in as few calls of the graph as there may be, so that what is masked is compared as well."""
    rows = []
    for outcome in engine.embed_all(phrases).outcomes:
        if not isinstance(outcome, EmbeddedPhrase):
            raise ImportRefusedError(f"the exported text tower does not run: {outcome}")
        rows.append(outcome.embedding)
    if not rows:
        raise ImportRefusedError("the text tower reads none of the phrases that it would be compared on")
    return np.stack(rows)
