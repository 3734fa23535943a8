"""Reading workflow files and inputs given on the command line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flowstudio.errors import InvalidDocumentError, InvalidInputError
from flowstudio.graph.document import MAX_BYTES, Document, read_document
from flowstudio.graph.problems import Problem


def read_workflow(path: Path) -> Document:
    """Read a workflow file.

    Raises:
        InvalidDocumentError: with every problem of form.
    """
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem("unreadable", f"{path} cannot be read: {error.strerror}.")
        raise InvalidDocumentError([problem]) from error
    return read_document(source)


def read_inputs(document: Document, text: str | None, pairs: Sequence[str]) -> dict[str, Any]:
    """Inputs from `--inputs JSON|@FILE` and `-i name=value`, which win.

    A value is text where the workflow asks for text; elsewhere it is read as JSON if it is JSON.
    `name=@FILE` takes the file's text.

    Raises:
        InvalidInputError: something cannot be read.
    """
    inputs: dict[str, Any] = {}
    if text is not None:
        inputs = _json_object(_contents(text))
    asked = _properties(document)
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise InvalidInputError([f"-i {pair}: write it as name=value."])
        inputs[name] = _value(_contents(value), asked.get(name))
    return inputs


def _contents(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError([f"{text[1:]} cannot be read: {error}"]) from error


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([f"--inputs is not valid JSON: {error}"]) from error
    if not isinstance(value, dict):
        raise InvalidInputError(["--inputs must be a JSON object of names and values."])
    return value


def _properties(document: Document) -> dict[str, Any]:
    for node in document.nodes:
        schema = node.config.get("inputs") if node.type == "start" else None
        if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
            properties: dict[str, Any] = schema["properties"]
            return properties
    return {}


def _value(text: str, schema: object) -> Any:
    if isinstance(schema, dict) and schema.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def print_problems(problems: Sequence[Problem] | Sequence[str], *, as_json: bool) -> None:
    """Print every problem: for programs on standard output, for people on standard error."""
    if as_json:
        rows = [
            problem.as_json() if isinstance(problem, Problem) else {"message": problem}
            for problem in problems
        ]
        click.echo(json.dumps({"problems": rows}))
        return
    count = len(problems)
    click.echo(f"{count} problem{'s' if count != 1 else ''}:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
        if isinstance(problem, Problem) and problem.mend is not None:
            click.echo(f"    mend: {_mend(problem)}", err=True)


def _mend(problem: Problem) -> str:
    mend = problem.mend
    if mend is None:
        return ""
    return {
        "add_edge": f"draw a wire from {mend.source} to {mend.target}",
        "remove_edge": f"remove the wire {mend.edge}",
        "rename_node": f"rename it to {mend.name}",
        "set_config": f"set {mend.path} to {mend.value!r}",
    }[mend.kind]
