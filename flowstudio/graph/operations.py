"""Changes of a document, small enough for two people to make at the same time.

Operations name nodes and edges by their ids, say only what changes, and are applied in order, all
or none. The result is checked for form; whether it means anything is `validate`'s to say.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError, NotFoundError
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.document import MAX_DEPTH, Document, Edge, Node, StickyNote, parse_document
from flowstudio.graph.problems import Problem
from flowstudio.graph.rename import rename_node
from flowstudio.graph.strict_json import depth_of

MOST_OPERATIONS = 500
#: Each reads every expression of the document.
MOST_RENAMES = 20
#: Levels of a document around a node's config.
_ABOVE_CONFIG = 3


class _Operation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddNode(_Operation):
    """Put a node in: before the one with the id `before`, else after all others.

    The order of nodes decides how outputs merge.
    """

    op: Literal["add_node"] = "add_node"
    node: Node
    before: str | None = Field(None, max_length=100)


class UpdateNode(_Operation):
    """Give fields of a node new values; `config` is merged key by key, null removes a key."""

    op: Literal["update_node"] = "update_node"
    id: str
    changes: dict[str, Any] = Field(description="Fields of a node but `id` and `name`.")


class SetConfig(_Operation):
    """Give one place in a node's config a value, or take it out.

    Objects on the way are made where they are missing; in a list, the index after the last adds.
    """

    op: Literal["set_config"] = "set_config"
    id: str
    path: list[str | int] = Field(min_length=1, max_length=20)
    value: Any = None
    remove: bool = False


class RenameNode(_Operation):
    """Rename a node, and rewrite every reference to it."""

    op: Literal["rename_node"] = "rename_node"
    id: str
    name: str = Field(max_length=100)


class RemoveNode(_Operation):
    """Take a node out, with what is inside it and all wires to them."""

    op: Literal["remove_node"] = "remove_node"
    id: str


class AddEdge(_Operation):
    """Put a wire in."""

    op: Literal["add_edge"] = "add_edge"
    edge: Edge


class RemoveEdge(_Operation):
    """Take a wire out."""

    op: Literal["remove_edge"] = "remove_edge"
    id: str


class PutStickyNote(_Operation):
    """Put a sticky note on the canvas, or another in the place of the one with its id."""

    op: Literal["put_sticky_note"] = "put_sticky_note"
    sticky_note: StickyNote


class UpdateStickyNote(_Operation):
    """Give fields of a sticky note new values."""

    op: Literal["update_sticky_note"] = "update_sticky_note"
    id: str
    changes: dict[str, Any] = Field(description="Fields of a sticky note but `id`.")


class RemoveStickyNote(_Operation):
    """Take a sticky note away."""

    op: Literal["remove_sticky_note"] = "remove_sticky_note"
    id: str


class UpdateWorkflow(_Operation):
    """Give the workflow another name, description or settings; settings are merged."""

    op: Literal["update_workflow"] = "update_workflow"
    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=20_000)
    settings: dict[str, Any] | None = None


Operation = Annotated[
    AddNode
    | UpdateNode
    | SetConfig
    | RenameNode
    | RemoveNode
    | AddEdge
    | RemoveEdge
    | PutStickyNote
    | UpdateStickyNote
    | RemoveStickyNote
    | UpdateWorkflow,
    Field(discriminator="op"),
]
OPERATIONS: TypeAdapter[list[Operation]] = TypeAdapter(
    Annotated[list[Operation], Field(min_length=1, max_length=MOST_OPERATIONS)]
)


def apply(document: Document, operations: Sequence[Operation], catalogue: Catalogue) -> Document:
    """The document after all operations; the one given stays as it is.

    Raises:
        InvalidDocumentError: naming the operation that does not fit, or what is wrong with the form
            of the result.
    """
    check_renames(operations)
    for index, operation in enumerate(operations):
        place = f"operations.{index}"
        try:
            document = apply_one(document, operation, catalogue)
        except InvalidDocumentError as error:
            raise InvalidDocumentError(
                [_within(found, place) for found in error.problems]
            ) from error
        except (NotFoundError, ConflictError, InvalidInputError) as error:
            raise InvalidDocumentError(
                [Problem("bad_operation", str(error), path=place)]
            ) from error
    return parse_document(document.dump())


def check_renames(operations: Sequence[Operation]) -> None:
    """Find out whether a batch renames few enough nodes.

    Raises:
        InvalidDocumentError: it renames more than `MOST_RENAMES`.
    """
    renames = [index for index, each in enumerate(operations) if isinstance(each, RenameNode)]
    if len(renames) > MOST_RENAMES:
        message = f"At most {MOST_RENAMES} nodes are renamed in one go."
        place = f"operations.{renames[MOST_RENAMES]}"
        raise InvalidDocumentError([Problem("too_many_renames", message, path=place)])


def _within(problem: Problem, place: str) -> Problem:
    return replace(problem, path=f"{place}.{problem.path}" if problem.path else place)


def apply_one(document: Document, operation: Operation, catalogue: Catalogue) -> Document:
    """The document after one operation.

    Raises:
        FlowStudioError: InvalidDocumentError, NotFoundError, ConflictError or InvalidInputError, and
            says why the operation does not fit.
    """
    if isinstance(operation, AddNode | UpdateNode | SetConfig | RenameNode | RemoveNode):
        return _apply_to_nodes(document, operation, catalogue)
    match operation:
        case AddEdge(edge=edge):
            _refuse_twice(edge.id, document.edges)
            return document.model_copy(update={"edges": [*document.edges, edge]})
        case RemoveEdge(id=edge_id):
            return _without(document, "edges", edge_id)
        case PutStickyNote(sticky_note=note):
            kept = [each for each in document.sticky_notes if each.id != note.id]
            return document.model_copy(update={"sticky_notes": [*kept, note]})
        case UpdateStickyNote():
            return _update_note(document, operation)
        case RemoveStickyNote(id=note_id):
            return _without(document, "sticky_notes", note_id)
        case UpdateWorkflow():
            return _update_workflow(document, operation)


def _apply_to_nodes(
    document: Document,
    operation: AddNode | UpdateNode | SetConfig | RenameNode | RemoveNode,
    catalogue: Catalogue,
) -> Document:
    match operation:
        case AddNode():
            return _add_node(document, operation)
        case UpdateNode():
            return _update_node(document, operation)
        case SetConfig():
            return _set_config(document, operation)
        case RenameNode(id=node_id, name=name):
            return rename_node(document, node_id, name, catalogue)
        case RemoveNode(id=node_id):
            return _remove_node(document, node_id)


def _without(document: Document, field: str, thing_id: str) -> Document:
    things = getattr(document, field)
    _find(thing_id, things)
    return document.model_copy(update={field: [each for each in things if each.id != thing_id]})


def _add_node(document: Document, operation: AddNode) -> Document:
    _refuse_twice(operation.node.id, document.nodes)
    nodes = list(document.nodes)
    place = len(nodes)
    if operation.before is not None:
        place = nodes.index(_find(operation.before, nodes))
    nodes.insert(place, operation.node)
    return document.model_copy(update={"nodes": nodes})


def _update_node(document: Document, operation: UpdateNode) -> Document:
    node = _find(operation.id, document.nodes)
    if refused := {"id", "name"} & operation.changes.keys():
        _refuse(f"update_node does not change {' and '.join(sorted(refused))}; see rename_node.")
    values = node.model_dump(mode="json", exclude_defaults=True) | operation.changes
    config = operation.changes.get("config", {})
    if not isinstance(config, dict):
        _refuse("The changes of a config are an object.")
    values["config"] = _merged(node.config, config)
    return _with_node(document, parse_document({**_EMPTY, "nodes": [values]}).nodes[0])


def _with_node(document: Document, changed: Node) -> Document:
    nodes = [changed if each.id == changed.id else each for each in document.nodes]
    return document.model_copy(update={"nodes": nodes})


def _set_config(document: Document, operation: SetConfig) -> Document:
    node = _find(operation.id, document.nodes)
    config = _set_at(node.config, operation.path, operation)
    if _ABOVE_CONFIG + depth_of(config, MAX_DEPTH) > MAX_DEPTH:
        message = f"This would nest the document more than {MAX_DEPTH} levels deep."
        raise InvalidInputError([message])
    return _with_node(document, node.model_copy(update={"config": config}))


def _set_at(value: Any, path: Sequence[str | int], operation: SetConfig) -> Any:
    """A copy of the value with the place changed; what it held before stays as it was."""
    key, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(key, int):
        return _set_in_list(value, key, rest, operation)
    if not isinstance(value, dict) or not isinstance(key, str):
        _refuse("There is nothing at this place of the config any more; read it again.")
    changed = dict(value)
    if rest:
        changed[key] = _set_at(value.get(key, {}), rest, operation)
    elif operation.remove:
        changed.pop(key, None)
    else:
        changed[key] = operation.value
    return changed


def _set_in_list(
    value: list[Any], key: int, rest: Sequence[str | int], operation: SetConfig
) -> list[Any]:
    is_new = key == len(value) and not operation.remove
    if not (0 <= key < len(value) or is_new):
        _refuse("This list has no such place any more; read it again.")
    changed = list(value)
    if rest:
        changed[key : key + 1] = [_set_at({} if is_new else value[key], rest, operation)]
    else:
        changed[key : key + 1] = [] if operation.remove else [operation.value]
    return changed


def _remove_node(document: Document, node_id: str) -> Document:
    gone = inside(document, node_id)
    return document.model_copy(
        update={
            "nodes": [node for node in document.nodes if node.id not in gone],
            "edges": [edge for edge in document.edges if not {edge.source, edge.target} & gone],
        }
    )


def inside(document: Document, node_id: str) -> set[str]:
    """Ids of a node and of all that lives in it.

    Raises:
        NotFoundError: there is no such node.
    """
    children: dict[str | None, list[str]] = {}
    for node in document.nodes:
        children.setdefault(node.parent, []).append(node.id)
    found: set[str] = set()
    ahead = [_find(node_id, document.nodes).id]
    while ahead:
        current = ahead.pop()
        if current not in found:
            found.add(current)
            ahead += children.get(current, ())
    return found


def _update_note(document: Document, operation: UpdateStickyNote) -> Document:
    note = _find(operation.id, document.sticky_notes)
    if "id" in operation.changes:
        _refuse("update_sticky_note does not change the id.")
    values = note.model_dump(mode="json") | operation.changes
    changed = parse_document({**_EMPTY, "sticky_notes": [values]}).sticky_notes[0]
    notes = [changed if each.id == changed.id else each for each in document.sticky_notes]
    return document.model_copy(update={"sticky_notes": notes})


def _update_workflow(document: Document, operation: UpdateWorkflow) -> Document:
    # Without its nodes, since checking thousands of them again for a name would take long.
    values = document.model_copy(update={"nodes": [], "edges": [], "sticky_notes": []}).dump()
    if operation.name is not None:
        values["name"] = operation.name
    if operation.description is not None:
        values["description"] = operation.description
    if operation.settings is not None:
        values["settings"] = _merged(values.get("settings", {}), operation.settings)
    head = parse_document(values)
    kept = {name: getattr(document, name) for name in ("nodes", "edges", "sticky_notes")}
    return head.model_copy(update=kept)


_EMPTY = {"format": "flowstudio/1", "name": "checked"}


def _merged(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = before | changes
    return {key: value for key, value in merged.items() if changes.get(key, ...) is not None}


def _find(wanted: str, things: Sequence[Any]) -> Any:
    for thing in things:
        if thing.id == wanted:
            return thing
    raise NotFoundError(f"There is nothing with the id {wanted!r} to change.")


def _refuse_twice(new: str, things: Sequence[Any]) -> None:
    if any(thing.id == new for thing in things):
        raise ConflictError(f"The id {new!r} is taken.")


def _refuse(text: str) -> NoReturn:
    raise InvalidInputError([text])
