"""`flowstudio bench …`: the measurements under benchmarks/, run from a checkout."""

import importlib
import sys
from types import ModuleType

import click

from flowstudio.cli.serve import ROOT


@click.group()
def bench() -> None:
    """Measure the engine, the gateway, accounts, webhooks, the queue, the editor, keystrokes or an idle server."""


@bench.command()
@click.option("--peers", is_flag=True, help="Measure LangGraph, DBOS and Prefect beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def engine(*, peers: bool, as_json: bool) -> None:
    """Measure runs and steps per second against the raw limits of this disk."""
    _load("engine").main(peers=peers, as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def gateway(*, as_json: bool) -> None:
    """Measure the gateway's latency and streaming beside other clients."""
    _load("gateway").main(as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def accounts(*, as_json: bool) -> None:
    """Measure what a token check costs, and 500 sign-ins at once."""
    _load("accounts").main(as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def editor(*, as_json: bool) -> None:
    """Measure how soon the editor can be used, and what working in it costs."""
    _load("editor").main(as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def keystrokes(*, as_json: bool) -> None:
    """Measure how soon another browser shows what somebody types."""
    _load("keystrokes").main(as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
def idle(*, as_json: bool) -> None:
    """Measure what a server takes that nobody uses."""
    _load("idle").main(as_json=as_json)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
@click.option(
    "--postgres", "is_postgres", is_flag=True, help="Beside PostgreSQL with one and two workers."
)
def webhooks(*, as_json: bool, is_postgres: bool) -> None:
    """Measure how many requests of webhooks become finished runs in a second."""
    _load("webhooks").main(as_json=as_json, is_postgres=is_postgres)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
@click.option("--postgres", "is_postgres", is_flag=True, help="On PostgreSQL, too.")
def queue(*, as_json: bool, is_postgres: bool) -> None:
    """Measure what 100,000 runs that wait cost whoever asks about runs."""
    _load("queue").main(as_json=as_json, is_postgres=is_postgres)


def _load(name: str) -> ModuleType:
    if not (ROOT / "benchmarks" / f"{name}.py").exists():
        message = "The benchmarks are part of a checkout of FlowStudio, not of the package."
        raise click.ClickException(message)
    sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"benchmarks.{name}")
