"""What changed between two versions of a document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowstudio.graph.canonical import dump, dump_in_order
from flowstudio.graph.document import Document, Node, Position
from flowstudio.graph.slots import path_text
from flowstudio.graph.wording import brief


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; None stands for a field that is not there.

    Attributes:
        node: name of the node after the change, or "" for the workflow itself.
        path: such as `config.fields.total` or `settings.timeout_s`.
    """

    path: str
    before: Any
    after: Any
    node: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A node with another name."""

    id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A node at another place on the canvas; nothing it does depends on that."""

    id: str
    node: str
    before: Position
    after: Position


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge by the names of its ends."""

    source: str
    source_port: str
    target: str
    target_port: str

    def __str__(self) -> str:
        source = self.source if self.source_port == "out" else f"{self.source}.{self.source_port}"
        target = self.target if self.target_port == "in" else f"{self.target}.{self.target_port}"
        return f"{source} → {target}"


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that changed, in document order; false when nothing did.

    Attributes:
        added: names of nodes only in the later version; removed: only in the earlier one.
        changes: fields of nodes present in both, then of the workflow.
        reordered: nodes present in both stand in another order, which decides how outputs merge.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    moved: tuple[Moved, ...] = ()
    changes: tuple[Change, ...] = ()
    wires_added: tuple[Wire, ...] = ()
    wires_removed: tuple[Wire, ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        return self != Diff()

    def describe(self) -> list[str]:
        """One line for each change, for people."""
        return [
            *(f"added {name}" for name in self.added),
            *(f"removed {name}" for name in self.removed),
            *(f"renamed {each.before} to {each.after}" for each in self.renamed),
            *(_change_line(change) for change in self.changes),
            *(f"wired {wire}" for wire in self.wires_added),
            *(f"unwired {wire}" for wire in self.wires_removed),
            *(f"moved {each.node}" for each in self.moved),
            *(["changed the order of nodes"] if self.reordered else []),
        ]


def diff(before: Document, after: Document) -> Diff:
    """Compare two documents node by node, by id; ids of edges are left out of account."""
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    both = [(old[node_id], node) for node_id, node in new.items() if node_id in old]
    old_wires, new_wires = _wires(before, old), _wires(after, new)
    return Diff(
        added=tuple(node.name for node_id, node in new.items() if node_id not in old),
        removed=tuple(node.name for node_id, node in old.items() if node_id not in new),
        renamed=tuple(Renamed(b.id, a.name, b.name) for a, b in both if a.name != b.name),
        moved=tuple(
            Moved(b.id, b.name, a.position, b.position) for a, b in both if a.position != b.position
        ),
        changes=(*_node_changes(both), *_document_changes(before, after)),
        wires_added=tuple(wire for key, wire in new_wires.items() if key not in old_wires),
        wires_removed=tuple(wire for key, wire in old_wires.items() if key not in new_wires),
        reordered=[a.id for a, _ in both] != [node_id for node_id in old if node_id in new],
    )


def _node_changes(both: list[tuple[Node, Node]]) -> Iterator[Change]:
    own_lines = {"id", "name", "position"}
    for before, after in both:
        pair = (part.model_dump(mode="json", exclude=own_lines) for part in (before, after))
        for path, old, new in differences((), *pair):
            yield Change(path_text(path), old, new, after.name)


def _document_changes(before: Document, after: Document) -> Iterator[Change]:
    own_lines = {"nodes", "edges"}
    pair = (part.model_dump(mode="json", exclude=own_lines) for part in (before, after))
    for path, old, new in differences((), *pair):
        yield Change(path_text(path), old, new)


def differences(path: tuple[str, ...], before: Any, after: Any) -> Iterator[tuple[Any, ...]]:
    """Path, earlier and later value of each leaf that differs between two JSON values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from differences((*path, key), before.get(key), after.get(key))
    # Compared as JSON, where true is not 1, though Python holds them equal.
    elif dump(before) != dump(after):
        yield path, before, after


def _wires(document: Document, nodes: Mapping[str, Node]) -> dict[tuple[str, ...], Wire]:
    def name(node_id: str) -> str:
        return nodes[node_id].name if node_id in nodes else node_id

    return {
        (edge.source, edge.source_port, edge.target, edge.target_port): Wire(
            name(edge.source), edge.source_port, name(edge.target), edge.target_port
        )
        for edge in document.edges
    }


def _change_line(change: Change) -> str:
    place = ".".join(part for part in (change.node, change.path) if part)
    if change.before is None:
        return f"set {place} to {_shown(change.after)}"
    if change.after is None:
        return f"cleared {place}, which was {_shown(change.before)}"
    return f"changed {place} from {_shown(change.before)} to {_shown(change.after)}"


def _shown(value: Any) -> str:
    return repr(brief(value)) if isinstance(value, str) else brief(dump_in_order(value).decode())
