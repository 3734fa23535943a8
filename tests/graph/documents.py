"""Documents in a few words, for tests of the graph."""

from itertools import pairwise
from typing import Any

from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.document import Document, parse_document
from flowstudio.graph.validate import validate
from flowstudio.nodes.registry import load_registry

CATALOGUE: Catalogue = load_registry(found=[])


def node(name: str, **fields: Any) -> dict[str, Any]:
    """A node whose id is its name; a task that sets nothing unless told otherwise."""
    config = {"mode": "set", "fields": {}} if fields.get("type", "task") == "task" else {}
    return {"id": name, "type": "task", "name": name, "config": config, **fields}


def reading(name: str, expression: str, **fields: Any) -> dict[str, Any]:
    """A node that sets one field `x` to a template with this expression."""
    config = {"mode": "set", "fields": {"x": "{{ " + expression + " }}"}}
    return node(name, config=config, **fields)


def start(name: str = "start", **properties: Any) -> dict[str, Any]:
    """A start that declares these inputs."""
    config = {"inputs": {"type": "object", "properties": properties}} if properties else {}
    return node(name, type="start", config=config)


def loop(name: str, **fields: Any) -> dict[str, Any]:
    """A loop of three turns."""
    return node(name, type="loop", **{"config": {"mode": "times", "times": 3}, **fields})


def wires(*paths: str) -> list[dict[str, Any]]:
    """Edges from paths such as `a b c`; a port follows a dot, as in `check.true yes`."""
    edges: list[dict[str, Any]] = []
    for path in paths:
        stops = path.split()
        for source, target in pairwise(stops):
            source_id, _, port = source.partition(".")
            ends = {"source": source_id, "target": target.partition(".")[0]}
            edges.append({"id": f"e{len(edges)}", **ends, "source_port": port or "out"})
    return edges


def document(*nodes: dict[str, Any], paths: tuple[str, ...] = (), **fields: Any) -> Document:
    """A document of these nodes, wired along the paths."""
    return parse_document(
        {
            "format": "flowstudio/1",
            "name": "Test",
            "nodes": list(nodes),
            "edges": wires(*paths),
            **fields,
        }
    )


def problems_in(given: Document, *codes: str) -> list[Any]:
    """Problems of the given codes, or all."""
    found = validate(given, CATALOGUE)
    return [problem for problem in found if not codes or problem.code in codes]


def codes_in(given: Document) -> list[str]:
    """The codes of all problems, in order."""
    return [problem.code for problem in validate(given, CATALOGUE)]
