"""A workflow as a drawing: boxes and wires as flat rows, small for cards and large for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document
from flowstudio.ui.widgets.icons import type_icon
from flowstudio.ui.widgets.layout import LARGE, SMALL, Box, Metrics, arrange

_PAGE_WIDTH = 1240
_LEAST_ZOOM = 0.75


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One box; `frame` is a container with its children inside."""

    name: str
    type: str
    title: str
    category: str
    frame: bool
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """One wire, as an SVG path."""

    path: str
    source: str
    target: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole picture, in pixels; `zoom` makes a wide one fit a wide page."""

    nodes: list[DrawnNode] = field(default_factory=list)
    edges: list[DrawnEdge] = field(default_factory=list)
    width: int = 0
    height: int = 0
    zoom: float = 1


def draw_small(document: Document, types: Mapping[str, NodeType[Any]]) -> Drawing:
    """The preview on a card."""
    return _draw(document, types, SMALL)


def draw_large(document: Document, types: Mapping[str, NodeType[Any]]) -> Drawing:
    """The picture on a workflow's and a run's page."""
    return _draw(document, types, LARGE)


def _draw(document: Document, types: Mapping[str, NodeType[Any]], metrics: Metrics) -> Drawing:
    layout = arrange(document, metrics)
    boxes = {box.node.id: box for box in layout.boxes}
    parents = {node.parent for node in document.nodes}
    return Drawing(
        nodes=[_drawn(box, types, frame=box.node.id in parents) for box in layout.boxes],
        edges=[
            DrawnEdge(
                _wire(boxes[edge.source], boxes[edge.target], layout.lanes.get(edge.id, [])),
                boxes[edge.source].node.name,
                boxes[edge.target].node.name,
                edge.id,
            )
            for edge in document.edges
            if edge.source in boxes and edge.target in boxes
        ],
        width=round(layout.width),
        height=round(layout.height),
        zoom=round(min(1.0, max(_LEAST_ZOOM, _PAGE_WIDTH / max(layout.width, 1))), 3),
    )


def _drawn(box: Box, types: Mapping[str, NodeType[Any]], *, frame: bool) -> DrawnNode:
    node = box.node
    kind = types.get(node.type)
    mode = node.config.get("mode")
    title = kind.title if kind else node.type
    return DrawnNode(
        name=node.name,
        type=node.type,
        title=f"{title} · {str(mode).replace('_', ' ')}" if mode else title,
        category=kind.category if kind else "flow",
        frame=frame,
        x=round(box.x),
        y=round(box.y),
        width=round(box.width),
        height=round(box.height),
    )


def _wire(source: Box, target: Box, lanes: Sequence[tuple[float, float, float]]) -> str:
    x, y = source.x + source.width, source.y + source.height / 2
    path = f"M{x:.0f} {y:.1f}"
    for left, right, level in (*lanes, (target.x, target.x, target.y + target.height / 2)):
        middle = (x + left) / 2
        path += f"C{middle:.0f} {y:.1f} {middle:.0f} {level:.1f} {left:.0f} {level:.1f}"
        if right > left:
            path += f"H{right:.0f}"
        x, y = right, level
    return path


def preview(drawing: Drawing) -> rx.Component:
    """The small picture; says nothing that the card's text does not."""
    return rx.el.div(
        rx.el.svg(
            rx.foreach(drawing.edges, lambda edge: rx.el.path(d=edge.path, class_name="wire")),
            rx.foreach(drawing.nodes, _preview_node),
            view_box=f"-8 -8 {drawing.width + 16} {drawing.height + 16}",
            width=drawing.width + 16,
            class_name="preview-svg",
        ),
        class_name="preview",
        aria_hidden="true",
    )


def _preview_node(node: DrawnNode) -> rx.Component:
    return rx.el.g(
        rx.el.rect(
            x=node.x,
            y=node.y,
            width=node.width,
            height=node.height,
            rx=4,
            class_name="preview-node",
        ),
        rx.cond(
            node.frame,
            rx.fragment(),
            rx.el.rect(
                x=node.x + 5,
                y=node.y + 5,
                width=9,
                height=9,
                rx=2,
                class_name="preview-mark",
                custom_attrs={"data-category": node.category},
            ),
        ),
        custom_attrs={"data-frame": node.frame},
    )


def picture(
    drawing: Drawing,
    states: dict[str, str],
) -> rx.Component:
    """The large picture.

    Args:
        drawing: made by `draw_large`.
        states: of nodes, by name; each shows its own.
    """
    return rx.el.div(
        rx.el.div(
            rx.el.svg(
                rx.foreach(
                    drawing.edges,
                    lambda edge: _large_wire(edge, states),
                ),
                width=drawing.width,
                height=drawing.height,
                aria_hidden="true",
            ),
            rx.foreach(drawing.nodes, lambda node: _node(node, states)),
            class_name="picture-sheet",
            style={
                "width": f"{drawing.width}px",
                "height": f"{drawing.height}px",
                "zoom": f"{drawing.zoom}",
            },
        ),
        class_name="picture",
        tab_index=0,
        role="region",
        aria_label="Graph of the workflow",
    )


def _large_wire(edge: DrawnEdge, states: dict[str, str]) -> rx.Component:
    attributes = {
        "data-from": states.get(edge.source, "idle"),
        "data-to": states.get(edge.target, "idle"),
    }
    return rx.el.path(d=edge.path, class_name="wire", custom_attrs=attributes)


def _node(node: DrawnNode, states: dict[str, str]) -> rx.Component:
    state = states.get(node.name, "idle")
    return rx.el.div(
        rx.el.span(
            type_icon(node.type, 14),
            class_name="type-mark",
            custom_attrs={"data-category": node.category},
        ),
        rx.el.span(
            rx.el.span(node.name, class_name="node-name"),
            rx.el.span(node.title, class_name="node-title"),
            class_name="node-words",
        ),
        class_name=rx.cond(node.frame, "node frame", "node"),
        style={
            "left": f"{node.x}px",
            "top": f"{node.y}px",
            "width": f"{node.width}px",
            "height": f"{node.height}px",
        },
        custom_attrs={"data-testid": f"node-{node.name}", "data-state": state},
    )
