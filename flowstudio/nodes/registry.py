"""The one table of node types: the built-in ones, and those other packages add.

A package adds a type by an entry point in the group `flowstudio.nodes` that loads to a subclass or
an instance of `NodeType`; see docs/writing-a-node.md.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from flowstudio.engine.contract import NodeType

GROUP = "flowstudio.nodes"

#: Imported when first asked for, so that a command needs only the types it meets.
BUILTIN: Mapping[str, str] = {
    "start": "flowstudio.nodes.builtin.start:Start",
    "end": "flowstudio.nodes.builtin.end:End",
    "task": "flowstudio.nodes.builtin.task:Task",
    "decision": "flowstudio.nodes.builtin.decision:Decision",
    "ai": "flowstudio.nodes.builtin.ai:Ai",
    "loop": "flowstudio.nodes.builtin.loop:Loop",
    "parallel": "flowstudio.nodes.builtin.parallel:Parallel",
    "integration": "flowstudio.nodes.builtin.integration:Integration",
    "custom": "flowstudio.nodes.builtin.custom:Custom",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegistryFault:
    """An entry point that could not be used; everything else works without it."""

    entry_point: str
    message: str

    def __str__(self) -> str:
        return f"{self.entry_point}: {self.message}"


class Registry(Mapping[str, NodeType[Any]]):
    """Node types by the word a document uses; built-in ones first.

    Attributes:
        faults: third-party entry points that were left out, and why.
    """

    def __init__(
        self, added: Mapping[str, NodeType[Any]] | None = None, faults: Iterable[RegistryFault] = ()
    ) -> None:
        self._known: dict[str, NodeType[Any] | None] = {**dict.fromkeys(BUILTIN), **(added or {})}
        self.faults = tuple(faults)

    def __getitem__(self, word: str) -> NodeType[Any]:
        known = self._known[word]
        if known is None:
            module, _, name = BUILTIN[word].partition(":")
            known = self._known[word] = getattr(import_module(module), name)()
        return known

    def __contains__(self, word: object) -> bool:
        return word in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def load_registry(found: Iterable[EntryPoint] | None = None) -> Registry:
    """The built-in types and those of installed packages; a broken package is only a fault.

    Args:
        found: entry points to look at instead of those installed.
    """
    added: dict[str, NodeType[Any]] = {}
    faults: list[RegistryFault] = []
    points = entry_points(group=GROUP) if found is None else found
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        try:
            node_type = _load(point)
            _check(node_type, added)
        # Whatever somebody else's package raises while loading, the studio starts without it.
        except (Exception, SystemExit) as error:
            logger.warning("Node type %r was left out.", point.name, exc_info=True)
            faults.append(RegistryFault(point.name, f"{type(error).__name__}: {error}"))
        else:
            added[node_type.type] = node_type
    return Registry(added, faults)


def _load(point: EntryPoint) -> NodeType[Any]:
    loaded = point.load()
    node_type = loaded() if isinstance(loaded, type) else loaded
    if not isinstance(node_type, NodeType):
        message = (
            f"{point.value} is not a NodeType; make it a subclass of engine.contract.NodeType."
        )
        raise TypeError(message)
    return node_type


def _check(node_type: NodeType[Any], added: Mapping[str, NodeType[Any]]) -> None:
    word = node_type.type
    if not isinstance(word, str) or not word:
        message = "The type has no name; set the class attribute `type`."
        raise TypeError(message)
    if word in BUILTIN:
        message = f"'{word}' is a built-in type and cannot be replaced; choose another name."
        raise ValueError(message)
    if word in added:
        message = f"'{word}' is already added by another package."
        raise ValueError(message)
    # A schema or a check that cannot be made would fail later, in front of a user.
    _ = node_type.config_schema
    node_type.check({})
