"""Models for the tests of this part: one whose every figure can be worked out by hand, and random ones."""

import dataclasses
from pathlib import Path

import numpy as np

from leitmotif_services.prototypes.bundle_writing import Trained, TrainedApn, TrainedModel, write_bundle
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Exemplar, Fidelity, Prototype
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.prototypes.track import Track

ENCODER_SHA256 = "5" * 64

PIANO_AUDIO = bytes(range(256)) * 600
"""153,600 bytes: two whole chunks of 64 KiB and a part of a third."""


def by_hand() -> TrainedModel:
    """3 tracks × 2 prototypes, γ = 2; every value is a sum of few powers of two, so float32 holds it exactly.

    | track | v            | a            | b    | expresses |
    | ----- | ------------ | ------------ | ---- | --------- |
    | ada   | (1, -0.5)    | (0.75, 0.25) | 0.5  | piano     |
    | bix   | (0.5, 1)     | (0.25, 1)    | 0.25 | calm      |
    | cab   | (-1, 0.25)   | (0, 0.5)     | 1    |           |
    """
    return TrainedModel(
        kind="leitmotif",
        encoder_id="mel-cnn-1",
        encoder_sha256=ENCODER_SHA256,
        tracks=[
            Track("ada", "Étude in C", "Ada", 61.5, ("piano", "solo")),
            Track("bix", "Still Water", "Bix", 120.0, ("calm",)),
            Track("cab", "Minnie", "Cab", 0.0, ()),
        ],
        prototypes=[
            Prototype(
                "piano",
                "piano",
                "A piano leads.",
                "tag",
                Fidelity(0.9, 0.75, 12, weak=False),
                (
                    Exemplar("ada", "Étude in C", "Ada", 12.0, 5.0, 0.875, "piano-0.ogg"),
                    Exemplar("bix", "Still Water", "Bix", 0.0, 5.0, 0.25, ""),
                ),
                1,
            ),
            Prototype("calm", "calm", "Slow and soft.", "discovered", None, (), 1),
        ],
        embeddings=np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32),
        affinities=np.array([[0.75, 0.25], [0.25, 1.0], [0.0, 0.5]], dtype=np.float32),
        responses=np.array([[1.0, -0.5], [0.5, 1.0], [-1.0, 0.25]], dtype=np.float32),
        bias=np.array([0.5, 0.25, 1.0], dtype=np.float32),
        edit_gain=2.0,
        head_weights=np.array([[2.0, -1.0, -3.0], [0.5, 4.0, 0.0]], dtype=np.float32),
        head_offsets=np.array([-0.5, 0.25], dtype=np.float32),
        metrics={"ndcg@100": 0.5},
        snippets={"piano-0.ogg": PIANO_AUDIO},
    )


def profile(history: tuple[float, ...], edits: tuple[float, ...] = (), muted: tuple[int, ...] = ()) -> Profile:
    """A profile from plain numbers; no edits stand for zeros."""
    weights = np.array(history, dtype=np.float32)
    return Profile(weights, np.array(edits, dtype=np.float32) if edits else np.zeros_like(weights), muted)


def random_model(seed: int, *, tracks: int, prototypes: int, levels: int = 0) -> TrainedModel:
    """A random model; with `levels`, its values come from so few steps that many scores tie exactly."""
    random = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        values = random.integers(-levels, levels + 1, size=shape) / 4 if levels else random.normal(size=shape)
        return values.astype(np.float32)

    dimension = 8
    return TrainedModel(
        kind="leitmotif",
        encoder_id="mel-cnn-1",
        encoder_sha256=ENCODER_SHA256,
        tracks=[Track(f"track-{n}", f"Title {n}", f"Artist {n % 7}", 30.0, ("tag",)) for n in range(tracks)],
        prototypes=[
            Prototype(f"p{k}", f"label {k}", "A test.", "discovered", None, (), -(-tracks // 10)) for k in range(prototypes)
        ],
        embeddings=random.normal(size=(tracks, dimension)).astype(np.float32),
        affinities=np.maximum(draw(tracks, prototypes), 0),
        responses=draw(tracks, prototypes),
        bias=draw(tracks),
        edit_gain=1.5,
        head_weights=draw(prototypes, dimension),
        head_offsets=draw(prototypes),
    )


def by_hand_apn() -> TrainedApn:
    """The tracks and prototypes of `by_hand` with H = 2 hidden units: z = (w_piano − w_calm, w_calm − 1), γ = 2.

    | track | W2        | b    | a            |
    | ----- | --------- | ---- | ------------ |
    | ada   | (1, -0.5) | 0.5  | (0.75, 0.25) |
    | bix   | (0.5, 1)  | 0.25 | (0.25, 0.75) |
    | cab   | (-1, 2)   | 1    | (0.5, 0.5)   |
    """
    linear = by_hand()
    return TrainedApn(
        kind="apn",
        encoder_id=linear.encoder_id,
        encoder_sha256=linear.encoder_sha256,
        tracks=linear.tracks,
        prototypes=linear.prototypes,
        embeddings=linear.embeddings,
        affinities=np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], dtype=np.float32),
        edit_gain=2.0,
        metrics=linear.metrics,
        snippets=linear.snippets,
        hidden_weights=np.array([[1.0, -1.0], [0.0, 1.0]], dtype=np.float32),
        hidden_offsets=np.array([0.0, -1.0], dtype=np.float32),
        output_weights=np.array([[1.0, -0.5], [0.5, 1.0], [-1.0, 2.0]], dtype=np.float32),
        bias=np.array([0.5, 0.25, 1.0], dtype=np.float32),
        attention_weights=np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]], dtype=np.float32),
        attention_offsets=np.zeros((2, 2), np.float32),
    )


def random_apn(seed: int, *, tracks: int, prototypes: int, hidden: int = 6) -> TrainedApn:
    """A random model; affinities are attention, so rows sum to 1."""
    random = np.random.default_rng(seed)
    linear = random_model(seed, tracks=tracks, prototypes=prototypes)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return random.normal(size=shape).astype(np.float32)

    return TrainedApn(
        kind="apn",
        encoder_id=linear.encoder_id,
        encoder_sha256=linear.encoder_sha256,
        tracks=linear.tracks,
        prototypes=linear.prototypes,
        embeddings=linear.embeddings,
        affinities=random.dirichlet(np.full(prototypes, 0.5), size=tracks).astype(np.float32),
        edit_gain=1.5,
        hidden_weights=draw(hidden, prototypes),
        hidden_offsets=draw(hidden),
        output_weights=draw(tracks, hidden),
        bias=draw(tracks),
        attention_weights=draw(2, prototypes, 8),
        attention_offsets=draw(2, prototypes),
    )


def retitled(model: TrainedModel, suffix: str) -> TrainedModel:
    """The same model with other titles: another version that ranks alike."""
    tracks = [dataclasses.replace(track, title=track.title + suffix) for track in model.tracks]
    return dataclasses.replace(model, tracks=tracks)


def served(model: Trained, root: Path, index: str = "exact") -> ServedModel:
    """The model after a round trip through a bundle below `root`."""
    return load_bundle(write_bundle(model, root, encoder_artifact=None), index=index)
