"""Writes a trained model as a bundle: an immutable, checksummed folder that the prototypes service loads."""

import abc
import contextlib
import hashlib
import math
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes import manifest as bundle
from leitmotif_services.prototypes.bundle_records import check_prototypes, check_tracks, render_prototypes, render_tracks
from leitmotif_services.prototypes.manifest import FileEntry, Manifest, is_snippet_name, parse_manifest
from leitmotif_services.prototypes.model_arrays import check_shapes, check_values, stated_lengths
from leitmotif_services.prototypes.model_kinds import KINDS, ModelKind
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import ServiceError

Floats = NDArray[np.float32]

TEMPORARY_PREFIX = ".writing-"
"""Of a bundle that is not whole yet; no id starts with a dot, so no service takes it for a bundle."""


@dataclass(frozen=True, kw_only=True)
class Trained(abc.ABC):
    """What training ends with, whatever the kind. N tracks, K prototypes, embeddings of D dimensions; all arrays float32, finite.

    The arrays that `model_kinds.KINDS` names for the kind are attributes.
    """

    kind: str
    """Kind of model, one of `model_kinds.KINDS`."""
    encoder_id: str
    """Encoder that the embeddings were made with."""
    encoder_sha256: str
    """SHA-256 of that encoder's artifact, 64 lower-case hexadecimal digits."""
    tracks: Sequence[Track]
    """N ≥ 1 tracks; their order is that of the arrays' rows."""
    prototypes: Sequence[Prototype]
    """K ≥ 1 prototypes; their order is that of the columns and of every profile."""
    embeddings: Floats
    """(N, D): unit length."""
    affinities: Floats
    """(N, K), ≥ 0: how strongly each track expresses each prototype."""
    edit_gain: float
    """γ of the score, ≥ 0."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Figures measured in training, by name. They are part of the content: leave out what differs from run to run."""
    snippets: Mapping[str, bytes] = field(default_factory=dict)
    """Audio of the exemplars: file name → bytes. Every `Exemplar.snippet` that is not empty is a key."""
    taken_over_from: str | None = None
    """`profile_version` of the model whose prototypes it took over unchanged; None for prototypes of its own."""
    catalogue_revision: int = 0
    """Number of the last change of the catalogue that it holds."""

    @abc.abstractmethod
    def affinity_head(self) -> bytes:
        """The ONNX model that gives a later track its affinities: "embedding" (n, D) → "affinity" (n, K)."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel(Trained):
    """A trained `leitmotif`: s_i = h·v_i + γ Δ·a_i + b_i."""

    responses: Floats
    """(N, L): v, signed, for the L ≤ K prototypes that were trained: listening has weight on those, the first, alone."""
    bias: Floats
    """(N,): b."""
    head_weights: Floats
    """(K, D): W of the affinity head, sigmoid(W e + c)."""
    head_offsets: Floats
    """(K,): c of the affinity head."""

    def affinity_head(self) -> bytes:
        from leitmotif_services.prototypes.onnx_affinity_head import affinity_head

        return affinity_head(self.head_weights, self.head_offsets)


@dataclass(frozen=True, kw_only=True)
class TrainedApn(Trained):
    """A trained `apn`: s_i = W2_i · max(W1 max(h + γΔ, 0) + c, 0) + b_i, with H hidden units."""

    hidden_weights: Floats
    """(H, K): W1."""
    hidden_offsets: Floats
    """(H,): c."""
    output_weights: Floats
    """(N, H): W2."""
    bias: Floats
    """(N,): b."""
    attention_weights: Floats
    """(A, L, D): those of the attention of A heads to the L prototypes that were trained."""
    attention_offsets: Floats
    """(A, L)."""
    added_head_weights: Floats | None = None
    """(K − L, D): W of an affinity head, sigmoid(W e + c), for prototypes that were added; None where none was."""
    added_head_offsets: Floats | None = None
    """(K − L,): c of that head."""

    def affinity_head(self) -> bytes:
        from leitmotif_services.prototypes.onnx_affinity_head import attention_head

        added = None
        if self.added_head_weights is not None and self.added_head_offsets is not None:
            added = (self.added_head_weights, self.added_head_offsets)
        return attention_head(self.attention_weights, self.attention_offsets, added)


def write_bundle(
    model: Trained,
    models_root: Path,
    *,
    encoder_artifact: Path | None,
    temporary_prefix: str = TEMPORARY_PREFIX,
    index_storage: str = "auto",
    index_shards: int = 1,
) -> Path:
    """Write `model` below `models_root` and return the bundle's folder, named after its model version.

    The version is a hash of the content: the same model gives the same version, whenever it is written, and a bundle of that
    version that is there and verifies is kept as it is. The folder appears whole or not at all, and is on disk when
    this returns. `encoder_artifact`: the encoder's ONNX file, copied into the bundle. `temporary_prefix`: of the name of the
    folder that it is written in, for those who clear away what a crash left. `index_storage` and `index_shards`: see
    `IndexSettings`.

    ValueError names what is wrong with `model`: its kind, a shape, a value that is not finite, an id, a missing snippet.
    """
    # Loaded here: FAISS, safetensors and ONNX take a second, and commands import this module to show their help.
    from leitmotif_services.prototypes.safetensors_bundle import load_bundle

    arrays = _checked(model)
    models_root.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=temporary_prefix, dir=models_root))
    damaged = temporary.with_name(f"{temporary.name}-damaged")
    try:
        _write_files(model, arrays, temporary, encoder_artifact, index_storage, index_shards)
        manifest = _manifest(model, temporary)
        (temporary / bundle.MANIFEST).write_bytes(manifest.rendered())
        _sync_tree(temporary)
        temporary.chmod(0o755)  # mkdtemp's own mode would keep out a service that runs as another user
        final = models_root / manifest.model_version
        if final.exists():
            with contextlib.suppress(ServiceError):
                load_bundle(final, index="exact")
                return final
            final.rename(damaged)  # makes way for the same content, whole
        try:
            temporary.rename(final)
        except OSError:
            load_bundle(final, index="exact")  # another writer of the same content was faster
        _sync(models_root)
        return final
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(damaged, ignore_errors=True)


def _checked(model: Trained) -> dict[str, Floats]:
    """The arrays by name, once everything about the model was found right."""
    if not model.tracks or not model.prototypes:
        raise ValueError("a model needs at least one track and one prototype")
    check_tracks(model.tracks)
    check_prototypes(model.prototypes, model.snippets, len(model.tracks))
    for name in model.snippets:
        if not is_snippet_name(name):
            raise ValueError(f"snippet {name!r} needs a plain name that ends in one of {', '.join(bundle.MIME_TYPES)}")
    for name, figure in {"edit_gain": model.edit_gain, **model.metrics}.items():
        if not math.isfinite(figure):
            raise ValueError(f"{name} is {figure}, not a finite number")
    kind = _kind(model)
    axes = kind.axes(model.prototypes)
    if missing := [name for name in axes if getattr(model, name) is None]:
        raise ValueError(f"prototypes were added, but there is no {missing[0]}")
    arrays: dict[str, Floats] = {name: getattr(model, name) for name in axes}
    stated = stated_lengths(model.prototypes, tracks=len(model.tracks), dimension=model.embeddings.shape[-1])
    check_shapes(axes, stated, {name: (values.shape, str(values.dtype)) for name, values in arrays.items()})
    for name, values in arrays.items():
        check_values(name, values)
    return arrays


def _kind(model: Trained) -> ModelKind:
    kind = KINDS.get(model.kind)
    if kind is None or not all(hasattr(model, name) for name in (*kind.arrays, *kind.added)):
        raise ValueError(f"kind {model.kind!r} is none that {type(model).__name__} can be served as")
    return kind


def _write_files(
    model: Trained,
    arrays: Mapping[str, Floats],
    folder: Path,
    encoder_artifact: Path | None,
    index_storage: str,
    index_shards: int,
) -> None:
    from leitmotif_services.prototypes.safetensors_bundle import write_arrays
    from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
    from leitmotif_services.prototypes.search.faiss_index_files import write_index

    (folder / bundle.PROTOTYPES).write_bytes(render_prototypes(model.prototypes))
    (folder / bundle.CATALOGUE).write_bytes(render_tracks(model.tracks))
    write_arrays(arrays, folder / bundle.ARRAYS)
    write_index(_kind(model).scoring(arrays, model.edit_gain), folder, IndexSettings(index_storage, index_shards))
    (folder / bundle.AFFINITY_HEAD).write_bytes(model.affinity_head())
    if encoder_artifact is not None:
        shutil.copyfile(encoder_artifact, folder / bundle.ENCODER)
        with (folder / bundle.ENCODER).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != model.encoder_sha256:
                raise ValueError(f"{encoder_artifact} is not the artifact with the SHA-256 {model.encoder_sha256}")
    if model.snippets:
        (folder / bundle.SNIPPETS).mkdir()
        for name, content in model.snippets.items():
            (folder / bundle.SNIPPETS / name).write_bytes(content)


def _manifest(model: Trained, folder: Path) -> Manifest:
    manifest = Manifest(
        kind=model.kind,
        encoder_id=model.encoder_id,
        encoder_sha256=model.encoder_sha256,
        track_count=len(model.tracks),
        prototype_count=len(model.prototypes),
        dimension=model.embeddings.shape[1],
        edit_gain=float(model.edit_gain),
        metrics={name: float(figure) for name, figure in model.metrics.items()},
        created=datetime.now(UTC),
        taken_over_from=model.taken_over_from,
        catalogue_revision=model.catalogue_revision,
        files={path.relative_to(folder).as_posix(): _entry(path) for path in sorted(folder.rglob("*")) if path.is_file()},
    )
    try:
        return parse_manifest(manifest.rendered())
    except ServiceError as error:
        raise ValueError(error.message) from error


def _entry(path: Path) -> FileEntry:
    with path.open("rb") as file:
        return FileEntry(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            _sync(Path(parent) / name)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
