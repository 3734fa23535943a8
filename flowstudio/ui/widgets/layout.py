"""Where nodes and wires of a drawn graph go: columns by depth, containers as frames.

A wire that passes a column gets a lane of its own there, so that it runs beside nodes and not
behind them (the layered drawing of Sugiyama, without its search for the fewest crossings).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import networkx as nx

from flowstudio.graph.document import Document, Edge, Node


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in pixels; `lane` is the height a passing wire takes."""

    width: float
    height: float
    column_gap: float
    row_gap: float
    padding: float
    title: float
    lane: float


LARGE = Metrics(width=152, height=46, column_gap=34, row_gap=14, padding=12, title=30, lane=10)
SMALL = Metrics(width=38, height=19, column_gap=17, row_gap=7, padding=6, title=0, lane=3)


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
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Layout:
    """What was arranged.

    Attributes:
        boxes: from the outside in.
        lanes: by edge id, the stretches `(x from, x to, y)` it keeps to between its ends.
    """

    boxes: list[Box] = field(default_factory=list)
    lanes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    width: float = 0
    height: float = 0


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place in a column: a node, or a lane for a wire that passes."""

    key: str
    node: Node | None
    width: float
    height: float


def arrange(document: Document, metrics: Metrics, parent: str | None = None) -> Layout:
    """Lay a workflow out."""
    nodes = [node for node in document.nodes if node.parent == parent]
    containers = {node.parent for node in document.nodes}
    inner = {
        node.id: arrange(document, metrics, node.id) for node in nodes if node.id in containers
    }
    result = Layout()
    columns = _columns(nodes, document, inner, metrics)
    tall = max((_height(column, metrics) for column in columns), default=0.0)
    x = 0.0
    for column in columns:
        width = max(slot.width for slot in column)
        y = (tall - _height(column, metrics)) / 2
        for slot in column:
            _place(slot, result, inner, (x, y, width), metrics)
            y += slot.height + metrics.row_gap
        x += width + metrics.column_gap
    return replace(result, width=max(0.0, x - metrics.column_gap), height=tall)


def _place(
    slot: _Slot,
    result: Layout,
    inner: Mapping[str, Layout],
    at: tuple[float, float, float],
    metrics: Metrics,
) -> None:
    x, y, width = at
    if slot.node is None:
        result.lanes.setdefault(slot.key, []).append((x, x + width, y + slot.height / 2))
        return
    box = Box(slot.node, x + (width - slot.width) / 2, y, slot.width, slot.height)
    result.boxes.append(box)
    if slot.key in inner:
        dx, dy = box.x + metrics.padding, y + metrics.padding + metrics.title
        result.boxes.extend(child.moved(dx, dy) for child in inner[slot.key].boxes)
        for key, lanes in inner[slot.key].lanes.items():
            result.lanes[key] = [
                (left + dx, right + dx, level + dy) for left, right, level in lanes
            ]


def _columns(
    nodes: Sequence[Node], document: Document, inner: Mapping[str, Layout], metrics: Metrics
) -> list[list[_Slot]]:
    by_id = {node.id: node for node in nodes}
    edges = [e for e in document.edges if e.source in by_id and e.target in by_id]
    depth = _depths(by_id, edges)
    columns: list[list[_Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    before: dict[str, list[str]] = {}
    for node in sorted(nodes, key=lambda node: node.position.y):
        columns[depth[node.id]].append(_Slot(node.id, node, *_size(inner.get(node.id), metrics)))
    for edge in edges:
        before.setdefault(edge.target, []).append(edge.source)
        for level in range(depth[edge.source] + 1, depth[edge.target]):
            columns[level].append(_Slot(edge.id, None, 0, metrics.lane))
            before[edge.id] = [edge.source, edge.id]
    return _sorted(columns, before)


def _depths(nodes: Mapping[str, Node], edges: Sequence[Edge]) -> dict[str, int]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    if not nx.is_directed_acyclic_graph(graph):
        return {name: index for index, name in enumerate(nodes)}
    layers = enumerate(nx.topological_generations(graph))
    return {name: level for level, layer in layers for name in layer}


def _sorted(
    columns: Sequence[Sequence[_Slot]], before: Mapping[str, Sequence[str]]
) -> list[list[_Slot]]:
    """Order each column by where its slots' predecessors stand in the one before."""
    result: list[list[_Slot]] = []
    rank: dict[str, float] = {}
    for column in columns:
        weights = {}
        for slot in column:
            ranks = [rank[key] for key in before.get(slot.key, ()) if key in rank]
            weights[slot.key] = sum(ranks) / len(ranks) if ranks else 0.5
        ordered = sorted(column, key=lambda slot: weights[slot.key])
        for index, slot in enumerate(ordered):
            rank[slot.key] = (index + 0.5) / len(ordered)
        result.append(ordered)
    return result


def _height(column: Sequence[_Slot], metrics: Metrics) -> float:
    return sum(slot.height for slot in column) + metrics.row_gap * (len(column) - 1)


def _size(inside: Layout | None, metrics: Metrics) -> tuple[float, float]:
    if inside is None:
        return metrics.width, metrics.height
    return (
        max(inside.width + 2 * metrics.padding, metrics.width),
        inside.height + 2 * metrics.padding + metrics.title,
    )
