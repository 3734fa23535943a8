"""The editor and the parts of React Flow that node bodies are made of, as components.

The other half is assets/components/editor/: the document lives there and in SQL, never in a State.
"""

from typing import Any

import reflex as rx
from reflex.event import EventHandler
from reflex_base.vars import VarData

from flowstudio.ui.editor.presence import Presence
from flowstudio.ui.packages import CODE_PACKAGES, VALUE_PACKAGES

_LIBRARY = "@xyflow/react@12.12.1"
_EDITOR = "$/public/components/editor/editor.jsx"
_PARTS = "$/public/components/editor/node-parts.jsx"
_PACKAGES = [_LIBRARY, *CODE_PACKAGES, *VALUE_PACKAGES]


def _presence(presence: rx.Var[Presence]) -> tuple[rx.Var[Presence]]:
    return (presence,)


class Editor(rx.Component):
    """A whole editor, of the workflow that the address names; what is in it stands in its bar.

    Attributes:
        node_types: what draws each kind of node, from `node_types`.
        on_present: told where this person points, and what they hold.
    """

    library = _EDITOR
    tag = "Editor"
    lib_dependencies: list[str] = _PACKAGES
    node_types: rx.Var[dict[str, Any]]
    on_present: EventHandler[_presence]  # type: ignore[type-arg, valid-type]


class Handle(rx.Component):
    """Where wires begin (`source`) and end (`target`)."""

    library = _LIBRARY
    tag = "Handle"
    type: rx.Var[str]
    position: rx.Var[str]
    id: rx.Var[str]


class NodeName(rx.Component):
    """A node's name, to be changed in place."""

    library = _PARTS
    tag = "NodeName"
    node_id: rx.Var[str]
    name: rx.Var[str]


class NodeRun(rx.Component):
    """Runs one node, with what it needs that is stale."""

    library = _PARTS
    tag = "NodeRun"
    node_id: rx.Var[str]
    name: rx.Var[str]


class NodeStream(rx.Component):
    """What a node streams while it runs."""

    library = _PARTS
    tag = "NodeStream"
    name: rx.Var[str]


class NodeComments(rx.Component):
    """How many threads about a node are open; leads to them."""

    library = _PARTS
    tag = "NodeComments"
    node_id: rx.Var[str]


class NodeHolders(rx.Component):
    """Who else has selected a node."""

    library = _PARTS
    tag = "NodeHolders"
    node_id: rx.Var[str]


class NoteBody(rx.Component):
    """A sticky note's text, to be changed in place."""

    library = _PARTS
    tag = "NoteBody"
    node_id: rx.Var[str]
    text: rx.Var[str]
    colour: rx.Var[str]
    selected: rx.Var[bool]


def node_types(**bodies: Any) -> rx.Var[dict[str, Any]]:
    """What React Flow draws each kind of node with; the same object at every render.

    Args:
        bodies: by kind, a component that `rx.memo` made.
    """
    # `_as_var` is private to Reflex 0.10.1; this is the one place that uses it.
    types = rx.Var.create({name: body._as_var() for name, body in bodies.items()})  # noqa: SLF001
    data = VarData(
        hooks={f"const flowNodeTypes = useMemo(() => ({types!s}), []);": None},
        imports={"react": [rx.ImportVar(tag="useMemo")]},
    )
    return rx.Var(
        "flowNodeTypes",
        _var_type=dict,
        _var_data=VarData.merge(types._get_all_var_data(), data),  # noqa: SLF001
    )


editor = Editor.create
handle = Handle.create
node_name = NodeName.create
node_run = NodeRun.create
node_stream = NodeStream.create
node_comments = NodeComments.create
node_holders = NodeHolders.create
note_body = NoteBody.create
