"""`leitmotif profile export`, `import` and `delete`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import fail, print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import plain

VERIFY_TIMEOUT_S = 300.0
"""A scan of every key takes some seconds for a million of them."""


def export(
    user: UserArgument,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; stdout when not given.")] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Write everything that is kept of a user, as JSON.

    Examples:

        leitmotif profile export ada --out ada.json
    """
    with connected(address) as client:
        document = client.profiles(user).export()
    if out is None:
        print_json(document)
        return
    try:
        out.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")
    if as_json:
        print_json({"user_id": user, "file": str(out)})
    else:
        stdout.print(plain(f"Wrote {out}."))


def import_(
    user: UserArgument,
    file: Annotated[Path, typer.Argument(help="What `export` wrote.", metavar="FILE", show_default=False)],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of a profile that the user has.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Put an exported profile in place, of this user or of another, of this server or of another.

    Examples:

        leitmotif profile import ada ada.json

        leitmotif profile import ada ada.json --replace
    """
    try:
        document = file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"cannot read {file}: it is not UTF-8")
    with connected(address) as client:
        imported = client.profiles(user).import_(document, replace=replace)
    if as_json:
        print_json({"user_id": user, **json_value(imported)})
        return
    stdout.print(plain(f"{user}: {imported.profile.event_count} events count, of model {imported.profile.model_version}."))
    for each in imported.carried:
        stdout.print(plain(f"{each.from_prototype_id} went to {each.to_prototype_id}, likeness {each.similarity:.2f}."))
    if imported.dropped_prototype_ids:
        stderr.print(plain(f"Lost, since the model has none of them: {', '.join(imported.dropped_prototype_ids)}", "yellow"))


def delete(
    user: UserArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    verify: Annotated[bool, typer.Option(help="Prove it by a scan of every key in the store.")] = True,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Erase everything that is kept of a user, and print a receipt.

    Examples:

        leitmotif profile export ada --out ada.json && leitmotif profile delete ada --yes

        leitmotif profile delete ada --yes --json > receipt.json
    """
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("give --yes where nobody can be asked", param_hint="--yes")
        typer.confirm(f"Erase everything that is kept of {user}?", abort=True, err=True)
    with connected(address) as client:
        erased = client.profiles(user).delete(verify=verify, timeout_s=VERIFY_TIMEOUT_S if verify else None)
    if as_json:
        print_json(json_value(erased) | {"user_id": user})
        return
    stdout.print(plain(f"Erased {user}: {erased.erased_keys} keys." if erased else f"There was nothing to erase of {user}."))
    if erased.scanned_keys is not None:
        stdout.print(f"Verified: {erased.remaining_keys} of {erased.scanned_keys} keys in the store are of this user.")
    stdout.print(plain(f"Receipt {erased.receipt_id}", "dim"))
