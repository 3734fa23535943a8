"""The bodies of nodes on the canvas; `data` is made by assets/components/editor/faces.js."""

from typing import Any

import reflex as rx

from flowstudio.ui.editor.flow import (
    handle,
    node_comments,
    node_holders,
    node_name,
    node_run,
    node_stream,
    node_types,
    note_body,
)
from flowstudio.ui.live import elapsed
from flowstudio.ui.widgets.icons import icon, status_icon, type_icon


@rx.memo
def step_node(
    id: rx.Var[str],  # noqa: A002 - React Flow's word
    data: rx.Var[dict[str, Any]],
    selected: rx.Var[bool],
) -> rx.Component:
    """A node: what it is, its key setting, its last output, and how that stands."""
    return _step(id, data, selected)


@rx.memo
def frame_node(
    id: rx.Var[str],  # noqa: A002
    data: rx.Var[dict[str, Any]],
    selected: rx.Var[bool],
) -> rx.Component:
    """A container: a frame around what is inside, with its own state in the corner."""
    return _frame(id, data, selected)


@rx.memo
def sticky_node(
    id: rx.Var[str],  # noqa: A002
    data: rx.Var[dict[str, Any]],
    selected: rx.Var[bool],
) -> rx.Component:
    """A sticky note."""
    return _sticky(id, data, selected)


def node_bodies() -> rx.Var[dict[str, Any]]:
    """Every kind of node on the canvas."""
    return node_types(step=step_node, frame=frame_node, note=sticky_node)


def _step(node_id: rx.Var[str], data: Any, selected: rx.Var[bool]) -> rx.Component:
    return rx.el.div(
        _ways_in(data),
        _head(node_id, data),
        rx.el.p(
            data["summary"],
            class_name="flow-summary",
            custom_attrs={"data-blank": data["isBlank"]},
        ),
        node_stream(name=data["name"].to(str)),
        _brief(data, "flow-brief"),
        _foot(data),
        _ways_out(data),
        node_run(node_id=node_id, name=data["name"].to(str)),
        node_holders(node_id=node_id),
        class_name="flow-node",
        custom_attrs=_marks(data, selected),
    )


def _frame(node_id: rx.Var[str], data: Any, selected: rx.Var[bool]) -> rx.Component:
    return rx.el.div(
        _ways_in(data),
        rx.el.div(
            _head(node_id, data),
            _brief(data, "flow-frame-brief"),
            rx.el.span(
                _state(data),
                rx.el.span(data["aside"], class_name="flow-aside"),
                class_name="flow-frame-end",
            ),
            class_name="flow-frame-head",
        ),
        rx.cond(
            data["isEmpty"],
            rx.el.p("Nothing in here yet: drag nodes in.", class_name="flow-frame-empty"),
        ),
        _ways_out(data),
        node_run(node_id=node_id, name=data["name"].to(str)),
        node_holders(node_id=node_id),
        class_name="flow-frame",
        custom_attrs=_marks(data, selected),
    )


def _sticky(node_id: rx.Var[str], data: Any, selected: rx.Var[bool]) -> rx.Component:
    return note_body(
        node_id=node_id,
        text=data["text"].to(str),
        colour=data["colour"].to(str),
        selected=selected,
    )


def _marks(data: Any, selected: rx.Var[bool]) -> dict[str, Any]:
    return {
        "data-testid": f"node-{data['name']}",
        "data-state": data["state"],
        "data-maybe": data["maybe"],
        "data-category": data["category"],
        "data-selected": selected,
        "data-disabled": data["disabled"],
        "data-problem": data["problem"] != "",
        "title": data["problem"],
    }


def _head(node_id: rx.Var[str], data: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            type_icon(data["type"].to(str), 15),
            class_name="type-mark",
            custom_attrs={"data-category": data["category"]},
        ),
        rx.el.span(
            node_name(node_id=node_id, name=data["name"].to(str)),
            rx.el.span(data["title"], class_name="flow-title"),
            class_name="flow-words",
        ),
        node_comments(node_id=node_id),
        rx.cond(
            data["notes"],
            rx.el.span(icon("sticky-note", 12), class_name="flow-mark", title=data["notes"]),
        ),
        rx.cond(data["pinned"], rx.el.span(icon("pin", 12), class_name="flow-mark")),
        rx.cond(
            data["problem"],
            rx.el.span(
                icon("circle-alert", 14),
                class_name="flow-mark",
                custom_attrs={"data-tone": "error"},
            ),
        ),
        class_name="flow-head",
    )


def _state(data: Any) -> rx.Component:
    return rx.el.span(
        status_icon(data["state"].to(str)),
        rx.cond(
            data["since"],
            elapsed(since=data["since"].to(str)),
            rx.el.span(data["label"]),
        ),
        class_name="pill",
        custom_attrs={
            "data-state": data["state"],
            "data-maybe": data["maybe"],
            # How it stands has not been read yet.
            "data-blank": data["label"] == "",
            "data-testid": f"node-{data['name']}-status",
        },
    )


def _brief(data: Any, class_name: str) -> rx.Component:
    return rx.cond(
        data["brief"] & (data["state"] != "running"),
        rx.el.p(
            data["brief"],
            class_name=class_name,
            custom_attrs={"data-testid": f"node-{data['name']}-output"},
        ),
    )


def _foot(data: Any) -> rx.Component:
    return rx.el.div(
        _state(data),
        rx.el.span(data["aside"], class_name="flow-aside"),
        class_name="flow-foot",
    )


def _ways_in(data: Any) -> rx.Component:
    return rx.foreach(
        data["inputs"].to(list[dict[str, str]]),
        lambda port: handle(type="target", position="left", id=port["id"]),
    )


def _ways_out(data: Any) -> rx.Component:
    return rx.el.div(
        rx.foreach(
            data["outputs"].to(list[dict[str, str]]),
            lambda port: rx.el.span(
                port["label"],
                handle(type="source", position="right", id=port["id"]),
                class_name="flow-way",
            ),
        ),
        class_name="flow-ways",
    )
