"""Where nodes and wires of a drawn graph go: columns by depth, rows by the author's order."""

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from flowstudio.graph.document import Document, Node


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in pixels of the drawing before it is scaled."""

    width: float
    height: float
    column_gap: float
    row_gap: float
    padding: float
    title: float


LARGE = Metrics(width=136, height=44, column_gap=36, row_gap=14, padding=12, title=30)
SMALL = Metrics(width=38, height=19, column_gap=17, row_gap=7, padding=6, title=0)


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place; of a container, its frame."""

    node: Node
    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> "Box":
        """The same box elsewhere."""
        return Box(self.node, self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes from the outside in, and the size of all."""

    boxes: tuple[Box, ...]
    width: float
    height: float


def arrange(document: Document, metrics: Metrics, parent: str | None = None) -> Layout:
    """Lay a workflow out, containers as frames around their children."""
    nodes = [node for node in document.nodes if node.parent == parent]
    inner = {
        node.id: arrange(document, metrics, node.id)
        for node in nodes
        if any(child.parent == node.id for child in document.nodes)
    }
    columns = _columns(nodes, document)
    boxes: list[Box] = []
    x = 0.0
    tall = 0.0
    placed: list[tuple[list[Box], float]] = []
    for column in columns:
        stack, width, height = _stack(column, inner, metrics)
        placed.append(([box.moved(x, 0) for box in stack], height))
        x += width + metrics.column_gap
        tall = max(tall, height)
    for stack, height in placed:
        boxes += [box.moved(0, (tall - height) / 2) for box in stack]
    return Layout(tuple(boxes), max(0.0, x - metrics.column_gap), tall)


def _columns(nodes: Sequence[Node], document: Document) -> list[list[Node]]:
    by_id = {node.id: node for node in nodes}
    graph = nx.DiGraph()
    graph.add_nodes_from(by_id)
    graph.add_edges_from(
        (edge.source, edge.target)
        for edge in document.edges
        if edge.source in by_id and edge.target in by_id
    )
    if not nx.is_directed_acyclic_graph(graph):
        return [[node] for node in nodes]
    return [
        sorted((by_id[name] for name in layer), key=lambda node: node.position.y)
        for layer in nx.topological_generations(graph)
    ]


def _stack(
    column: Sequence[Node], inner: dict[str, Layout], metrics: Metrics
) -> tuple[list[Box], float, float]:
    sizes = {node.id: _size(inner.get(node.id), metrics) for node in column}
    width = max(size[0] for size in sizes.values())
    boxes: list[Box] = []
    y = 0.0
    for node in column:
        own_width, own_height = sizes[node.id]
        box = Box(node, (width - own_width) / 2, y, own_width, own_height)
        boxes.append(box)
        if node.id in inner:
            boxes += [
                child.moved(box.x + metrics.padding, y + metrics.padding + metrics.title)
                for child in inner[node.id].boxes
            ]
        y += own_height + metrics.row_gap
    return boxes, width, y - metrics.row_gap


def _size(inside: Layout | None, metrics: Metrics) -> tuple[float, float]:
    if inside is None:
        return metrics.width, metrics.height
    return (
        max(inside.width + 2 * metrics.padding, metrics.width),
        inside.height + 2 * metrics.padding + metrics.title,
    )
