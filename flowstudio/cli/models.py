"""`flowstudio models …`."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import click

from flowstudio.cli.places import chosen_server, or_at_server
from flowstudio.llm.catalogue import Catalogue
from flowstudio.llm.gateway import Gateway
from flowstudio.llm.install import install_model
from flowstudio.settings import Settings


@click.group()
def models() -> None:
    """List models; install the built-in one."""


@models.command()
@click.option("--force", is_flag=True, help="Install it again even if it is there.")
def install(*, force: bool) -> None:
    """Install the built-in model's weights into the data directory (93 MB, once)."""
    if chosen_server():
        message = "`models install` works on this machine alone; leave out --server and FLOWSTUDIO_SERVER."
        raise click.UsageError(message)
    install_model(Settings().data_dir, click.echo, force=force)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@or_at_server("flowstudio.cli.remote_lists:models")
def list_models(*, as_json: bool) -> None:
    """List the models that can be called, with prices per million tokens."""
    notice, catalogue = asyncio.run(_catalogue())
    if as_json:
        click.echo(json.dumps([asdict(model) for model in catalogue.models], default=str))
        return
    if notice is not None:
        click.secho(notice, fg="yellow", err=True)
    for model in catalogue.models:
        print_model(asdict(model))


def print_model(model: Mapping[str, Any]) -> None:
    """Print a model as a line."""
    context = f"{model['context_length']:,}" if model["context_length"] else "?"
    click.echo(f"{model['id']:<50} {context:>10}  {_price(model)}")


async def _catalogue() -> tuple[str | None, Catalogue]:
    gateway = Gateway(Settings())
    try:
        return gateway.notice(), await gateway.models()
    finally:
        await gateway.close()


def _price(model: Mapping[str, Any]) -> str:
    prices = (model["prompt_usd_per_million"], model["completion_usd_per_million"])
    if model["local"]:
        return "free, on this machine"
    if None in prices:
        return "price varies"
    asked, given = (Decimal(price).normalize() for price in prices)
    return f"${asked:f} in, ${given:f} out"
