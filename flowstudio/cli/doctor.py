"""`flowstudio doctor`."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from flowstudio.cli.serve import ROOT, source_hash
from flowstudio.errors import FlowStudioError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.llm.install import model_file
from flowstudio.nodes.registry import load_registry
from flowstudio.services.access import OPERATOR
from flowstudio.services.checks import everything
from flowstudio.services.checks.finding import Finding, problem
from flowstudio.settings import Settings

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def doctor(*, as_json: bool) -> None:
    """Check this installation and say what is wrong. Exit code 1 when something is.

    Nothing is made, changed or sent. It may run beside the server.
    """
    findings = []
    for finding in _look(Settings()):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        click.echo(json.dumps([asdict(one) | {"is_well": one.is_well} for one in findings]))
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


def _tell(finding: Finding) -> None:
    mark, colour = _MARKS[finding.level]
    click.echo(f"{click.style(mark, fg=colour)} {finding.what}: {finding.says}")
    for line in filter(None, (finding.why, finding.todo)):
        click.echo(f"    {line}")


def _look(settings: Settings) -> Iterator[Finding]:
    yield from everything.look(OPERATOR, settings)
    yield from (check(settings) for check in _CHECKS)


def _sandbox(settings: Settings) -> Finding:  # noqa: ARG001 - all checks take the same
    async def add() -> str:
        async with Sandbox() as sandbox:
            (two,) = await sandbox.evaluate(["1 + 1"], {})
            return f"1 + 1 is {two}; {sandbox.wall.describe()}"

    try:
        return Finding("Sandbox", asyncio.run(add()))
    except FlowStudioError as error:
        return problem(
            "Sandbox",
            str(error),
            "Templates, expressions and custom code cannot be evaluated.",
            "Install the requirements again: pip install --force-reinstall pydantic-monty.",
        )


def _model(settings: Settings) -> Finding:
    path = settings.model_path or model_file(settings.data_dir)
    if Path(path).exists():
        return Finding("Built-in model", str(path))
    return problem(
        "Built-in model",
        "not installed; run: flowstudio models install",
        "Without it and without a key for OpenRouter, nothing answers.",
        "Run: flowstudio models install",
    )


def _nodes(settings: Settings) -> Finding:  # noqa: ARG001
    registry = load_registry()
    if registry.faults:
        return problem(
            "Node types",
            "; ".join(str(fault) for fault in registry.faults),
            "Workflows that use them cannot run.",
            "Upgrade or remove the packages they come from.",
        )
    return Finding("Node types", ", ".join(registry))


def _page(settings: Settings) -> Finding:  # noqa: ARG001
    stamp = ROOT / ".web" / "built-from"
    if not stamp.exists():
        return Finding("Page", "not built yet; the first start builds it")
    is_fresh = stamp.read_text() == source_hash(ROOT)
    return Finding("Page", "built" if is_fresh else "rebuilt at the next start")


_CHECKS: tuple[Callable[[Settings], Finding], ...] = (_sandbox, _model, _nodes, _page)
