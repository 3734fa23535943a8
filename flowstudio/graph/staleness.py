"""Which outputs of the editor's last runs still hold, and why the others do not.

A node is stale when something it depends on itself has changed, and maybe stale when something
above it is not fresh: if that comes out as before, this one turns fresh without running.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from flowstudio.graph.document import Document, Node
from flowstudio.graph.fingerprint import config_key
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


#: Of each scope, by container: its nodes, each after what leads to it, and what that is.
Layout = Mapping[str, tuple[tuple[Node, tuple[str, ...]], ...]]


def layout_of(document: Document) -> Layout:
    """What of a valid document its marks depend on, for who marks it again and again."""
    return {
        container: tuple((node, tuple(scope.graph.predecessors(node.id))) for node in scope.order())
        for container, scope in scopes_of(document).items()
    }


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
    return _spread(layout or layout_of(document), lambda node: _own_mark(node, runs, present))


def _own_mark(node: Node, runs: Mapping[str, LastRun], present: Present) -> Mark:
    last = runs.get(node.id)
    if last is not None and last.pinned_hash:
        return PINNED
    if node.disabled:
        return FRESH
    if last is None or not (last.output_hash or last.failed):
        return NEVER
    return next(_changes(node, last, runs, present), FRESH)


def _changes(
    node: Node, last: LastRun, runs: Mapping[str, LastRun], present: Present
) -> Iterator[Mark]:
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
    for source, seen in last.seen.items():
        run = runs.get(source)
        # An ancestor that has failed gives nothing to compare; it is stale itself.
        if run is None or run.shown_hash not in ("", seen):
            about_pin = source in last.seen_pinned or (run is not None and run.pinned_hash)
            yield Mark("stale", "pin" if about_pin else "inputs")
    if last.inputs_hash and present.inputs_hash and last.inputs_hash != present.inputs_hash:
        yield Mark("stale", "inputs")
    if expected is not None:
        yield Mark("stale", "inputs")


def _spread(layout: Layout, own: Callable[[Node], Mark]) -> dict[str, Mark]:
    """Marks of the nodes themselves, and maybe stale below each that is not fresh."""
    marks: dict[str, Mark] = {}

    def visit(container: str, *, above_is_fresh: bool) -> bool:
        """Mark one scope; whether all of it is fresh."""
        is_fresh = True
        for node, before in layout[container]:
            holds = above_is_fresh and all(marks[one].state == "fresh" for one in before)
            mark = own(node)
            # Neither a pinned nor a disabled node's output depends on what is above it.
            if mark == FRESH and not holds and not node.disabled:
                mark = MAYBE
            if node.id in layout:
                inside = visit(node.id, above_is_fresh=mark.state == "fresh")
                mark = MAYBE if mark == FRESH and not inside else mark
            marks[node.id] = mark
            is_fresh = is_fresh and mark.state == "fresh"
        return is_fresh

    visit(ROOT, above_is_fresh=True)
    return marks
