"""`leitmotif prototypes`: what profiles are made of, to read, to hear, to make and to name."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.audio_player import SUFFIXES, play, player_for
from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, connected
from leitmotif.cli.console import fail, print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.prototype_names import prototype_named
from leitmotif.cli.rendering import listing, plain, print_listing

if TYPE_CHECKING:
    from leitmotif.types import Prototype

app = typer.Typer(help="Read, hear, make and name what profiles are made of.", no_args_is_help=True)

PrototypeArgument = Annotated[str, typer.Argument(help="Id or label of the prototype.", metavar="PROTOTYPE", show_default=False)]


@app.command("list")
def list_(
    hidden: Annotated[bool, typer.Option("--hidden", help="List hidden ones too.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """List the prototypes of the active model.

    Examples:

        leitmotif prototypes list

        leitmotif prototypes list --hidden
    """
    with connected(address) as client:
        prototypes = list(client.prototypes.list(show_hidden=hidden))
    if as_json:
        print_json({"prototypes": json_value(prototypes)})
        return
    table = listing("Prototype", "Id", "From", "Fidelity", "Tracks", "To hear")
    for prototype in prototypes:
        to_hear = sum(bool(exemplar.mime_type) for exemplar in prototype.exemplars)
        label = prototype.label + (" (hidden)" if prototype.hidden else "")
        cells = (label, prototype.prototype_id, prototype.source.value, _fidelity(prototype))
        table.add_row(*map(plain, cells), str(prototype.expressed_tracks), str(to_hear))
    print_listing(table)


@app.command()
def show(prototype: PrototypeArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Describe a prototype and the snippets that show what it sounds like.

    Examples:

        leitmotif prototypes show piano
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list(show_hidden=True))
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
        found = prototype_named(prototype, client.prototypes.list(show_hidden=True))
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


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="What to look for.", metavar="WORDS...", show_default=False)],
    count: Annotated[int, typer.Option("--count", "-n", help="Prototypes to find.", min=1, max=1000)] = 10,
    hidden: Annotated[bool, typer.Option("--hidden", help="Find hidden ones too.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Find prototypes by words: in labels and descriptions and, where the server can, by what the words mean.

    Examples:

        leitmotif prototypes search slow piano
    """
    query = " ".join(words)
    with connected(address) as client:
        result = client.prototypes.search(query, count, show_hidden=hidden)
    if as_json:
        print_json({"query": query, **json_value(result)})
        return
    if not result.found:
        stdout.print(plain(f"No prototype fits {query!r}; `leitmotif prototypes list` shows what there is."))
        return
    table = listing("Prototype", "Id", "Fits", "Description")
    for found in result:
        each = found.prototype
        table.add_row(plain(each.label), plain(each.prototype_id), f"{found.score:.2f}", plain(each.description))
    print_listing(table)
    if not result.by_meaning:
        stderr.print("Words alone were compared: the server has no text tower for this model's encoder.", style="dim")


@app.command()
def create(
    label: Annotated[str, typer.Argument(help="Short name of the new prototype.", metavar="LABEL", show_default=False)],
    track: Annotated[
        list[str] | None, typer.Option("--track", help="Id of a track that it is to sound like; may be repeated.")
    ] = None,
    clip: Annotated[Path | None, typer.Option("--clip", help="Audio file that it is to sound like.")] = None,
    phrase: Annotated[str | None, typer.Option("--phrase", help="What it is to sound like, in words.")] = None,
    description: Annotated[str, typer.Option("--description", help="One sentence on what it stands for.")] = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Make a prototype from tracks, a clip or a phrase. Nobody's list changes until somebody edits it.

    Examples:

        leitmotif prototypes create "rainy evening" --track track-0042 --track track-0107

        leitmotif prototypes create brass --clip trumpet.ogg

        leitmotif prototypes create "night piano" --phrase "slow piano at night"
    """
    if (bool(track), clip is not None, phrase is not None).count(True) != 1:
        raise typer.BadParameter("give one of --track, --clip and --phrase")
    from leitmotif import AudioItem

    with connected(address) as client:
        if track:
            created = client.prototypes.create_from_tracks(label, track, description=description)
        elif clip is not None:
            try:
                content = clip.read_bytes()
            except OSError as error:
                fail(f"cannot read {clip}: {error.strerror}")
            created = client.prototypes.create_from_clip(label, AudioItem(clip.name, content), description=description)
        else:
            created = client.prototypes.create_from_phrase(label, phrase or "", description=description)
    if as_json:
        print_json(json_value(created))
        return
    made = created.prototype
    stdout.print(plain(f"{made.label} ({made.prototype_id}): {made.expressed_tracks} tracks express it."))
    stdout.print(plain(f"Model {created.model_version} has it, and answers now.", "dim"))


@app.command()
def rename(
    prototype: PrototypeArgument,
    label: Annotated[str, typer.Argument(help="The new label.", metavar="LABEL", show_default=False)],
    description: Annotated[str | None, typer.Option("--description", help="The new description.", show_default=False)] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Give a prototype another label.

    Examples:

        leitmotif prototypes rename p-017 "rainy evening"
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list(show_hidden=True))
        renamed = client.prototypes.rename(found.prototype_id, label, description=description)
    if as_json:
        print_json(json_value(renamed))
    else:
        stdout.print(plain(f"{found.label} ({renamed.prototype_id}) is called {renamed.label} now."))


@app.command()
def hide(prototype: PrototypeArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Leave a prototype out of lists and searches. It scores as before.

    Examples:

        leitmotif prototypes hide p-017
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list(show_hidden=True))
        hidden = client.prototypes.hide(found.prototype_id)
    if as_json:
        print_json(json_value(hidden))
    else:
        stdout.print(plain(f"{hidden.label} is hidden; `leitmotif prototypes unhide {hidden.prototype_id}` ends that."))


@app.command()
def unhide(prototype: PrototypeArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Take a hidden prototype into lists and searches again.

    Examples:

        leitmotif prototypes unhide p-017
    """
    with connected(address) as client:
        found = prototype_named(prototype, client.prototypes.list(show_hidden=True))
        shown = client.prototypes.show(found.prototype_id)
    if as_json:
        print_json(json_value(shown))
    else:
        stdout.print(plain(f"{shown.label} is listed again."))


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
