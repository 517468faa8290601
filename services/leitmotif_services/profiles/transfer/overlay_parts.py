"""The parts of an imported document that lie beside a profile or over it: exclusions and presets."""

from collections.abc import Callable

from leitmotif_services.profiles.taste.exclusions import LIMITS, Exclusions, TimeRange
from leitmotif_services.profiles.taste.presets import MOST_CONTROLS, MOST_PRESETS, ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.transfer.control_parts import read_edit_value
from leitmotif_services.profiles.transfer.json_convert import DocumentPlace
from leitmotif_services.profiles.transfer.listening_parts import MOST_LABEL_CHARACTERS

MOST_PRESET_LABEL_CHARACTERS = 64
MOST_ARTIST_CHARACTERS = 256
LONGEST_PRESET_US = 366 * 24 * 3600 * 1_000_000


def read_exclusions(place: DocumentPlace) -> Exclusions:
    """Sets of entries; a repeat is no other entry."""
    fields = place.fields(*LIMITS)

    def entries(name: str, read: Callable[[DocumentPlace], str]) -> frozenset[str]:
        return frozenset(map(read, fields[name].items(maximum=LIMITS[name])))

    return Exclusions(
        hidden_track_ids=entries("hidden_track_ids", DocumentPlace.identifier),
        hidden_artists=entries("hidden_artists", _read_artist),
        uncounted_track_ids=entries("uncounted_track_ids", DocumentPlace.identifier),
        uncounted_artists=entries("uncounted_artists", _read_artist),
        uncounted_ranges=frozenset(map(_read_range, fields["uncounted_ranges"].items(maximum=LIMITS["uncounted_ranges"]))),
    )


def _read_artist(place: DocumentPlace) -> str:
    artist = place.text(MOST_ARTIST_CHARACTERS)
    if not artist:
        place.refuse("must not be empty")
    return artist


def _read_range(place: DocumentPlace) -> TimeRange:
    fields = place.fields("start", "end")
    start_us = fields["start"].unless_null(DocumentPlace.time_us)
    end_us = fields["end"].unless_null(DocumentPlace.time_us)
    if start_us is None and end_us is None:
        place.refuse("must have a start or an end")
    if start_us is not None and end_us is not None and end_us <= start_us:
        fields["end"].refuse("must be after the start")
    return TimeRange(start_us, end_us)


def read_presets(place: DocumentPlace, now_us: int) -> dict[str, Preset]:
    """Presets by id."""
    presets: dict[str, Preset] = {}
    for entry in place.items(maximum=MOST_PRESETS):
        fields = entry.fields("preset_id", "label", "updated_at", "controls")
        preset_id = fields["preset_id"].identifier()
        if preset_id in presets:
            fields["preset_id"].refuse("must not be given twice")
        presets[preset_id] = Preset(
            preset_id=preset_id,
            label=fields["label"].text(MOST_PRESET_LABEL_CHARACTERS),
            controls=_read_preset_controls(fields["controls"]),
            updated_at_us=min(fields["updated_at"].time_us(), now_us),
        )
    return presets


def read_active_preset(place: DocumentPlace, now_us: int) -> ActivePreset:
    """The preset in force, which may be over by now."""
    fields = place.fields("preset_id", "share", "expires_at", "controls")
    share = fields["share"].number(0.0, 1.0)
    if share == 0.0:
        fields["share"].refuse("must be above 0")
    expires_at_us = fields["expires_at"].unless_null(DocumentPlace.time_us)
    if expires_at_us is not None and expires_at_us > now_us + LONGEST_PRESET_US:
        fields["expires_at"].refuse("must be at most a year from now")
    return ActivePreset(fields["preset_id"].identifier(), share, expires_at_us, _read_preset_controls(fields["controls"]))


def _read_preset_controls(place: DocumentPlace) -> dict[str, PresetControl]:
    controls: dict[str, PresetControl] = {}
    for entry in place.items(minimum=1, maximum=MOST_CONTROLS):
        fields = entry.fields("prototype_id", "edit", "muted", optional=("label",))
        fields["label"].unless_null(lambda label: label.text(MOST_LABEL_CHARACTERS))
        prototype_id = fields["prototype_id"].identifier()
        if prototype_id in controls:
            fields["prototype_id"].refuse("must not be given twice")
        controls[prototype_id] = PresetControl(read_edit_value(fields["edit"]), fields["muted"].flag())
    return controls
