"""The music that the encoder is trained on: composed, listened to through productions, and kept on disk in shards.

Each piece is heard as its own studio gave it out, and in variations of that: what stays is the piece, what changes is not.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.encoder_artifact import LOG_MEL, TONAL
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings, TrackFrames
from leitmotif_services.audio.segmentation import Segmentation, audible
from leitmotif_services.audio.waveform import Waveform, checked_samples
from leitmotif_services.workshop.code_hash import code_hash
from leitmotif_services.workshop.composer import compose_track
from leitmotif_services.workshop.encoder_training import productions
from leitmotif_services.workshop.encoder_training.encoder_graph import statistics_model
from leitmotif_services.workshop.encoder_training.recipe import CorpusRecipe
from leitmotif_services.workshop.encoder_training.statistics_graph import masking
from leitmotif_services.workshop.idioms import IDIOMS, compose_idiom

SHARD_PIECES = 32
CODED_S = 10.0
VERSIONS = 2
"""Of which the loudness is kept: the piece as its studio gave it out, and once more through another production."""

Statistics = NDArray[np.float64]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """One piece as the encoder hears it."""

    kind: str
    """Style or idiom, with the composer's name before it: "composer/jazz", "idioms/jazz"."""
    artist: str
    attributes: Mapping[str, float]
    """What is known of it; names differ between the composers."""
    loudness: NDArray[np.float16]
    """(VERSIONS, T, mel bands), nepers."""
    whole: Statistics
    """(S, F): segments of the piece."""
    varied: Statistics
    """(V, F): excerpts of it, and the piece through other productions."""


