"""`flowstudio validate FILE`."""

import json
import sys
from pathlib import Path

import click

from flowstudio.cli.files import print_problems, read_workflow
from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.validate import validate as find_problems
from flowstudio.nodes.registry import load_registry
from flowstudio.services.subworkflows import WorkflowFinder
from flowstudio.services.templates import TemplateService


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def validate(file: Path, *, as_json: bool) -> None:
    """Check a workflow file; print every problem. Exit code 0 when there is none, else 2."""
    try:
        document = read_workflow(file)
        finder = WorkflowFinder(TemplateService()).within(str(file.resolve().parent))
        problems = find_problems(document, load_registry(), finder)
    except InvalidDocumentError as error:
        problems = list(error.problems)
    if problems:
        print_problems(problems, as_json=as_json)
        sys.exit(2)
    click.echo(json.dumps({"problems": []}) if as_json else f"{file} is a valid workflow.")
