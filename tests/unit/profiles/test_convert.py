import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.convert import profile_message, scoring_view_of, vector_message
from leitmotif_services.profiles.store.profile_store import Include
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.presets import ActivePreset, PresetControl
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import PresetChoice, Viewed
from leitmotif_services.profiles.use_cases.scoring_view import ScoringView
from leitmotif_services.runtime.errors import ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))
LABELLED = PrototypeSpace("m1", SPACE.prototype_ids, ("Calm", "Loud", "Up tempo"))
FOCUS = ActivePreset("focus", 0.5, 1_700_000_000_000_001, {"fast": PresetControl(3.0), "calm": PresetControl(0.0, True)})


def profile_with_controls() -> Profile:
    profile = Profile.empty("u", SPACE, 0)
    profile = profile.with_events(profile.history.with_events([1.0], np.array([[1.0, -2.0, 0.5]], np.float32), [0], 0), 1)
    steps = [ControlChange("calm", ControlAction.BOOST, 0.1), ControlChange("loud", ControlAction.MUTE)]
    profile, _ = profile.edited(steps, SPACE, actor="", reason="", now_us=0)
    return profile.stamped(b"12345678", 1_700_000_000_000_001)


def test_a_profile_as_a_person_reads_it() -> None:
    message = profile_message(Viewed(profile_with_controls(), SPACE))
    rows = [(entry.prototype_id, entry.history, entry.edit, entry.muted, entry.weight) for entry in message.weights]
    assert rows == [
        ("calm", 1.0, 0.1, False, 1.1),
        ("loud", -2.0, 0.0, True, 0.0),
        ("fast", 0.5, 0.0, False, 0.5),
    ]
    assert (message.user_id, message.model_version, message.event_count) == ("u", "m1", 1)
    assert (message.can_undo, message.can_redo) == (True, False)
    assert (message.HasField("active_preset"), message.exclusion_count) == (False, 0)
    assert message.updated_at.ToMicroseconds() == 1_700_000_000_000_001
    assert not any(entry.HasField("pinned_history") or entry.label for entry in message.weights)
    # The names are copied from a shared template; writing weights must not reach it.
    blank = profile_message(Viewed(Profile.empty("v", SPACE, 0), SPACE))
    assert [(entry.history, entry.edit, entry.muted, entry.weight) for entry in blank.weights] == [(0.0, 0.0, False, 0.0)] * 3


def test_labels_are_those_registered_last() -> None:
    profile = profile_with_controls()
    for labels in (LABELLED.labels, ("still", "noisy", "quick"), ()):
        space = PrototypeSpace("m1", SPACE.prototype_ids, labels)
        for top in (0, 3):
            shown = {entry.prototype_id: entry.label for entry in profile_message(Viewed(profile, space), top=top).weights}
            assert shown == dict(zip(SPACE.prototype_ids, labels or ("",) * 3, strict=True))


@pytest.mark.parametrize("top", [0, 3])
def test_pins_and_the_preset_are_shown_with_what_they_do(top: int) -> None:
    profile = replace(profile_with_controls(), active_preset=FOCUS, exclusion_count=7)
    profile = replace(profile, controls={**profile.controls, 2: Control(3.5, False, 0.0)})
    message = profile_message(Viewed(profile, LABELLED), top=top)
    fast = next(entry for entry in message.weights if entry.prototype_id == "fast")
    assert (fast.history, fast.edit, fast.overlay, fast.weight) == (0.5, 3.5, 1.5, 4.0)
    assert (fast.HasField("pinned_history"), fast.pinned_history, fast.muted_by_preset) == (True, 0.0, False)
    calm = next(entry for entry in message.weights if entry.prototype_id == "calm")
    assert (calm.history, calm.edit, calm.muted, calm.muted_by_preset, calm.weight) == (1.0, 0.1, False, True, 0.0)
    assert (message.active_preset.preset_id, message.active_preset.share) == ("focus", 0.5)
    assert message.active_preset.expires_at.ToMicroseconds() == FOCUS.expires_at_us
    assert message.exclusion_count == 7


def test_top_goes_by_the_effective_weight_and_keeps_what_the_person_asked() -> None:
    profile = replace(profile_with_controls(), active_preset=FOCUS)
    message = profile_message(Viewed(profile, SPACE), top=1)
    assert [(entry.prototype_id, entry.weight) for entry in message.weights] == [("fast", 2.0), ("calm", 0.0), ("loud", 0.0)]
    plain = profile_message(Viewed(replace(profile, controls={}), SPACE), top=1)
    assert [entry.prototype_id for entry in plain.weights] == ["loud"]
    assert plain.active_preset.preset_id == "focus"


def test_a_profile_as_scores_read_it() -> None:
    vector = vector_message(Viewed(profile_with_controls(), SPACE))
    assert np.frombuffer(vector.history, "<f4").tolist() == [1.0, -2.0, 0.5]
    assert np.frombuffer(vector.edits, "<f4").tolist() == [np.float32(0.1), 0.0, 0.0]
    assert list(vector.muted) == [1]
    only_muted = vector_message(Viewed(replace(Profile.empty("u", SPACE, 0), controls={2: Control(0.0, True)}), SPACE))
    assert (only_muted.edits, list(only_muted.muted)) == (b"", [2])


def test_scores_read_pins_and_the_preset_as_they_count() -> None:
    profile = replace(profile_with_controls(), active_preset=FOCUS)
    profile = replace(profile, controls={**profile.controls, 2: Control(3.5, False, -7.0)})
    vector = vector_message(Viewed(profile, SPACE))
    assert np.frombuffer(vector.history, "<f4").tolist() == [1.0, -2.0, -7.0]
    assert np.frombuffer(vector.edits, "<f4").tolist() == [np.float32(0.1), 0.0, 4.0]
    assert list(vector.muted) == [0, 1]


@pytest.mark.parametrize("message", [pb.GetProfileVectorRequest, pb.PreviewEditRequest])
def test_what_scores_are_to_be_computed_with(message: Any) -> None:
    assert scoring_view_of(message()) == ScoringView()
    assert scoring_view_of(message()).include is Include.NOTHING
    asked = message(include_heard=True, include_hidden=True, preset=pb.AppliedPreset(preset_id="focus", share=0.5))
    assert scoring_view_of(asked) == ScoringView(heard=True, hidden=True, preset=PresetChoice("focus", 0.5))
    assert scoring_view_of(asked).include == Include.HEARD | Include.EXCLUSIONS | Include.PRESETS
    none = scoring_view_of(message(preset=pb.AppliedPreset()))
    assert (none, none.include) == (ScoringView(preset=PresetChoice("")), Include.NOTHING)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.0000001, math.nan, math.inf])
def test_a_share_out_of_bounds_is_named(share: float) -> None:
    with pytest.raises(ServiceError) as refused:
        scoring_view_of(pb.GetProfileVectorRequest(preset=pb.AppliedPreset(preset_id="focus", share=share)))
    assert refused.value.violations[0].field == "preset.share"


def test_a_preset_id_that_is_none_is_named() -> None:
    with pytest.raises(ServiceError) as refused:
        scoring_view_of(pb.PreviewEditRequest(preset=pb.AppliedPreset(preset_id="{focus}")))
    assert refused.value.violations[0].field == "preset.preset_id"
