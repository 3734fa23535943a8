"""What a run of a workflow will cost, in words."""

from collections.abc import Mapping
from typing import Any

from flowstudio.graph.document import Document
from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.widgets import words


def inputs_schema(document: Document) -> Mapping[str, Any]:
    """JSON Schema of what a run of this workflow is given."""
    for node in document.nodes:
        if node.type == "start":
            schema = node.config.get("inputs")
            return schema if isinstance(schema, Mapping) else {}
    return {}


async def cost_of_defaults(actor: Actor, document: Document) -> str:
    """The prediction for a run with the inputs' defaults."""
    properties = inputs_schema(document).get("properties", {})
    defaults = {
        name: part["default"]
        for name, part in properties.items()
        if isinstance(part, Mapping) and "default" in part
    }
    cost = await backend().runs.predict(actor, document, defaults)
    return words.predicted(
        cost, calls_models=_calls_models(document), is_free=backend().gateway.notice() is not None
    )


def _calls_models(document: Document) -> bool:
    for node in document.nodes:
        kind = backend().registry.get(node.type)
        config = kind.check(node.config).config if kind else None
        if kind and config is not None and kind.purity(config) == "paid":
            return True
    return False
