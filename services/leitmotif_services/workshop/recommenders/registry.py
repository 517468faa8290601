"""Every recommender by its name; its module is imported when it is asked for, and not before."""

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from leitmotif_services.workshop.recommenders.recommender import Recommender

_PACKAGE = "leitmotif_services.workshop.recommenders"

_CLASSES = {
    "leitmotif": "leitmotif:Leitmotif",
    "apn": "apn:Apn",
    "popularity": "popularity:Popularity",
    "item-neighbours": "item_neighbours:ItemNeighbours",
    "ease": "ease:Ease",
    "ease-tags": "ease_tags:EaseTags",
    "implicit-als": "implicit_als:ImplicitAls",
    "mult-vae": "mult_vae:MultVae",
    "macrid-vae": "macrid_vae:MacridVae",
    "proto-mf": "proto_mf:ProtoMf",
    "tag-cosine": "tag_cosine:TagCosine",
    "audio-cosine": "audio_cosine:AudioCosine",
}

NAMES = tuple(_CLASSES)

REFERENCE = "ease"
"""Every other is compared with this one, person by person."""

SWEPT = {"leitmotif": ("prototypes",), "apn": ("calibration", "separation")}
"""Settings whose effect on accuracy is shown: K, λ1 and λ2."""


class UnknownRecommenderError(Exception):
    """No recommender has the name; the text names those that there are."""


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The names as they are, each once; all of NAMES for none. UnknownRecommenderError for any other."""
    for name in names:
        if name not in _CLASSES:
            raise UnknownRecommenderError(f"no recommender is called {name!r}; there are {', '.join(NAMES)}")
    return tuple(dict.fromkeys(names)) or NAMES


def module_of(name: str) -> str:
    """Full name of the module that holds it."""
    return f"{_PACKAGE}.{_CLASSES[name].partition(':')[0]}"


def load(name: str) -> Recommender:
    """The recommender of a name in NAMES; ImportError where a library that it is made of is missing."""
    return cast(Recommender, getattr(import_module(module_of(name)), _CLASSES[name].partition(":")[2])())
