"""Places for the nodes of a document that nobody has drawn yet."""

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from flowstudio.graph.document import Document, Node, Position
from flowstudio.graph.topology import ROOT, Scope, scopes_of

# About the size that the editor draws a node in, and a container's frame around its nodes, in pixels.
_WIDTH, _HEIGHT = 184, 112
_GAP_X, _GAP_Y = 56, 28
_PAD, _HEAD = 16, 52


@dataclass(frozen=True, slots=True)
class _Size:
    width: float
    height: float


def laid_out(document: Document) -> Document:
    """The document, its nodes in columns by depth where most of them stand on top of each other.

    A drawing in layers, each ordered by where its wires come from (Sugiyama, Tagawa and Toda,
    1981). What was drawn by somebody comes back as it is.
    """
    has_twins = len({node.id for node in document.nodes}) < len(document.nodes)
    # With an id that stands twice, a container could be met inside of itself without end.
    if has_twins or not _is_piled_up(document.nodes):
        return document
    scopes = scopes_of(document)
    inward = [ROOT]
    for container in inward:
        inward.extend(node.id for node in scopes[container].nodes if node.id in scopes)
    places: dict[str, Position] = {}
    frames: dict[str, _Size] = {}
    for container in reversed(inward):
        frames[container] = _arrange(scopes[container], frames, places)
    nodes = [
        node.model_copy(update={"position": places.get(node.id, node.position)})
        for node in document.nodes
    ]
    return document.model_copy(update={"nodes": nodes})


def _is_piled_up(nodes: list[Node]) -> bool:
    places = {(node.parent, node.position.x, node.position.y) for node in nodes}
    return len(nodes) > 1 and len(places) <= len(nodes) / 2


def _arrange(scope: Scope, frames: Mapping[str, _Size], places: dict[str, Position]) -> _Size:
    """Place what lives in a container, from its corner; the size of the frame around it."""
    usual = _Size(_WIDTH, _HEIGHT)
    sizes = {node.id: frames.get(node.id, usual) for node in scope.nodes}
    columns = _columns(scope)
    heights = [sum(sizes[each].height + _GAP_Y for each in column) - _GAP_Y for column in columns]
    tallest = max(heights, default=_HEIGHT)
    x, top = (0.0, 0.0) if scope.container == ROOT else (_PAD, _HEAD)
    for column, height in zip(columns, heights, strict=True):
        y = top + (tallest - height) / 2
        for node_id in column:
            places[node_id] = Position(x=round(x), y=round(y))
            y += sizes[node_id].height + _GAP_Y
        x += max(sizes[node_id].width for node_id in column) + _GAP_X
    return _Size(x - _GAP_X + _PAD, top + tallest + _PAD)


def _columns(scope: Scope) -> list[list[str]]:
    """Node ids by depth; those on a cycle, which no valid document has, share a column."""
    whole = nx.condensation(scope.graph)
    place = {node.id: index for index, node in enumerate(scope.nodes)}
    rank: dict[str, float] = {}

    def weight(node_id: str) -> tuple[float, int]:
        before = [rank[each] for each in scope.graph.predecessors(node_id) if each in rank]
        return sum(before) / len(before) if before else 0, place[node_id]

    columns = []
    for layer in nx.topological_generations(whole):
        members = [node_id for part in layer for node_id in whole.nodes[part]["members"]]
        column = sorted(members, key=weight)
        rank |= {node_id: index - (len(column) - 1) / 2 for index, node_id in enumerate(column)}
        columns.append(column)
    return columns
