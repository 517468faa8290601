"""Every field of every message is filled from the domain, and profiles come back as they were sent."""

import dataclasses
from typing import get_args

import numpy as np
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.manifest import MIME_TYPES
from leitmotif_services.prototypes.prototype import Exemplar, Fidelity, Prototype, Source
from leitmotif_services.prototypes.ranking.explanation import Contribution, Explanation
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack
from leitmotif_services.prototypes.track import Track

TRACK = Track("t", "Title", "Artist", 2.5, ("a", "b"), 1999, {"language": "de"}, {"bpm": 96.5})
PROTOTYPE = Prototype(
    "p",
    "label",
    "A test.",
    "discovered",
    Fidelity(0.5, 0.25, 3, weak=True),
    (Exemplar("t", "Title", "Artist", 1.0, 5.0, 0.75, "x.flac"),),
    1,
)


def assert_filled(message: Message) -> None:
    """Every field is set, in the messages inside too."""
    filled = {descriptor.name for descriptor, _ in message.ListFields()}
    assert filled == {descriptor.name for descriptor in message.DESCRIPTOR.fields}
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None and not descriptor.message_type.full_name.startswith("google.protobuf"):
            for item in [value] if isinstance(value, Message) else [item for item in value if isinstance(item, Message)]:
                assert_filled(item)


def test_prototype() -> None:
    message = convert.prototype_message(PROTOTYPE, position=4, expressed_affinity=0.5, expressed_tracks=7, hidden=True)
    assert_filled(message)
    assert (message.position, message.expressed_affinity, message.expressed_tracks) == (4, 0.5, 7)
    assert message.exemplars[0].mime_type == "audio/flac"


def test_scored_track() -> None:
    explanation = Explanation(1.5, 0.25, (Contribution(1, 1.0, 0.5, 0.75),), 0.25, "Because.")
    message = convert.scored_track_message(
        RankedTrack(TRACK, 3, explanation), [PROTOTYPE, dataclasses.replace(PROTOTYPE, label="x")]
    )
    assert_filled(message)
    assert (message.track.tags, message.contributions[0].label) == (["a", "b"], "x")


def test_every_source_has_its_wire_value() -> None:
    assert set(convert.SOURCES) == set(get_args(Source))
    assert set(convert.SOURCES.values()) == set(pb2.PrototypeSource.values()) - {pb2.PROTOTYPE_SOURCE_UNSPECIFIED}


def test_every_snippet_has_a_mime_type() -> None:
    assert all(convert.mime_type_of(f"x{extension}") == mime_type for extension, mime_type in MIME_TYPES.items())
    assert convert.mime_type_of("") == ""


def test_float_matrix() -> None:
    rows = np.array([[1.5, -2.0], [0.0, 3.25], [1e-3, 7.0]], dtype=np.float32)
    for sent in (rows, rows[:0], np.asfortranarray(rows)):
        message = convert.float_matrix(sent)
        back = np.frombuffer(message.values, "<f4").reshape(-1, message.dimension)
        np.testing.assert_array_equal(back, sent)


weights = st.floats(-(2.0**19), 2.0**19, width=32)


@given(st.lists(st.tuples(weights, weights, st.booleans()), min_size=1, max_size=20), st.booleans())
def test_profile(entries: list[tuple[float, float, bool]], edited: bool) -> None:
    history, edits, mutes = (list(column) for column in zip(*entries, strict=True))
    muted = [position for position, mute in enumerate(mutes) if mute]
    message = vectors_pb2.ProfileVector(
        model_version="v",
        history=np.array(history, "<f4").tobytes(),
        edits=np.array(edits, "<f4").tobytes() if edited else b"",
        muted=muted,
    )
    profile = convert.profile_of(message, model_version="v", prototype_count=len(entries))
    assert profile.history.tolist() == history
    assert profile.edits.tolist() == (edits if edited else [0.0] * len(entries))
    assert profile.muted == tuple(muted)
    active = profile.without_muted()
    assert active.history.tolist() == [0.0 if mute else value for value, mute in zip(history, mutes, strict=True)]
    assert profile.history.tolist() == history
