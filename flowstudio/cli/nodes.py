"""`flowstudio nodes`."""

import json

import click

from flowstudio.cli.places import or_at_server
from flowstudio.nodes.registry import load_registry


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print types with their JSON Schemas.")
@or_at_server("flowstudio.cli.remote_lists:nodes")
def nodes(*, as_json: bool) -> None:
    """List the node types."""
    registry = load_registry()
    if as_json:
        rows = [
            {
                "type": node_type.type,
                "title": node_type.title,
                "summary": node_type.summary,
                "category": node_type.category,
                "icon": node_type.icon,
                "version": node_type.version,
                "container": node_type.container,
                "config_schema": node_type.config_schema,
            }
            for node_type in registry.values()
        ]
        click.echo(json.dumps(rows))
        return
    for node_type in registry.values():
        print_node(node_type.type, node_type.category, node_type.summary)


def print_node(kind: str, category: str, summary: str) -> None:
    """Print a node type as a line."""
    click.echo(f"{kind:<12} {category:<8} {summary}")
