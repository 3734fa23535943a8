"""What a run keeps of another one: the steps that finished there, as events it begins with."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import networkx as nx

from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent, Seed
from flowstudio.graph.document import Document
from flowstudio.graph.topology import ROOT, Scope, scopes_of

#: What a kept event says again; what it cost was paid by the run it comes from.
_SAID = ("port", "disabled", "error", "model", "duration_s")


def kept_steps(
    document: Document,
    events: Iterable[Event | DamagedEvent],
    run_id: str,
    at: datetime,
    again: str | None = None,
) -> list[Seed]:
    """Seeds for a run that does again what did not finish, and all that follows from it.

    A container that did not finish keeps what did inside it, unless it follows from another step
    that runs again. A failure that `on_error` has dealt with counts as finished.

    Args:
        document: that both runs are of.
        events: of the run that was, in order.
        run_id: its id.
        at: when the new run is made.
        again: name of a root node to be run again, with all below it, although it finished.
    """
    book = _Book()
    for event in events:
        book.add(event)
    scope = scopes_of(document)[ROOT]
    dropped = _dropped(scope, book, again)
    found = []
    for event in book.kept():
        if event.path.partition("/")[0] not in dropped:
            data = {key: event.data[key] for key in _SAID if key in event.data}
            if event.type == "step_started":
                data["attempt"] = 1
            kept = event._replace(at=at, data=data | {"kept": True})
            found.append(Seed(kept, (run_id, event.seq) if event.output is not None else None))
    return found


def _dropped(scope: Scope, book: "_Book", again: str | None) -> set[str]:
    """Names of the root nodes of which nothing is kept."""
    names = {node.id: node.name for node in scope.nodes}
    found: set[str] = set()
    for node in scope.nodes:
        if node.name == again:
            found.add(node.id)
        if node.name == again or node.name not in book.ends:
            found |= nx.descendants(scope.graph, node.id)
    return {names[node_id] for node_id in found}


class _Book:
    """The latest end of each step, and the beginnings of containers.

    Attributes:
        ends: of steps, and of turns of loops, by path.
    """

    def __init__(self) -> None:
        self.ends: dict[str, Event] = {}
        self._starts: dict[str, Event] = {}

    def add(self, event: Event | DamagedEvent) -> None:
        """Take the next event into account."""
        if isinstance(event, DamagedEvent):
            self.ends.pop(event.path or "", None)
        elif event.type == "step_started" and event.output is not None:
            self._starts[event.path] = event
        elif event.type in ("step_succeeded", "step_skipped") or (
            event.type == "step_failed" and event.output is not None
        ):
            self.ends[event.path] = event
        elif event.type == "step_failed":
            self.ends.pop(event.path, None)

    def kept(self) -> Iterator[Event]:
        """In order; of what ended as a whole, nothing inside."""
        both = [*self._starts.values(), *self.ends.values()]
        for event in sorted(both, key=lambda event: event.seq):
            is_begun = event.type == "step_started" and event.path in self.ends
            if not is_begun and not any(path in self.ends for path in _around(event.path)):
                yield event


def _around(path: str) -> Iterator[str]:
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path
