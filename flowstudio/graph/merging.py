"""Changes that several people make at the same time, put in one order.

Each operation is applied to the document as it is when its turn comes. One that no longer fits,
because somebody removed what it changes, is left out and said so; the others hold. Two changes of
different properties both hold, of the same property the later one.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError, NotFoundError
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.document import MAX_EDGES, MAX_NODES, MAX_STICKY_NOTES, Document
from flowstudio.graph.operations import (
    AddEdge,
    AddNode,
    Operation,
    PutStickyNote,
    RenameNode,
    SetConfig,
    UpdateNode,
    apply_one,
    check_renames,
)


@dataclass(frozen=True, slots=True)
class Merged:
    """A document after a batch of operations.

    Attributes:
        applied: what to do to any copy of the document before to get this one, without knowing any
            node types: a rename stands with the places it rewrote, as operations of their own.
        refused: position in the batch and reason of each operation that was left out.
    """

    document: Document
    applied: list[Operation]
    refused: list[tuple[int, str]]


def merge(document: Document, operations: Sequence[Operation], catalogue: Catalogue) -> Merged:
    """Apply a batch, operation by operation; the document given stays as it is.

    Raises:
        InvalidDocumentError: more nodes are to be renamed than one batch may.
    """
    check_renames(operations)
    # What is put back with its container may stand before it.
    arriving = {each.node.id for each in operations if isinstance(each, AddNode)}
    applied: list[Operation] = []
    refused: list[tuple[int, str]] = []
    for index, operation in enumerate(operations):
        try:
            _check(document, operation, arriving)
            after = apply_one(document, operation, catalogue)
        except InvalidDocumentError as error:
            refused.append((index, "; ".join(str(problem) for problem in error.problems)))
        except (NotFoundError, ConflictError, InvalidInputError) as error:
            refused.append((index, str(error)))
        else:
            applied += [operation, *_rewritten(document, after, operation)]
            document = after
    return Merged(document, applied, refused)


def _check(document: Document, operation: Operation, arriving: Set[str]) -> None:
    match operation:
        case AddNode(node=node):
            _leave_room(document.nodes, MAX_NODES, "nodes")
            _check_parent(document, node.id, node.parent, arriving)
        case AddEdge(edge=edge):
            _leave_room(document.edges, MAX_EDGES, "wires")
            there = {node.id for node in document.nodes}
            if not {edge.source, edge.target} <= there:
                message = "A wire needs both its nodes, and one of them is gone."
                raise NotFoundError(message)
        case UpdateNode(changes={"parent": str(parent)}):
            _check_parent(document, operation.id, parent)
        case PutStickyNote(sticky_note=note):
            others = [each for each in document.sticky_notes if each.id != note.id]
            _leave_room(others, MAX_STICKY_NOTES, "sticky notes")
        case _:
            pass


def _check_parent(
    document: Document, node_id: str, parent: str | None, arriving: Set[str] = frozenset()
) -> None:
    """The container must be there still, and two people may each put one into the other."""
    if parent is None:
        return
    parents = {node.id: node.parent for node in document.nodes}
    if parent not in parents and parent not in arriving:
        message = "The container is gone."
        raise NotFoundError(message)
    around: set[str] = set()
    while parent is not None and parent not in around:
        if parent == node_id:
            raise InvalidInputError(["A container cannot be inside of itself."])
        around.add(parent)
        parent = parents.get(parent)


def _leave_room(things: Sequence[object], most: int, name: str) -> None:
    if len(things) >= most:
        raise InvalidInputError([f"A workflow has at most {most:,} {name}."])


def _rewritten(before: Document, after: Document, operation: Operation) -> Iterator[SetConfig]:
    """What a rename changed in the configs of nodes, as operations that name places."""
    if not isinstance(operation, RenameNode):
        return
    for old, new in zip(before.nodes, after.nodes, strict=True):
        if old.config is not new.config:
            for key, value in new.config.items():
                if value != old.config.get(key):
                    yield SetConfig(id=new.id, path=[key], value=value)
