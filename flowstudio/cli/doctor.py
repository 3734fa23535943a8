"""`flowstudio doctor`."""

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from flowstudio.cli.serve import ROOT, source_hash
from flowstudio.errors import FlowStudioError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.llm.install import model_file
from flowstudio.nodes.registry import load_registry
from flowstudio.services.health import check_database, check_secrets
from flowstudio.settings import Settings

_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    is_well: bool
    says: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def doctor(*, as_json: bool) -> None:
    """Check this installation and say what is wrong. Exit code 1 when something is."""
    settings = Settings()
    findings = [check(settings) for check in _CHECKS]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark, colour = ("✓", "green") if finding.is_well else ("✗", "red")
            click.echo(f"{click.style(mark, fg=colour)} {finding.what}: {finding.says}")
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


def _python(settings: Settings) -> _Finding:  # noqa: ARG001 - all checks take the same
    found = ".".join(str(part) for part in sys.version_info[:3])
    return _Finding("Python", sys.version_info[:2] == (3, 11), f"{found}; 3.11 is needed")


def _disk(settings: Settings) -> _Finding:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return _Finding("Disk", free > _LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free at {folder}")


def _database(settings: Settings) -> _Finding:
    try:
        return _Finding("Database", is_well=True, says=check_database(settings))
    except FlowStudioError as error:
        return _Finding("Database", is_well=False, says=str(error))


def _secrets(settings: Settings) -> _Finding:
    try:
        return _Finding("Secret key", is_well=True, says=check_secrets(settings))
    except FlowStudioError as error:
        return _Finding("Secret key", is_well=False, says=str(error))


def _sandbox(settings: Settings) -> _Finding:  # noqa: ARG001
    async def add() -> str:
        async with Sandbox() as sandbox:
            (two,) = await sandbox.evaluate(["1 + 1"], {})
            return f"1 + 1 is {two}; {sandbox.wall.describe()}"

    try:
        return _Finding("Sandbox", is_well=True, says=asyncio.run(add()))
    except FlowStudioError as error:
        return _Finding("Sandbox", is_well=False, says=str(error))


def _model(settings: Settings) -> _Finding:
    path = settings.model_path or model_file(settings.data_dir)
    if Path(path).exists():
        return _Finding("Built-in model", is_well=True, says=str(path))
    return _Finding(
        "Built-in model", is_well=False, says="not installed; run: flowstudio models install"
    )


def _key(settings: Settings) -> _Finding:
    if settings.openrouter_api_key.get_secret_value():
        return _Finding("OpenRouter", is_well=True, says=f"a key is set for {_host(settings)}")
    return _Finding(
        "OpenRouter", is_well=True, says="no key; the built-in model answers every task"
    )


def _host(settings: Settings) -> str:
    return settings.openrouter_base_url.split("//")[-1].split("/")[0]


def _nodes(settings: Settings) -> _Finding:  # noqa: ARG001
    registry = load_registry()
    if registry.faults:
        return _Finding(
            "Node types", is_well=False, says="; ".join(str(fault) for fault in registry.faults)
        )
    return _Finding("Node types", is_well=True, says=", ".join(registry))


def _page(settings: Settings) -> _Finding:  # noqa: ARG001
    stamp = ROOT / ".web" / "built-from"
    if not stamp.exists():
        return _Finding("Page", is_well=True, says="not built yet; the first start builds it")
    is_fresh = stamp.read_text() == source_hash(ROOT)
    return _Finding("Page", is_well=True, says="built" if is_fresh else "rebuilt at the next start")


_CHECKS: tuple[Callable[[Settings], _Finding], ...] = (
    _python,
    _disk,
    _database,
    _secrets,
    _sandbox,
    _model,
    _key,
    _nodes,
    _page,
)
