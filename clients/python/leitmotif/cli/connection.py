"""What every command that calls the platform has: its options, a client, and failures told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif._settings import DEFAULT_ADDRESS
from leitmotif.cli.console import fail

if TYPE_CHECKING:
    from leitmotif import Client, LeitmotifError

AddressOption = Annotated[str, typer.Option("--address", help="host:port of the gateway.", envvar="LEITMOTIF_ADDRESS")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text for people.")]
UserArgument = Annotated[str, typer.Argument(help="Id of the user.", metavar="USER", show_default=False)]

__all__ = ["DEFAULT_ADDRESS", "AddressOption", "JsonOption", "UserArgument", "connected"]


@contextmanager
def connected(address: str) -> Iterator["Client"]:
    """A client of `address`; a LeitmotifError inside the block ends the command with exit code 1 and one line."""
    from leitmotif import Client, LeitmotifError, RetryPolicy

    try:
        client = Client(address, retry=RetryPolicy(attempts=4))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with client:
        try:
            yield client
        except LeitmotifError as error:
            fail(advice(error, client.address))


def advice(error: "LeitmotifError", address: str) -> str:
    """What happened and, where it is known, what to do about it."""
    from leitmotif import InternalError, Reason, UnavailableError, UnimplementedError

    if isinstance(error, UnavailableError) and not error.reason:
        return f"no server answers at {address}: start one with `leitmotif up`, or name another with --address"
    if isinstance(error, UnimplementedError) and not error.reason:
        return f"the server at {address} does not offer this: is it a Leitmotif gateway, and as new as this command?"
    hints = {
        Reason.PROFILE_NOT_FOUND: "`leitmotif listen USER TRACK...` makes a profile from what was heard",
        Reason.TRACK_NOT_FOUND: "`leitmotif tracks list` shows what there is",
        Reason.PROTOTYPE_NOT_FOUND: "`leitmotif prototypes list` shows what there is",
        Reason.MODEL_NOT_FOUND: "`leitmotif models list` shows what there is",
        Reason.ENCODER_READS_NO_TEXT: "give --track or --clip instead, or load a text tower beside the encoder",
        Reason.ENCODER_NOT_FOUND: "the audio service must load the model's encoder: see LEITMOTIF_AUDIO_ENCODERS",
        Reason.AUDIO_FORMAT_UNKNOWN: "WAV, FLAC, OGG, MP3 and M4A are read",
        Reason.FILTER_CONTRADICTORY: "no track can pass these options together",
        Reason.NO_EARLIER_MODEL: "`leitmotif models list` shows what there is, `leitmotif models activate VERSION` chooses",
        Reason.BUNDLE_CORRUPT: "build it anew; the model that answered before goes on answering",
        Reason.MODEL_NOT_LOADED: "build one with `leitmotif ingest`, then activate it with `leitmotif models activate VERSION`",
        Reason.PRESET_NOT_FOUND: "`leitmotif profile presets list USER` shows what there is",
        Reason.EDIT_NOT_FOUND: "`leitmotif profile history USER` shows what there is",
        Reason.PROFILE_EXISTS: "--replace puts the document in its place",
        Reason.ETAG_MISMATCH: "somebody else changed the profile meanwhile; look at it and decide again",
        Reason.STORE_UNAVAILABLE: "try again in a moment",
        Reason.UPSTREAM_UNAVAILABLE: "try again in a moment",
        Reason.SERVER_DRAINING: "try again in a moment",
        Reason.OVERLOADED: "try again in a moment",
    }
    # The request id is for whoever reads the server's log; a refusal that explains itself needs no log.
    text = str(error) if isinstance(error, InternalError) or not error.reason else error.message
    hint = hints.get(error.reason)  # type: ignore[call-overload] # a reason that is no key has no hint
    return f"{text}; {hint}" if hint else text
