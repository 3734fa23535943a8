"""What follows from one node or document by itself, found out once.

A change leaves all nodes but a few as the objects they were, and documents are looked at in many
ways after each change.
"""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flowstudio.graph.document import Model

Found = TypeVar("Found")
_Kept = dict[int, tuple["weakref.ref[Model]", Any, Found]]


class Once(Generic[Found]):
    """Remembers what was found for an object as long as there is it: equal ones count apart."""

    def __init__(self, most: int | None = None) -> None:
        """With `most`, all is forgotten before there is more: for what is large."""
        self._most = most
        self._kept: _Kept[Found] = {}

    def find(self, of: Model, about: object, work: Callable[[], Found]) -> Found:
        """What `work` gives, or gave before of the same object and the same object `about`."""
        known = self._kept.get(id(of))
        if known is not None and known[0]() is of and known[1] is about:
            return known[2]
        found = work()
        if self._most is not None and len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[id(of)] = (weakref.ref(of, self._forgetting(id(of))), about, found)
        return found

    def _forgetting(self, key: int) -> Callable[["weakref.ref[Model]"], None]:
        def forget(gone: "weakref.ref[Model]") -> None:
            # Another one may live at that address by now.
            if (known := self._kept.get(key)) is not None and known[0] is gone:
                self._kept.pop(key, None)

        return forget
