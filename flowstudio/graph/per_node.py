"""What follows from one node by itself, found out once.

A change leaves all nodes but a few as the objects they were, and documents are looked at in many
ways after each change.
"""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flowstudio.graph.document import Node

Found = TypeVar("Found")
_Kept = dict[int, tuple["weakref.ref[Node]", Any, Found]]


class PerNode(Generic[Found]):
    """Remembers what was found for a node as long as there is that node: equal ones count apart."""

    def __init__(self) -> None:
        self._kept: _Kept[Found] = {}

    def find(self, node: Node, about: object, work: Callable[[], Found]) -> Found:
        """What `work` gives, or gave before of the same node and the same object `about`."""
        known = self._kept.get(id(node))
        if known is not None and known[0]() is node and known[1] is about:
            return known[2]
        found = work()
        self._kept[id(node)] = (weakref.ref(node, self._forgetting(id(node))), about, found)
        return found

    def _forgetting(self, key: int) -> Callable[["weakref.ref[Node]"], None]:
        def forget(gone: "weakref.ref[Node]") -> None:
            # Another node may live at that address by now.
            if (known := self._kept.get(key)) is not None and known[0] is gone:
                self._kept.pop(key, None)

        return forget
