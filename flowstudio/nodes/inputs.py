"""A run's inputs, checked by the start node's schema before the run is made."""

from collections.abc import Mapping
from typing import Any

from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Document
from flowstudio.nodes.schemas import check_fields


def check_inputs(schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with defaults filled in.

    Inputs the schema does not name are refused, unless it names none or sets
    `additionalProperties`.

    Raises:
        InvalidInputError: with every problem.
    """
    return check_fields(schema, inputs, "input")


def inputs_schema(document: Document) -> dict[str, Any]:
    """The JSON Schema of a valid document's inputs; `{}` when it has no start."""
    for node in document.nodes:
        if node.type == START:
            schema: dict[str, Any] = node.config.get("inputs", {})
            return schema
    return {}
