"""`flowstudio --server URL nodes` and `models list`."""

import json

import click

from flowstudio.cli.models import print_model
from flowstudio.cli.nodes import print_node
from flowstudio.cli.remote import current_server


def nodes(*, as_json: bool) -> None:
    """The node types of that server."""
    items = current_server().get("node-types")["items"]
    if as_json:
        click.echo(json.dumps(items))
        return
    for item in items:
        print_node(item["type"], item["category"], item["summary"])


def models(*, as_json: bool) -> None:
    """The models that server can call."""
    items = current_server().get("models")["items"]
    if as_json:
        click.echo(json.dumps(items))
        return
    for item in items:
        print_model(item)
