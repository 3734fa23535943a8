"""`flowstudio backup` and `flowstudio restore`, for whoever holds the machine."""

import asyncio
import sys
from pathlib import Path

import click

from flowstudio.services.access import OPERATOR
from flowstudio.services.backup import BackupService
from flowstudio.services.restore import RestoreService
from flowstudio.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--with-keys",
    is_flag=True,
    help="Put the secret key in: the file then opens every credential in it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def backup(file: Path, *, with_keys: bool, as_json: bool) -> None:
    """Write everything into FILE (.tar.gz), also while the server runs."""
    made = BackupService(Settings()).create(OPERATOR, file.absolute(), with_keys=with_keys)
    if as_json:
        click.echo(made.manifest.model_dump_json())
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in made.manifest.counts.items())
    click.echo(f"{made.path}: {made.bytes / 1e6:,.1f} MB; {counts}.")
    if made.has_keys:
        click.secho("It holds the secret key: whoever has it reads every credential.", fg="yellow")
    else:
        click.echo(
            "The secret key is not in it: keep that apart, for nothing else opens credentials."
        )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Move what is in the data directory aside.")
def restore(file: Path, *, force: bool) -> None:
    """Put the backup FILE into the data directory, and prove that it is whole.

    Exit code 1 when a credential stays closed because its key is not here.
    """
    settings = Settings()
    done = asyncio.run(RestoreService(settings).restore(OPERATOR, file, force=force))
    click.echo(f"Restored into {settings.data_dir}, schema {done.schema}. {done.audit}")
    if done.moved is not None:
        click.echo(f"What was there before is in {done.moved}.")
    if done.closed:
        names = ", ".join(done.closed[:10])
        click.secho(
            f"{len(done.closed)} credentials do not open with the keys here ({names}). Put the key "
            f"file back as {settings.data_dir / 'secret.key'}, or set FLOWSTUDIO_SECRET_KEY.",
            fg="red",
            err=True,
        )
        sys.exit(1)
