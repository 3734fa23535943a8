"""Which outputs of the editor's last runs still hold, and why the others do not.

A node is stale when something it depends on itself has changed, and maybe stale when something
above it is not fresh: if that comes out as before, this one turns fresh without running.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from flowstudio.graph.document import Document, Edge, Node
from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.reads import Reads
from flowstudio.graph.topology import ROOT, scopes_of

State = Literal["fresh", "stale", "maybe_stale", "never"]
Reason = Literal["config", "inputs", "upstream", "pin", "expired", "error", "code_version"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Whether a node's output still holds, and why not; fresh by `pin` when a person put it there."""

    state: State
    reason: Reason | None = None


FRESH = Mark("fresh")
PINNED = Mark("fresh", "pin")
MAYBE = Mark("maybe_stale", "upstream")
NEVER = Mark("never")
#: Containers around a node, far more than a valid document has.
_DEEPEST = 100
NO_READS: Mapping[str, Reads] = MappingProxyType({})
_EVERY = "*"


@dataclass(frozen=True, slots=True)
class LastRun:
    """What is kept of a node's last run, and what a person has put in its output's place.

    Attributes:
        fingerprint: of that run; "" when it had none.
        config_key: of the node as it was then.
        version: of the type's handler then.
        output_hash: content hash of its own output.
        seen: content hashes of the outputs it was given, by the id of the node they came from.
        seen_pinned: ids of those whose output was pinned or hand-edited then.
        inputs_hash: content hash of the run's inputs, if it read them.
        expires_at: when the output stops being good; None never.
        failed: it has no output, only an error.
        skipped: no way led to it.
        port: that it was left by, or that its pinned output counts as left by; "" is not known.
        pinned_hash: content hash of a pinned or hand-edited output; it takes the other's place.
    """

    config_key: str = ""
    version: int = 1
    output_hash: str = ""
    fingerprint: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)
    seen_pinned: frozenset[str] = frozenset()
    inputs_hash: str = ""
    expires_at: datetime | None = None
    failed: bool = False
    skipped: bool = False
    port: str = ""
    pinned_hash: str = ""

    @property
    def shown_hash(self) -> str:
        """Of the output that feeds what is below."""
        return self.pinned_hash or self.output_hash


