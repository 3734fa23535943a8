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
from flowstudio.graph.document import Document, Edge, Node, parse_document
from flowstudio.graph.problems import Problem
from flowstudio.graph.rename import rename_node

MOST_OPERATIONS = 500
#: Each reads every expression of the document.
MOST_RENAMES = 20


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


class UpdateWorkflow(_Operation):
    """Give the workflow another name, description or settings; settings are merged."""

    op: Literal["update_workflow"] = "update_workflow"
    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=20_000)
    settings: dict[str, Any] | None = None


Operation = Annotated[
    AddNode | UpdateNode | RenameNode | RemoveNode | AddEdge | RemoveEdge | UpdateWorkflow,
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
    _check_renames(operations)
    for index, operation in enumerate(operations):
        place = f"operations.{index}"
        try:
            document = _apply(document, operation, catalogue)
        except InvalidDocumentError as error:
            raise InvalidDocumentError(
                [_within(found, place) for found in error.problems]
            ) from error
        except (NotFoundError, ConflictError, InvalidInputError) as error:
            raise InvalidDocumentError(
                [Problem("bad_operation", str(error), path=place)]
            ) from error
    return parse_document(document.dump())


def _check_renames(operations: Sequence[Operation]) -> None:
    renames = [index for index, each in enumerate(operations) if isinstance(each, RenameNode)]
    if len(renames) > MOST_RENAMES:
        message = f"At most {MOST_RENAMES} nodes are renamed in one go."
        place = f"operations.{renames[MOST_RENAMES]}"
        raise InvalidDocumentError([Problem("too_many_renames", message, path=place)])


def _within(problem: Problem, place: str) -> Problem:
    return replace(problem, path=f"{place}.{problem.path}" if problem.path else place)


def _apply(document: Document, operation: Operation, catalogue: Catalogue) -> Document:
    match operation:
        case AddNode():
            return _add_node(document, operation)
        case UpdateNode():
            return _update_node(document, operation)
        case RenameNode(id=node_id, name=name):
            return rename_node(document, node_id, name, catalogue)
        case RemoveNode(id=node_id):
            return _remove_node(document, node_id)
        case AddEdge(edge=edge):
            _refuse_twice(edge.id, document.edges)
            return document.model_copy(update={"edges": [*document.edges, edge]})
        case RemoveEdge(id=edge_id):
            _find(edge_id, document.edges)
            kept = [edge for edge in document.edges if edge.id != edge_id]
            return document.model_copy(update={"edges": kept})
        case UpdateWorkflow():
            return _update_workflow(document, operation)


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
    checked = parse_document({**_EMPTY, "nodes": [values]}).nodes[0]
    nodes = [checked if each.id == node.id else each for each in document.nodes]
    return document.model_copy(update={"nodes": nodes})


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


def _update_workflow(document: Document, operation: UpdateWorkflow) -> Document:
    # Without its nodes, since checking thousands of them again for a name would take long.
    values = document.model_copy(update={"nodes": [], "edges": []}).dump()
    if operation.name is not None:
        values["name"] = operation.name
    if operation.description is not None:
        values["description"] = operation.description
    if operation.settings is not None:
        values["settings"] = _merged(values.get("settings", {}), operation.settings)
    head = parse_document(values)
    return head.model_copy(update={"nodes": document.nodes, "edges": document.edges})


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
