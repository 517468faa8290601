"""What is known of the items of a data set, and what cannot be measured without it: chance would pass for a result."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.listening.listening_data import ListeningData
from leitmotif_services.workshop.listening.splits import standardised

_NEEDED = {"audio-cosine": "audio", "tag-cosine": "tags"}
"""Recommenders that score all items alike without it."""

_WITHOUT = {
    "audio": "the data has no audio features that differ between items",
    "tags": "the data has no tags",
    "both": "the data has neither tags nor audio features that differ between items",
}


@dataclass(frozen=True)
class NotMeasured:
    """Something that a study leaves out."""

    what: str
    """A recommender's name, or a measure's as the results have it."""
    why: str


@dataclass(frozen=True)
class KnownContent:
    """What recommenders can go by, besides listening."""

    audio: bool
    """Some column differs between items that have it."""
    tags: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """What the cold start is measured from: names of `cold_start` in a study's parts."""
        return (*(("audio_and_tags",) if self.audio or self.tags else ()), *(("audio",) if self.audio else ()))

    def not_measured(self, models: Sequence[str]) -> tuple[NotMeasured, ...]:
        """Of the models that are asked for, and of the measures."""
        absent = {"audio": not self.audio, "tags": not self.tags}
        if not any(absent.values()):
            return ()
        what = [model for model in models if model in _NEEDED and absent[_NEEDED[model]]]
        what += ["control"] if absent["tags"] else []
        what += ["cold_start"] if all(absent.values()) else ["cold_start from audio alone"] if absent["audio"] else []
        why = _WITHOUT["both" if all(absent.values()) else "audio" if absent["audio"] else "tags"]
        return tuple(NotMeasured(each, why) for each in [*what, "fidelity"])


def known_content(data: ListeningData) -> KnownContent:
    """What is known of the items of `data`."""
    audio = standardised(data.audio, np.arange(len(data.item_ids)))
    return KnownContent(audio=bool(audio.any()), tags=bool(len(data.tagging.items)))
