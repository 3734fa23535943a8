"""`flowstudio secrets …`."""

import asyncio
import json
from dataclasses import asdict

import click

from flowstudio.services.access import OPERATOR
from flowstudio.services.key_rotation import KeyUse, Rotation, open_rotation
from flowstudio.settings import Settings

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def secrets() -> None:
    """List and change the keys that credentials are sealed with."""


@secrets.command("list")
@_as_json
def list_keys(*, as_json: bool) -> None:
    """List the keys by their ids, newest first, and how many credentials each seals."""
    with open_rotation(Settings()) as rotation:
        keys = asyncio.run(rotation.list_keys(OPERATOR))
    if as_json:
        click.echo(json.dumps([asdict(key) for key in keys]))
        return
    for key in keys:
        click.echo(_line(key))


@secrets.command()
@click.option("--prune", is_flag=True, help="Then drop the keys that seal nothing any more.")
@_as_json
def rotate(*, prune: bool, as_json: bool) -> None:
    """Seal every credential anew under a new key.

    With the key file, the new key is made here. With FLOWSTUDIO_SECRET_KEY, put it first there,
    restart the server, and then run this.
    """
    with open_rotation(Settings()) as rotation:
        done = asyncio.run(rotation.rotate(OPERATOR, prune=prune))
    click.echo(json.dumps(asdict(done)) if as_json else _say(done))


def _line(key: KeyUse) -> str:
    seals = f"seals {key.credentials} credential{'' if key.credentials == 1 else 's'}"
    return f"{key.id}  {seals}{', and what is new' if key.is_newest else ''}"


def _say(done: Rotation) -> str:
    several = "" if done.credentials == 1 else "s"
    lines = [f"{done.credentials} credential{several} sealed with the key {done.key_id}."]
    if done.dropped:
        lines.append(f"Dropped: {', '.join(done.dropped)}. Restart the server.")
    if done.kept:
        kept = ", ".join(done.kept)
        lines.append(f"Kept, for access tokens signed with them: {kept}.")
    return "\n".join(lines)
