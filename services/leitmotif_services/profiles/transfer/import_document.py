"""Reads what `export_document` writes, and what the release before wrote. Hostile until validated.

Every value is held to what the methods allow that it came by, and named in the error by its path. A key that the schema does not
have is refused: nothing that a person brings along is passed over in silence. And a document must agree with itself: controls
with the edits that made them, sequences with the logs, sums with the number of events. Times still to come are taken as now.
"""

from collections.abc import Callable, Mapping

from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.edit_replay import replayed
from leitmotif_services.profiles.taste.profile import Profile, Version
from leitmotif_services.profiles.transfer import export_document, first_schema
from leitmotif_services.profiles.transfer.control_parts import read_carried, read_controls, read_edits, read_redoable
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.json_convert import DocumentPlace
from leitmotif_services.profiles.transfer.listening_parts import MOST_SEQUENCE, read_events, read_history
from leitmotif_services.profiles.transfer.overlay_parts import read_active_preset, read_exclusions, read_presets
from leitmotif_services.profiles.transfer.strict_json import JsonObject, not_an_export, read_json

_SHOWN_CHARACTERS = 64


def read_document(text: str, now_us: int) -> Everything:
    """Everything that a document holds, for no user yet, and under a space of the prototypes that it lists.

    EXPORT_UNREADABLE for what is no export, or of another schema; FIELD_INVALID; LIMIT_EXCEEDED.
    """
    document = read_json(text)
    schema = document.get("schema") if isinstance(document, JsonObject) else None
    if not isinstance(schema, str):
        raise not_an_export("json is no exported profile: that is an object with a `schema`")
    read = _READERS.get(schema)
    if read is None:
        shown = ascii(schema[:_SHOWN_CHARACTERS])[1:-1]
        raise not_an_export(f"json is of schema {shown!r}, this release reads {' and '.join(sorted(_READERS))}", shown)
    return read(DocumentPlace(document), now_us)


_FIELDS = (
    "schema",
    "user_id",
    "model_version",
    "etag",
    "created_at",
    "updated_at",
    "controls",
    "settled",
    "carried",
    "history",
    "last_edit",
    "edits",
    "redoable",
    "last_event",
    "events",
    "exclusions",
    "presets",
    "active_preset",
)


def _read_second_schema(document: DocumentPlace, now_us: int) -> Everything:
    fields = document.fields(*_FIELDS)
    fields["user_id"].identifier()
    fields["etag"].text(first_schema.MOST_ETAG_CHARACTERS)
    model_version = fields["model_version"].identifier()
    last_event = fields["last_event"].whole_number(0, MOST_SEQUENCE)
    space, history = read_history(fields["history"], model_version, last_event, now_us)
    events = read_events(fields["events"], now_us)
    if len(events) > last_event:
        fields["last_event"].refuse(f"must be at least {len(events)}, the number of `events`; is {last_event}")
    edits = read_edits(fields["edits"], now_us)
    last_edit = fields["last_edit"].whole_number(0, MOST_SEQUENCE)
    if edits.logged and last_edit != edits.logged[-1].sequence:
        fields["last_edit"].refuse(f"must be {edits.logged[-1].sequence}, the sequence of the last of `edits`; is {last_edit}")
    controls = read_controls(fields["controls"], space)
    settled = read_controls(fields["settled"], space)
    carried = read_carried(fields["carried"], space)
    if replayed(settled, edits.in_force(), space, carried) != controls:
        fields["controls"].refuse("must be what the edits that are not undone make of `settled`")
    exclusions = read_exclusions(fields["exclusions"])
    profile = Profile(
        user_id="",
        model_version=model_version,
        history=history,
        version=Version(0, bytes(8)),
        created_at_us=min(fields["created_at"].time_us(), now_us),
        updated_at_us=min(fields["updated_at"].time_us(), now_us),
        controls=controls,
        last_edit=last_edit,
        undoable=edits.undoable,
        redoable=read_redoable(fields["redoable"], edits),
        last_event=last_event,
        settled=settled,
        carried=carried,
        exclusion_count=len(exclusions),
        active_preset=fields["active_preset"].unless_null(lambda active: read_active_preset(active, now_us)),
    )
    logged = tuple(LoggedEvent(sequence, event) for sequence, event in enumerate(events, last_event - len(events) + 1))
    return Everything(profile, space, edits.logged, logged, exclusions, read_presets(fields["presets"], now_us))


_READERS: Mapping[str, Callable[[DocumentPlace, int], Everything]] = {
    export_document.SCHEMA: _read_second_schema,
    first_schema.SCHEMA: first_schema.read_first_schema,
}
