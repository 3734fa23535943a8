"""What takes a change of a document back."""

from itertools import pairwise
from typing import Any

from flowstudio.graph.document import Document, Node
from flowstudio.graph.operations import (
    AddEdge,
    AddNode,
    Operation,
    PutStickyNote,
    RemoveEdge,
    RemoveNode,
    RemoveStickyNote,
    RenameNode,
    SetConfig,
    UpdateNode,
    UpdateStickyNote,
    UpdateWorkflow,
    inside,
)


def invert(document: Document, operation: Operation) -> list[Operation]:
    """The operations that undo one which can be applied to the document, in order."""
    match operation:
        case AddNode(node=node):
            return [RemoveNode(id=node.id)]
        case RemoveNode(id=node_id):
            return _put_back(document, node_id)
        case UpdateNode(id=node_id, changes=changes):
            return [UpdateNode(id=node_id, changes=_before(_node(document, node_id), changes))]
        case SetConfig():
            return [_unset_config(_node(document, operation.id), operation)]
        case RenameNode(id=node_id):
            return [RenameNode(id=node_id, name=_node(document, node_id).name)]
        case _:
            return _invert_beside_nodes(document, operation)


def _invert_beside_nodes(document: Document, operation: Operation) -> list[Operation]:
    match operation:
        case AddEdge(edge=edge):
            return [RemoveEdge(id=edge.id)]
        case RemoveEdge(id=edge_id):
            return [AddEdge(edge=edge) for edge in document.edges if edge.id == edge_id]
        case PutStickyNote(sticky_note=note):
            return _old_note(document, note.id) or [RemoveStickyNote(id=note.id)]
        case RemoveStickyNote(id=note_id):
            return _old_note(document, note_id)
        case UpdateStickyNote(id=note_id, changes=changes):
            return _old_fields(document, note_id, changes)
        case UpdateWorkflow():
            return [_old_head(document, operation)]
        case _:
            return []


def _old_note(document: Document, note_id: str) -> list[Operation]:
    return [PutStickyNote(sticky_note=note) for note in document.sticky_notes if note.id == note_id]


def _old_fields(document: Document, note_id: str, changes: dict[str, Any]) -> list[Operation]:
    return [
        UpdateStickyNote(
            id=note_id, changes={key: note.model_dump(mode="json")[key] for key in changes}
        )
        for note in document.sticky_notes
        if note.id == note_id
    ]


def _unset_config(node: Node, operation: SetConfig) -> Operation:
    """What puts back the smallest part of the config that was there before.

    In a list a removal moves what follows, and so the whole list is put back.
    """
    place: Any = node.config
    last = len(operation.path) - 1
    for depth, key in enumerate(operation.path):
        if isinstance(place, list) and isinstance(key, int):
            if key >= len(place) or (operation.remove and depth == last):
                return SetConfig(id=node.id, path=operation.path[:depth], value=place)
        elif not isinstance(place, dict) or key not in place:
            return SetConfig(id=node.id, path=operation.path[: depth + 1], remove=True)
        place = place[key]
    return SetConfig(id=node.id, path=operation.path, value=place)


def _put_back(document: Document, node_id: str) -> list[Operation]:
    gone = inside(document, node_id)
    # From the last on, so that what each stood before is there already.
    followers = [*pairwise(document.nodes), (document.nodes[-1], None)]
    nodes = [
        AddNode(node=node, before=after.id if after is not None else None)
        for node, after in reversed(followers)
        if node.id in gone
    ]
    edges = [edge for edge in document.edges if {edge.source, edge.target} & gone]
    return [*nodes, *(AddEdge(edge=edge) for edge in edges)]


def _before(node: Node, changes: dict[str, Any]) -> dict[str, Any]:
    values = node.model_dump(mode="json")
    before = {key: values[key] for key in changes}
    if "config" in before:
        before["config"] = {key: node.config.get(key) for key in changes["config"]}
    return before


def _old_head(document: Document, operation: UpdateWorkflow) -> UpdateWorkflow:
    settings = document.settings.model_dump(mode="json", exclude_defaults=True)
    return UpdateWorkflow(
        name=document.name if operation.name is not None else None,
        description=document.description if operation.description is not None else None,
        settings={key: settings.get(key) for key in operation.settings}
        if operation.settings is not None
        else None,
    )


def _node(document: Document, node_id: str) -> Node:
    return next(node for node in document.nodes if node.id == node_id)
