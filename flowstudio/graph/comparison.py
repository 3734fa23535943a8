"""What changed between two versions of a document, node by node and wire by wire, to be shown.

`diff` says it in names, for people; this says it by id as well, so that it can be drawn.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from flowstudio.errors import ConflictError, InvalidInputError
from flowstudio.graph.canonical import dump
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.diff import differences
from flowstudio.graph.document import Document, Edge, Model, Node, StickyNote
from flowstudio.graph.operations import MOST_RENAMES
from flowstudio.graph.rename import rename_node
from flowstudio.graph.slots import path_text
from flowstudio.graph.wording import brief

State = Literal["added", "removed", "changed", "moved"]
_MOST_SHOWN = 400
_CONTEXT = 80
_OWN_LINES = {"id", "name", "position"}
_PLACE = {"position", "width", "height"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; None stands for a field that is not there.

    Attributes:
        is_cut: a value is long, and stands here as a part of its text, around what differs.
    """

    path: str
    before: Any
    after: Any
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that differs.

    Attributes:
        state: `moved` when nothing but its place differs.
        name: after the change; of a removed node, before.
        name_before: before the change, where that is another.
        parent: name of the container it lives in, or "".
    """

    id: str
    name: str
    type: str
    state: State
    name_before: str = ""
    parent: str = ""
    is_moved: bool = False
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A wire that came or went; `id` is the one in the document that has it."""

    id: str
    state: Literal["added", "removed"]
    source: str
    source_port: str
    target: str
    target_port: str
    source_name: str
    target_name: str


@dataclass(frozen=True, slots=True)
class NoteChange:
    """A sticky note that differs.

    Attributes:
        state: `moved` when nothing but its place or size differs.
        text: the beginning of what it says after the change; of a removed note, before.
    """

    id: str
    text: str
    state: State
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs.

    Attributes:
        nodes: in the order of the later document, then those removed; notes likewise.
        settings: fields of the workflow itself, its name and description among them.
        reordered: nodes stand in another order, which decides how outputs merge.
    """

    nodes: tuple[NodeChange, ...] = ()
    edges: tuple[EdgeChange, ...] = ()
    notes: tuple[NoteChange, ...] = ()
    settings: tuple[FieldChange, ...] = ()
    reordered: bool = False

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return self == Comparison()


def compare(before: Document, after: Document, catalogue: Catalogue | None = None) -> Comparison:
    """Compare two documents by the ids of their nodes and the ends of their wires.

    With the catalogue, references that only follow a node's new name are no difference.
    """
    names = {node.id: node.name for node in before.nodes}
    if catalogue is not None:
        before = _renamed(before, after, catalogue)
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    kept = [node_id for node_id in new if node_id in old]
    gone = [node for node_id, node in old.items() if node_id not in new]
    return Comparison(
        nodes=(
            *_later_nodes(old, new, names),
            *(NodeChange(x.id, x.name, x.type, "removed", parent=_parent(x, old)) for x in gone),
        ),
        edges=(
            *_only_in(after, before, new, "added"),
            *_only_in(before, after, old, "removed"),
        ),
        notes=tuple(_notes(before.sticky_notes, after.sticky_notes)),
        settings=tuple(_fields(before, after, {"nodes", "edges", "sticky_notes"})),
        reordered=kept != [node_id for node_id in old if node_id in new],
    )


def _renamed(before: Document, after: Document, catalogue: Catalogue) -> Document:
    """The earlier document with the names that its nodes have later, as far as they are free."""
    later = {node.id: node.name for node in after.nodes}
    wanted = [
        (node.id, later[node.id])
        for node in before.nodes
        if later.get(node.id, node.name) != node.name
    ]
    for node_id, name in wanted[:MOST_RENAMES]:
        with suppress(ConflictError, InvalidInputError):
            before = rename_node(before, node_id, name, catalogue)
    return before


def _later_nodes(
    old: Mapping[str, Node], new: Mapping[str, Node], names: Mapping[str, str]
) -> Iterator[NodeChange]:
    for node_id, node in new.items():
        before, parent = old.get(node_id), _parent(node, new)
        if before is None:
            yield NodeChange(node_id, node.name, node.type, "added", parent=parent)
        elif before != node or names[node_id] != node.name:
            yield _changed(before, node, names[node_id], parent)


def _changed(before: Node, after: Node, name: str, parent: str) -> NodeChange:
    changes = tuple(_fields(before, after, _OWN_LINES))
    renamed = name if name != after.name else ""
    return NodeChange(
        after.id,
        after.name,
        after.type,
        "changed" if changes or renamed else "moved",
        name_before=renamed,
        parent=parent,
        is_moved=before.position != after.position,
        changes=changes,
    )


def _parent(node: Node, nodes: Mapping[str, Node]) -> str:
    outer = nodes.get(node.parent) if node.parent else None
    return outer.name if outer is not None else ""


def _only_in(
    here: Document,
    there: Document,
    nodes: Mapping[str, Node],
    state: Literal["added", "removed"],
) -> Iterator[EdgeChange]:
    known = {_ends(edge) for edge in there.edges}
    for edge in here.edges:
        if _ends(edge) not in known:
            source, target = nodes.get(edge.source), nodes.get(edge.target)
            yield EdgeChange(
                edge.id,
                state,
                *_ends(edge),
                source.name if source is not None else edge.source,
                target.name if target is not None else edge.target,
            )


def _ends(edge: Edge) -> tuple[str, str, str, str]:
    return edge.source, edge.source_port, edge.target, edge.target_port


def _notes(before: list[StickyNote], after: list[StickyNote]) -> Iterator[NoteChange]:
    old, new = ({note.id: note for note in notes} for notes in (before, after))
    for note_id, note in new.items():
        if note_id not in old:
            yield NoteChange(note_id, _beginning(note), "added")
        elif old[note_id] != note:
            changes = tuple(_fields(old[note_id], note, _PLACE))
            state: State = "changed" if changes else "moved"
            yield NoteChange(note_id, _beginning(note), state, changes)
    for note_id, note in old.items():
        if note_id not in new:
            yield NoteChange(note_id, _beginning(note), "removed")


def _beginning(note: StickyNote) -> str:
    return brief(" ".join(note.text.split()))


def _fields(before: Model, after: Model, leave_out: set[str]) -> Iterator[FieldChange]:
    pair = (part.model_dump(mode="json", exclude=leave_out) for part in (before, after))
    for path, old, new in differences((), *pair):
        yield _cut(path_text(path), old, new)


def _cut(path: str, before: Any, after: Any) -> FieldChange:
    texts = [_text(before), _text(after)]
    if all(len(text) <= _MOST_SHOWN for text in texts):
        return FieldChange(path, before, after)
    start = max(0, _same(*texts) - _CONTEXT)
    old = _window(texts[0], start) if before is not None else None
    new = _window(texts[1], start) if after is not None else None
    return FieldChange(path, old, new, is_cut=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dump(value).decode()


def _same(before: str, after: str) -> int:
    """How many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))


def _window(text: str, start: int) -> str:
    end = start + _MOST_SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"