class Corpus:
    """The pieces of one recipe and seed, in a folder; what is there already is not composed again, unless the code that composes
    and listens has changed.
    """

    def __init__(self, folder: Path, recipe: CorpusRecipe, seed: int, settings: FrontEndSettings) -> None:
        key = sha256(repr((recipe, seed, settings, code_hash((__name__,)))).encode())
        self._folder = folder / f"corpus-{key.hexdigest()[:12]}"
        self._recipe = recipe
        self._seed = seed
        self._settings = settings

    def __len__(self) -> int:
        return self._recipe.styled_pieces + self._recipe.idiomatic_pieces

    def compose(self, workers: int, advance: Callable[[float], None]) -> None:
        """Write the shards that are missing, in `workers` processes; `advance(n)` after each n pieces."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = [shard for shard in self._shards() if self._read(shard) is None]
        advance(len(self) - sum(len(shard) for shard in missing))
        jobs = [(self._path(shard), shard, self._recipe, self._seed, self._settings) for shard in missing]
        with ProcessPoolExecutor(workers, get_context("spawn"), _start) as pool:
            for count in pool.map(_write_shard, jobs):
                advance(count)

    def pieces(self) -> Iterator[Piece]:
        """All pieces in their order; OSError where a shard is missing or damaged."""
        for shard in self._shards():
            pieces = self._read(shard)
            if pieces is None:
                raise OSError(0, "the shard is missing or damaged", str(self._path(shard)))
            yield from pieces

    def _shards(self) -> list[range]:
        return [range(start, min(start + SHARD_PIECES, len(self))) for start in range(0, len(self), SHARD_PIECES)]

    def _path(self, shard: range) -> Path:
        return self._folder / f"{shard.start:06}.npz"

    def _read(self, shard: range) -> list[Piece] | None:
        try:
            with self._path(shard).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return [_unpacked(stored, place) for place in range(len(shard))]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None


def _start() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"


def _write_shard(job: tuple[Path, range, CorpusRecipe, int, FrontEndSettings]) -> int:
    path, shard, recipe, seed, settings = job
    listener = Listener(settings)
    arrays: dict[str, NDArray[np.generic]] = {}
    for place, index in enumerate(shard):
        piece = listener.piece(*composed(recipe, seed, index), np.random.default_rng([seed, index, 9]))
        arrays[f"{place}.labels"] = np.array([piece.kind, piece.artist])
        arrays[f"{place}.attribute_names"] = np.array(list(piece.attributes))
        arrays[f"{place}.attributes"] = np.array(list(piece.attributes.values()), np.float64)
        arrays[f"{place}.loudness"] = piece.loudness
        arrays[f"{place}.whole"] = piece.whole
        arrays[f"{place}.varied"] = piece.varied
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    return len(shard)


def _unpacked(stored: Mapping[str, NDArray[np.generic]], place: int) -> Piece:
    kind, artist = (str(label) for label in stored[f"{place}.labels"])
    names, values = stored[f"{place}.attribute_names"], stored[f"{place}.attributes"]
    return Piece(
        kind=kind,
        artist=artist,
        attributes={str(name): float(value) for name, value in zip(names, values, strict=True)},
        loudness=stored[f"{place}.loudness"].astype(np.float16, copy=False),
        whole=stored[f"{place}.whole"].astype(np.float64, copy=False),
        varied=stored[f"{place}.varied"].astype(np.float64, copy=False),
    )


def composed(recipe: CorpusRecipe, seed: int, index: int) -> tuple[str, str, dict[str, float], Samples]:
    """Kind, artist, attributes and samples of a piece: the styled ones first, then the idioms in turn."""
    if index < recipe.styled_pieces:
        track = compose_track(seed * 1_000_003 + index, recipe.piece_s)
        told = track.attributes
        attributes = {
            "tempo_bpm": told.tempo_bpm,
            "swing": told.swing,
            "brightness": told.brightness,
            "density": told.density,
            "dynamics": told.dynamics,
            "reverb": told.reverb,
            "energy": told.energy,
            "valence": told.valence,
        }
        return f"composer/{told.style}", track.artist, attributes, track.waveform
    idiom = IDIOMS[index % len(IDIOMS)]
    piece = compose_idiom(idiom, seed * 1_000_003 + index, recipe.piece_s)
    return f"idioms/{idiom}", f"{idiom} {piece.band}", dict(piece.attributes), piece.waveform


class Listener:
    """Turns waveforms into what the encoder's graph computes of them."""

    def __init__(self, settings: FrontEndSettings) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(statistics_model(settings), options, ["CPUExecutionProvider"])
        self._front_end = FrontEnd(settings)
        self._masking = masking(settings)

    def piece(self, kind: str, artist: str, attributes: Mapping[str, float], samples: Samples, rng: np.random.Generator) -> Piece:
        """Hear a piece at the settings' rate through a studio of its own, and in variations."""
        rate_hz = self._front_end.settings.sample_rate_hz
        if rng.random() < 0.5:
            samples = productions.equalised(samples, rate_hz, rng, step_db=5.0)
        if rng.random() < 0.3:
            samples = productions.with_noise(samples, rng, quietest_db=60.0, loudest_db=25.0)
        original = self._frames(samples)
        remade = productions.produced(productions.equalised(samples, rate_hz, rng, step_db=3.0), rate_hz, rng)
        other = self._frames(productions.coded(remade, rate_hz, rng)[: len(samples)] if rng.random() < 0.4 else remade)
        varied = [self._statistics(productions.excerpt(samples, rate_hz, rng)) for _ in range(3)]
        varied += [self._statistics(productions.produced(samples, rate_hz, rng))[:2] for _ in range(2)]
        varied.append(self._statistics(productions.coded(samples[: int(CODED_S * rate_hz)], rate_hz, rng)))
        return Piece(
            kind=kind,
            artist=artist,
            attributes=attributes,
            loudness=np.stack([self._loudness(original), self._loudness(other)]),
            whole=self._statistics(samples, original),
            varied=np.concatenate([*varied, self._statistics(remade, other)]),
        )

    def _frames(self, samples: Samples) -> TrackFrames:
        rate_hz = self._front_end.settings.sample_rate_hz
        return self._front_end.analyse(Waveform(checked_samples(samples), rate_hz, len(samples) / rate_hz, rate_hz, 1))

    def _loudness(self, frames: TrackFrames) -> NDArray[np.float16]:
        return np.log(np.exp(frames.log_mel) @ self._masking).astype(np.float16)

    def _statistics(self, samples: Samples, frames: TrackFrames | None = None) -> Statistics:
        """(S, F) of the segments that an engine would cut."""
        settings = self._front_end.settings
        frames = self._frames(samples) if frames is None else frames
        segments = audible(Segmentation().cut(len(samples) / settings.sample_rate_hz), frames.frame_power, settings.grid)
        mel_ranges = settings.grid.ranges(segments, len(frames.log_mel))
        tonal_ranges = settings.tonal_grid.ranges(segments, len(frames.tonal))
        rows = [
            self._session.run(None, {LOG_MEL: frames.log_mel[mel][np.newaxis], TONAL: frames.tonal[tonal][np.newaxis]})[0]
            for mel, tonal in zip(mel_ranges, tonal_ranges, strict=True)
        ]
        return np.concatenate(rows).astype(np.float64)
