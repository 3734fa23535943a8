"""Documents in a few words.

`workflow(node("start"), node("count", "a", value=1), edges="start>a")` reads as what it draws.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from flowstudio.graph.document import Document, parse_document


def node(
    kind: str,
    name: str | None = None,
    /,
    *,
    inside: str | None = None,
    rules: Mapping[str, Any] | None = None,
    **config: Any,
) -> dict[str, Any]:
    """A node whose id is its name, which is its type unless given.

    Args:
        kind: its type.
        name: its name and id.
        inside: name of the container it lives in.
        rules: what stands beside the config: retry, timeout_s, on_error, default, join, cache …
        config: its config.
    """
    name = name or kind
    plain = {"id": name, "type": kind, "name": name, "config": config}
    return plain | ({"parent": inside} if inside else {}) | dict(rules or {})


def wires(text: str) -> list[dict[str, Any]]:
    """Edges from `a>b>c; a.error>d`; a port follows a dot."""
    edges = []
    for path in filter(None, (part.strip() for part in text.split(";"))):
        for source, target in pairwise(path.split(">")):
            name, _, port = source.strip().partition(".")
            edge = {"id": f"e{len(edges)}", "source": name, "source_port": port or "out"}
            edges.append(edge | {"target": target.strip().partition(".")[0]})
    return edges


def document(
    *nodes: dict[str, Any], edges: str = "", name: str = "test", **settings: Any
) -> dict[str, Any]:
    """A workflow as JSON values."""
    return {
        "format": "flowstudio/1",
        "name": name,
        "settings": settings,
        "nodes": list(nodes),
        "edges": wires(edges),
    }


def workflow(
    *nodes: dict[str, Any], edges: str = "", name: str = "test", **settings: Any
) -> Document:
    """A workflow; `settings` are those of the document, such as timeout_s or concurrency."""
    return parse_document(document(*nodes, edges=edges, name=name, **settings))


def inputs(**properties: str) -> dict[str, Any]:
    """Config of a start node: names of inputs and their JSON types."""
    described = {name: {"type": kind} for name, kind in properties.items()}
    return {"inputs": {"type": "object", "properties": described}}
