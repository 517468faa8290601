"""The encoders that are loaded, by id."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.runtime.errors import Reason, ServiceError


class HasEncoder(Protocol):
    """Anything that embeds with one encoder."""

    @property
    def encoder(self) -> EncoderArtifact: ...


E = TypeVar("E", bound=HasEncoder)


class EncoderCatalogue(Generic[E]):
    """Engines by encoder id, the default one first."""

    def __init__(self, engines: Sequence[E], default_id: str = "") -> None:
        """`default_id` empty makes the first one the default. BUNDLE_CORRUPT when two encoders share an id but not their bytes;
        ENCODER_NOT_FOUND when the default is none of them.
        """
        self._engines: dict[str, E] = {}
        for engine in engines:
            known = self._engines.setdefault(engine.encoder.encoder_id, engine)
            if known.encoder.sha256 != engine.encoder.sha256:
                raise malformed(engine.encoder.encoder_id, "another encoder with this id is loaded already")
        self._default = self.find(default_id or next(iter(self._engines)))

    def find(self, encoder_id: str) -> E:
        """The engine of that id; empty stands for the default. ENCODER_NOT_FOUND."""
        engine = self._engines.get(encoder_id) if encoder_id else self._default
        if engine is None:
            shown = encoder_id[:128]
            raise ServiceError(Reason.ENCODER_NOT_FOUND, f"no encoder {shown!r} is loaded", encoder_id=shown)
        return engine

    def encoders(self) -> list[EncoderArtifact]:
        """Every encoder, the default one first, the others in the order they were given."""
        others = [engine.encoder for engine in self._engines.values() if engine is not self._default]
        return [self._default.encoder, *others]


def encoder_files(paths: Iterable[Path]) -> list[Path]:
    """Files as they are, folders as the .onnx files in them, by name. BUNDLE_CORRUPT when there is nothing at a path."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.glob("*.onnx"))
        elif path.is_file():
            found.append(path)
        else:
            raise malformed(path.name, "there is no such file or folder")
    return found
