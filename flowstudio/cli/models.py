"""`flowstudio models …`."""

import asyncio
import json
from dataclasses import asdict

import click

from flowstudio.llm.catalogue import Catalogue, ModelInfo
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
    install_model(Settings().data_dir, click.echo, force=force)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_models(*, as_json: bool) -> None:
    """List the models that can be called, with prices per million tokens."""
    notice, catalogue = asyncio.run(_catalogue())
    if as_json:
        click.echo(json.dumps([asdict(model) for model in catalogue.models], default=str))
        return
    if notice is not None:
        click.secho(notice, fg="yellow", err=True)
    for model in catalogue.models:
        click.echo(f"{model.id:<50} {_context(model):>10}  {_price(model)}")


async def _catalogue() -> tuple[str | None, Catalogue]:
    gateway = Gateway(Settings())
    try:
        return gateway.notice(), await gateway.models()
    finally:
        await gateway.close()


def _context(model: ModelInfo) -> str:
    return f"{model.context_length:,}" if model.context_length else "?"


def _price(model: ModelInfo) -> str:
    if model.local:
        return "free, on this machine"
    if model.prompt_usd_per_million is None or model.completion_usd_per_million is None:
        return "price varies"
    return (
        f"${model.prompt_usd_per_million.normalize():f} in, "
        f"${model.completion_usd_per_million.normalize():f} out"
    )
