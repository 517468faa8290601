"""The port through which the workshop has files embedded: by processes of its own, or by the audio service."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leitmotif_services.audio.embedding import EmbeddedTrack


@dataclass(frozen=True)
class EncoderIdentity:
    """Which encoder makes the embeddings."""

    encoder_id: str
    sha256: str
    """Of its artifact, 64 lower-case hexadecimal digits."""


@dataclass(frozen=True)
class Refused:
    """Why a file has no embedding."""

    reason: str
    """One sentence for a person, without the file's name."""


class Embedder(Protocol):
    """Embeds audio files. One bad file does not stop the others."""

    @property
    def encoder(self) -> EncoderIdentity:
        """The encoder of every embedding."""
        ...

    def embed(self, paths: Iterable[Path]) -> Iterator[tuple[Path, EmbeddedTrack | Refused]]:
        """The outcome of each file, each path exactly once, in any order, as they are ready."""
        ...
