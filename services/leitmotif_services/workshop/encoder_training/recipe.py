"""What `leitmotif encoder train` is told: every number that the encoder depends on beside the seed, from a TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

DEFAULT_RECIPE = Path(str(files("leitmotif_services.workshop.encoder_training"))) / "leitmotif-music-1.toml"
"""What the package's own encoder was trained by."""

T = TypeVar("T")


class RecipeError(ValueError):
    """A recipe cannot be used; the text names the file, the key and what is wrong."""


@dataclass(frozen=True)
class CorpusRecipe:
    """What is composed."""

    styled_pieces: int
    """Pieces by `composer`, in its styles."""
    idiomatic_pieces: int
    """Pieces by `idioms`, in those of recorded music."""
    piece_s: float
    """Length of a piece."""


@dataclass(frozen=True)
class NetworkRecipe:
    """The convolutional network."""

    channels: tuple[int, ...]
    """Outputs of each layer."""
    strides: tuple[tuple[int, int], ...]
    """Of each layer, in time and in frequency."""
    dimension: int
    """Numbers that it adds to the embedding."""


@dataclass(frozen=True)
class FittingRecipe:
    """How the network is trained."""

    epochs: int
    batch_pieces: int
    shortest_excerpt_s: float
    longest_excerpt_s: float
    """Excerpts are of lengths between the two, drawn anew for every batch and view: files are of any length."""
    learning_rate: float
    weight_decay: float
    temperature: float
    """Of the contrastive loss."""
    contrast_weight: float
    kind_weight: float
    """Weight of telling styles and idioms apart."""
    attribute_weight: float
    """Weight of reading tempo, brightness, … off."""


@dataclass(frozen=True)
class ProjectionRecipe:
    """How statistics are projected."""

    dimension: int
    ridge: float
    """Added to the scatter within pieces, as a share of its mean: what composed music shows too little of is not blown up."""
    kind_share: float
    """Share of the scatter within styles and idioms in what is whitened, 0 to 1; the rest is the scatter within pieces."""
    emphasis: float
    """Exponent of the scatter between pieces in each direction: 0 leaves them as whitened, more favours what tells pieces
    apart, -0.5 makes all directions equal, noise among them."""


@dataclass(frozen=True)
class Recipe:
    """All of it."""

    encoder_id: str
    network_share: float
    """Share of the network in the squared length of an embedding, 0 to 1; the rest is the statistics'."""
    calibration_pieces: int
    """Pieces that the ranges of the int8 graph are measured on."""
    evaluation_pieces: int
    """New pieces that the figures of the model card are measured on."""
    corpus: CorpusRecipe
    network: NetworkRecipe
    fitting: FittingRecipe
    projection: ProjectionRecipe


def read_recipe(path: Path) -> Recipe:
    """The recipe of a TOML file; RecipeError where it cannot be read, lacks a key, has one too many, or one is out of range."""
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    try:
        recipe = _filled(Recipe, values, "")
        _check(recipe)
    except ValueError as error:
        raise RecipeError(f"{path}: {error}") from error
    return recipe


def _filled(kind: type[T], values: Mapping[str, Any], place: str) -> T:
    hints = get_type_hints(kind)
    expected = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if missing := sorted(expected - set(values)):
        raise ValueError(f"{place}{missing[0]} is missing")
    if unknown := sorted(set(values) - expected):
        raise ValueError(f"{place}{unknown[0]} is unknown; known are {', '.join(sorted(expected))}")
    return kind(**{name: _value(hints[name], value, f"{place}{name}") for name, value in values.items()})


def _value(kind: Any, value: Any, key: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind in (int, str):
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{key} must be {'a whole number' if kind is int else 'text'}, is {value!r}")
        return value
    if isinstance(value, Mapping) and hasattr(kind, "__dataclass_fields__"):
        return _filled(kind, value, f"{key}.")
    if isinstance(value, list) and key.endswith("channels"):
        return tuple(_value(int, each, key) for each in value)
    if isinstance(value, list) and key.endswith("strides") and all(isinstance(each, list) and len(each) == 2 for each in value):
        return tuple((_value(int, rows, key), _value(int, columns, key)) for rows, columns in value)
    raise ValueError(f"{key} cannot be {value!r}")


def _check(recipe: Recipe) -> None:
    """ValueError for the first number that is out of its range."""
    network, corpus, fitting = recipe.network, recipe.corpus, recipe.fitting
    if len(network.channels) != len(network.strides) or not network.channels:
        raise ValueError("network.channels and network.strides must be as long as each other")
    ranges = {
        "network_share": (recipe.network_share, 0.0, 1.0),
        "calibration_pieces": (recipe.calibration_pieces, 1, 10_000),
        "evaluation_pieces": (recipe.evaluation_pieces, 8, 100_000),
        "corpus.styled_pieces": (corpus.styled_pieces, 0, 1_000_000),
        "corpus.idiomatic_pieces": (corpus.idiomatic_pieces, 0, 1_000_000),
        "corpus pieces in all": (corpus.styled_pieces + corpus.idiomatic_pieces, 16, 1_000_000),
        "corpus.piece_s": (corpus.piece_s, 12.0, 600.0),
        "network.channels": (min(network.channels), 1, 4096),
        "network.strides": (min(min(stride) for stride in network.strides), 1, 8),
        "network.dimension": (network.dimension, 1, 4096),
        "fitting.epochs": (fitting.epochs, 1, 100_000),
        "fitting.batch_pieces": (fitting.batch_pieces, 2, 100_000),
        "fitting.shortest_excerpt_s": (fitting.shortest_excerpt_s, 0.5, fitting.longest_excerpt_s),
        "fitting.longest_excerpt_s": (fitting.longest_excerpt_s, 0.5, corpus.piece_s / 2),
        "fitting.learning_rate": (fitting.learning_rate, 1e-8, 1.0),
        "fitting.weight_decay": (fitting.weight_decay, 0.0, 1.0),
        "fitting.temperature": (fitting.temperature, 1e-3, 10.0),
        "fitting.contrast_weight": (fitting.contrast_weight, 0.0, 1e3),
        "fitting.kind_weight": (fitting.kind_weight, 0.0, 1e3),
        "fitting.attribute_weight": (fitting.attribute_weight, 0.0, 1e3),
        "projection.dimension": (recipe.projection.dimension, 1, 4096),
        "projection.ridge": (recipe.projection.ridge, 1e-9, 1e3),
        "projection.kind_share": (recipe.projection.kind_share, 0.0, 1.0),
        "projection.emphasis": (recipe.projection.emphasis, -0.5, 1.0),
    }
    for key, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise ValueError(f"{key} must be {low:g} to {high:g}, is {value!r}")
