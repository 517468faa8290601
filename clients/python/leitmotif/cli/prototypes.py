"""`leitmotif prototypes`: what profiles are made of, to read and to hear."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.audio_player import SUFFIXES, play, player_for
from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, connected
from leitmotif.cli.console import fail, print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.prototype_names import prototype_named
from leitmotif.cli.rendering import listing, plain

if TYPE_CHECKING:
    from leitmotif.types import Prototype

app = typer.Typer(help="Read and hear what profiles are made of.", no_args_is_help=True)

PrototypeArgument = Annotated[str, typer.Argument(help="Id or label of the prototype.", metavar="PROTOTYPE", show_default=False)]


@app.command("list")
def list_(address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """List the prototypes of the active model.

    Examples:

        leitmotif prototypes list
    """
    with connected(address) as client:
        prototypes = list(client.prototypes.list())
    if as_json:
        print_json({"prototypes": json_value(prototypes)})
        return
    table = listing("Prototype", "Id", "From", "Fidelity", "Tracks", "To hear")
    for prototype in prototypes:
        to_hear = sum(bool(exemplar.mime_type) for exemplar in prototype.exemplars)
        cells = (prototype.label, prototype.prototype_id, prototype.source.value, _fidelity(prototype))
        table.add_row(*map(plain, cells), str(prototype.expressed_tracks), str(to_hear))
    stdout.print(table)


@app.command()
def show(prototype: PrototypeArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Describe a prototype and the snippets that show what it sounds like.

    Examples:

        leitmotif prototypes show piano
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list())
    if as_json:
        print_json(json_value(found))
        return
    stdout.print(plain(f"{found.label} ({found.prototype_id})", "bold"))
    stdout.print(plain(found.description))
    stdout.print(plain(f"From: {found.source.value}. Fidelity: {_fidelity(found) or 'not measured'}."))
    stdout.print(f"Tracks that express it (affinity {found.expressed_affinity:.3f} or more): {found.expressed_tracks}.")
    table = listing("#", "Exemplar", "At", "Affinity", "")
    for index, exemplar in enumerate(found.exemplars):
        name = f"{exemplar.title or exemplar.track_id}" + (f" – {exemplar.artist}" if exemplar.artist else "")
        stretch = f"{exemplar.start_s:.1f} s + {exemplar.duration_s:.1f} s"
        no_audio = "" if exemplar.mime_type else "no audio"
        table.add_row(str(index), plain(name), stretch, f"{exemplar.affinity:.3f}", no_audio)
    stdout.print(table)


@app.command("play")
def play_(
    prototype: PrototypeArgument,
    index: Annotated[int, typer.Option("--index", help="Which exemplar, from 0.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; a temporary one when not given.")] = None,
    silent: Annotated[bool, typer.Option("--silent", help="Write the file and do not play it.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Hear what a prototype sounds like: a snippet of a real track.

    Without a player on PATH (ffplay, mpv, pw-play, paplay, afplay, play, aplay), says where the file is.

    Examples:

        leitmotif prototypes play piano

        leitmotif prototypes play piano --index 1 --out piano.ogg --silent
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list())
        content = client.prototypes.exemplar_audio(found.prototype_id, index)
    exemplar = found.exemplars[index]
    file = _write(content, out, SUFFIXES.get(exemplar.mime_type, ".bin"))
    player = None if silent else player_for(file.suffix)
    if not as_json:
        title = f"{found.label}: {exemplar.title or exemplar.track_id}" + (f" – {exemplar.artist}" if exemplar.artist else "")
        stdout.print(plain(f"{title}, {exemplar.duration_s:.1f} s from {exemplar.start_s:.1f} s"))
    played = player is not None and play(player, file)
    if as_json:
        print_json({"prototype_id": found.prototype_id, "index": index, "file": str(file), "played": played})
    elif played:
        stdout.print(plain(f"Kept as {file}", "dim"))
    else:
        why = "" if silent else f" ({player[0]} could not play it)" if player else " (no player found on PATH)"
        stdout.print(plain(f"Wrote {file}{why}"), soft_wrap=True)


def _write(content: bytes, out: Path | None, suffix: str) -> Path:
    try:
        if out is not None:
            out.write_bytes(content)
            return out
        with tempfile.NamedTemporaryFile(prefix="leitmotif-", suffix=suffix, delete=False) as file:
            file.write(content)
            return Path(file.name)
    except OSError as error:
        fail(f"cannot write {error.filename or out}: {error.strerror}")


def _fidelity(prototype: "Prototype") -> str:
    if prototype.fidelity is None:
        return ""
    return f"{prototype.fidelity.roc_auc:.2f}" + (" weak" if prototype.fidelity.weak else "")
