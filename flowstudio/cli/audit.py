"""`flowstudio audit …`, for whoever holds the machine."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Literal

import click

from flowstudio.services.access import OPERATOR
from flowstudio.services.audit import AuditService, open_log
from flowstudio.settings import Settings


@click.group()
def audit() -> None:
    """Prove the audit log, and take it along."""


@audit.command()
def verify() -> None:
    """Walk the whole chain of hashes; exit code 1 and the first fault when it is broken."""
    with open_log(Settings()) as log:
        found = asyncio.run(log.verify(OPERATOR))
    click.echo(str(found), err=not found.is_whole)
    if not found.is_whole:
        sys.exit(1)


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = "Give a day or a time, such as 2026-11-24T12:00."
        raise click.BadParameter(message) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


@audit.command()
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of lines of JSON.")
@click.option("--since", callback=_moment, help="Only from that day or time on; UTC.")
def export(since: datetime | None, *, as_csv: bool) -> None:
    """Print the entries, newest first, as lines of JSON."""
    with open_log(Settings()) as log:
        asyncio.run(_print(log, "csv" if as_csv else "jsonl", since))


async def _print(log: AuditService, form: Literal["csv", "jsonl"], since: datetime | None) -> None:
    async for piece in log.export(OPERATOR, form, since=since):
        click.echo(piece, nl=False)
