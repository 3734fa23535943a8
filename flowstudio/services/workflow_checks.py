"""What keeps a stored workflow from running, beside what is wrong with any document."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document
from flowstudio.graph.problems import Problem
from flowstudio.graph.slots import path_text

_UNCHOSEN = (
    "A credential was left out here when the workflow was exported. Choose one of this project, "
    "or remove the setting if none is needed."
)


def find_unchosen(document: Document, registry: Mapping[str, NodeType[Any]]) -> list[Problem]:
    """Every place where a credential is still to be chosen: an empty one, as exports leave it."""
    return [
        Problem("no_credential", _UNCHOSEN, node.name, path_text(("config", *path)))
        for node in document.nodes
        if (found := registry.get(node.type)) is not None
        and (names := settings_of_format(found, "credential"))
        for path in _empty_places(node.config, names)
    ]


@lru_cache(maxsize=500)
def settings_of_format(kind: NodeType[Any], form: str) -> frozenset[str]:
    """Names of a node type's settings whose JSON Schema has that format."""
    return frozenset(_settings(kind.config_schema, form))


def _settings(schema: Any, form: str) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, child in schema.items():
            if isinstance(child, dict) and child.get("format") == form:
                yield name
            yield from _settings(child, form)
    elif isinstance(schema, list):
        for child in schema:
            yield from _settings(child, form)


def _empty_places(value: Any, names: frozenset[str]) -> Iterator[tuple[str | int, ...]]:
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while pending:
        path, part = pending.pop()
        if part == "" and path and path[-1] in names:
            yield path
        elif isinstance(part, dict):
            pending += [((*path, key), child) for key, child in part.items()]
        elif isinstance(part, list):
            pending += [((*path, index), child) for index, child in enumerate(part)]


class KeptProblems:
    """What was found wrong with a revision of a workflow, so that opening it again is quick.

    Only for workflows that run no others: what is wrong with those may change without them.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[int, Sequence[Problem]]] = OrderedDict()

    def find(self, workflow_id: str, revision: int) -> Sequence[Problem] | None:
        """The problems of that revision, if they are known."""
        known = self._kept.get(workflow_id)
        return known[1] if known is not None and known[0] == revision else None

    def keep(self, workflow_id: str, revision: int, problems: Sequence[Problem]) -> None:
        """Remember them in the place of those of another revision."""
        self._kept[workflow_id] = (revision, problems)
        self._kept.move_to_end(workflow_id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
