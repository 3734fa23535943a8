"""The small picture of a workflow's graph, in few paths, so that a page can hold hundreds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document
from flowstudio.ui.widgets.drawing import DrawnNode, draw_small

#: Of a larger workflow, the picture shows these first nodes.
_MOST_NODES = 60
_RADIUS = 4
_MARK = 9


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of all nodes of one category, as one path."""

    category: str
    path: str


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A graph as SVG paths."""

    width: int = 0
    view: str = "0 0 1 1"
    wires: str = ""
    frames: str = ""
    nodes: str = ""
    marks: list[Marks] = field(default_factory=list)


def thumbnail_of(document: Document, types: Mapping[str, NodeType[Any]]) -> Thumbnail:
    """The picture of a document."""
    shown = document.model_copy(update={"nodes": document.nodes[:_MOST_NODES]})
    drawing = draw_small(shown, types)
    marks: dict[str, str] = {}
    for node in drawing.nodes:
        if not node.frame:
            marks[node.category] = marks.get(node.category, "") + _mark(node)
    return Thumbnail(
        width=drawing.width + 16,
        view=f"-8 -8 {drawing.width + 16} {drawing.height + 16}",
        wires="".join(edge.path for edge in drawing.edges),
        frames="".join(_box(node) for node in drawing.nodes if node.frame),
        nodes="".join(_box(node) for node in drawing.nodes if not node.frame),
        marks=[Marks(category, path) for category, path in marks.items()],
    )


def _box(node: DrawnNode) -> str:
    r = _RADIUS
    across, down = node.width - 2 * r, node.height - 2 * r
    return (
        f"M{node.x + r} {node.y}h{across}a{r} {r} 0 0 1 {r} {r}v{down}a{r} {r} 0 0 1 -{r} {r}"
        f"h-{across}a{r} {r} 0 0 1 -{r} -{r}v-{down}a{r} {r} 0 0 1 {r} -{r}z"
    )


def _mark(node: DrawnNode) -> str:
    return f"M{node.x + 5} {node.y + 5}h{_MARK}v{_MARK}h-{_MARK}z"


def thumbnail(picture: Thumbnail) -> rx.Component:
    """The picture; says nothing that the text beside it does not."""
    return rx.el.div(
        rx.el.svg(
            rx.el.path(d=picture.wires, class_name="wire"),
            rx.el.g(
                rx.el.path(d=picture.frames, class_name="preview-node"),
                custom_attrs={"data-frame": "true"},
            ),
            rx.el.path(d=picture.nodes, class_name="preview-node"),
            rx.foreach(picture.marks, _drawn_marks),
            view_box=picture.view,
            width=picture.width,
            class_name="preview-svg",
        ),
        class_name="preview",
        aria_hidden="true",
    )


def _drawn_marks(marks: Marks) -> rx.Component:
    return rx.el.path(
        d=marks.path, class_name="preview-mark", custom_attrs={"data-category": marks.category}
    )