@dataclass(frozen=True, slots=True)
class Present:
    """What now holds, to compare the last runs with.

    Attributes:
        now: for outputs that expire.
        versions: of the types' handlers, by type; a type left out counts as unchanged.
        fingerprints: what a node's would be now, where the values it reads are at hand; where one
            equals the last run's, the node is fresh whatever else changed above it.
        inputs_hash: of the inputs the editor would run with; "" leaves them out of account.
        config_keys: of nodes whose `config_key` is not that of their config alone.
    """

    now: datetime
    versions: Mapping[str, int] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    inputs_hash: str = ""
    config_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A node where it stands: the wires that lead to it, by source and port, and what it reads."""

    node: Node
    wires: tuple[tuple[str, str], ...]
    reads: frozenset[str]

    @property
    def sources(self) -> set[str]:
        """Ids of all whose outputs reach it."""
        return {*self.reads, *(source for source, _ in self.wires)}


#: Of each scope, by container: its nodes, each after what leads to it.
Layout = Mapping[str, tuple[Place, ...]]


def layout_of(document: Document, reads: Mapping[str, Reads] = NO_READS) -> Layout:
    """What of a valid document its marks depend on, for who marks it again and again.

    Args:
        document: without cycles.
        reads: of its root nodes; without them, wires alone say what depends on what.
    """
    return {
        container: tuple(
            Place(
                node,
                tuple((edge.source, edge.source_port) for edge in wires.get(node.id, ())),
                reads[node.id].nodes if node.id in reads else frozenset(),
            )
            for node in scope.order()
        )
        for container, scope in scopes_of(document).items()
        for wires in [_by_target(scope.edges)]
    }


def _by_target(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.target, []).append(edge)
    return found


def mark_nodes(
    document: Document,
    runs: Mapping[str, LastRun],
    present: Present,
    layout: Layout | None = None,
) -> dict[str, Mark]:
    """Marks by node id, of a valid document.

    Args:
        document: as it stands in the editor.
        runs: last runs by node id; a node without one was never run.
        present: what they are compared with.
        layout: of the document, if it is at hand.
    """
    return _Marks(layout or layout_of(document), runs, present).all()


def _own_mark(place: Place, runs: Mapping[str, LastRun], present: Present) -> Mark:
    node = place.node
    last = runs.get(node.id)
    if last is not None and last.pinned_hash:
        return PINNED
    if node.disabled:
        return FRESH
    if last is None or not (last.output_hash or last.failed):
        return NEVER
    return next(_changes(place, last, runs, present), FRESH)


def _changes(
    place: Place, last: LastRun, runs: Mapping[str, LastRun], present: Present
) -> Iterator[Mark]:
    node = place.node
    if last.failed:
        yield Mark("stale", "error")
    if last.config_key != (present.config_keys.get(node.id) or config_key(node)):
        yield Mark("stale", "config")
    if present.versions.get(node.type, last.version) != last.version:
        yield Mark("stale", "code_version")
    if last.expires_at is not None and last.expires_at <= present.now:
        yield Mark("stale", "expired")
    expected = present.fingerprints.get(node.id)
    if expected is not None and expected == last.fingerprint:
        return
    yield from _other_sources(place, last, runs)
    if last.inputs_hash and present.inputs_hash and last.inputs_hash != present.inputs_hash:
        yield Mark("stale", "inputs")
    if expected is not None:
        yield Mark("stale", "inputs")


def _other_sources(place: Place, last: LastRun, runs: Mapping[str, LastRun]) -> Iterator[Mark]:
    """What a node was given and what it would be given now are not the same."""
    for source, seen in last.seen.items():
        run = runs.get(source)
        # An ancestor that has failed gives nothing to compare; it is stale itself.
        if run is None or run.shown_hash not in ("", seen):
            about_pin = source in last.seen_pinned or (run is not None and run.pinned_hash)
            yield Mark("stale", "pin" if about_pin else "inputs")
    # Another node may have taken the name of the one that was read.
    if not last.skipped and not place.reads <= last.seen.keys():
        yield Mark("stale", "inputs")


class _Marks:
    """Marks of the nodes themselves, and maybe stale below each that is not fresh."""

    def __init__(self, layout: Layout, runs: Mapping[str, LastRun], present: Present) -> None:
        self._layout, self._runs, self._present = layout, runs, present
        self._marks: dict[str, Mark] = {}
        #: The port each node at the root was left by; None when no way leads to it.
        self._left_by: dict[str, str | None] = {}

    def all(self) -> dict[str, Mark]:
        """By node id."""
        self._visit(ROOT, above_is_fresh=True)
        return self._marks

    def _visit(self, container: str, *, above_is_fresh: bool, depth: int = 0) -> bool:
        """Mark one scope; whether all of it is fresh."""
        if depth > _DEEPEST:
            return self._leave_out(container)
        is_fresh = True
        for place in self._layout[container]:
            node = place.node
            mark = _own_mark(place, self._runs, self._present)
            # Neither a pinned nor a disabled node's output depends on what is above it.
            if mark == FRESH and not node.disabled:
                if not (above_is_fresh and self._are_fresh(place.sources)):
                    mark = MAYBE
                elif container == ROOT and self._is_reached(place) == self._runs[node.id].skipped:
                    mark = Mark("stale", "inputs")
            if container == ROOT:
                self._left_by[node.id] = self._port(place)
            if node.id in self._layout:
                below = mark.state == "fresh"
                inside = self._visit(node.id, above_is_fresh=below, depth=depth + 1)
                if mark == FRESH and not inside and not node.disabled:
                    mark = MAYBE
            self._marks[node.id] = mark
            is_fresh = is_fresh and mark.state == "fresh"
        return is_fresh

    def _leave_out(self, container: str) -> bool:
        # So deep nothing can run, and has ever run.
        waiting = [container]
        for inner in waiting:
            for place in self._layout.get(inner, ()):
                self._marks[place.node.id] = NEVER
                waiting.append(place.node.id)
        return False

    def _are_fresh(self, sources: Iterable[str]) -> bool:
        # What a node in a frame reads from outside counts for the frame.
        return all(
            self._marks[source].state == "fresh" for source in sources if source in self._marks
        )

    def _is_reached(self, place: Place) -> bool:
        """Whether a wire that leads to a node is taken, as things stand."""
        return not place.wires or any(
            self._left_by[source] in (port, _EVERY) for source, port in place.wires
        )

    def _port(self, place: Place) -> str | None:
        last = self._runs.get(place.node.id)
        if last is not None and last.pinned_hash:
            return last.port or _EVERY
        if place.node.disabled:
            # It is passed through, if a way leads to it.
            return _EVERY if self._is_reached(place) else None
        if last is not None and last.skipped:
            return None
        return (last.port if last is not None else "") or _EVERY
