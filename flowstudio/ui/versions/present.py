"""Two versions of a workflow as two pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.services.versions import Compared, Side
from flowstudio.ui.widgets.drawing import Drawing, draw_large

#: Pictures up to this wide stand beside each other.
_NARROW = 400


@dataclass(frozen=True, slots=True)
class Sheet:
    """One of the two pictures; `nodes` by name and `wires` by id say what became of them."""

    title: str = ""
    text: str = ""
    drawing: Drawing = field(default_factory=Drawing)
    nodes: dict[str, str] = field(default_factory=dict)
    wires: dict[str, str] = field(default_factory=dict)


def sheets(compared: Compared, types: Mapping[str, NodeType[Any]]) -> tuple[Sheet, Sheet]:
    """The earlier document with what went, and the later one with what came."""
    diff = compared.diff
    kept = [change for change in diff.nodes if change.state in ("changed", "moved")]
    before = {x.name: "removed" for x in diff.nodes if x.state == "removed"}
    after = {x.name: "added" for x in diff.nodes if x.state == "added"}
    before |= {x.name_before or x.name: x.state for x in kept}
    after |= {x.name: x.state for x in kept}
    wires = {edge.id: edge.state for edge in diff.edges}
    removed = {name: state for name, state in wires.items() if state == "removed"}
    added = {edge.id: edge.state for edge in diff.edges if edge.state == "added"}
    return (
        sheet(compared.before, types, before, removed),
        sheet(compared.after, types, after, dict(added)),
    )


def sheet(
    side: Side,
    types: Mapping[str, NodeType[Any]],
    nodes: Mapping[str, str],
    wires: Mapping[str, str],
) -> Sheet:
    """One document as a picture."""
    record = side.record
    if record is None:
        title, text = "Draft", f"revision {side.revision}"
    else:
        title = record.name or ("Checkpoint" if record.kind == "checkpoint" else "Version")
        text = f"version {record.number}{', published' if record.is_published else ''}"
    drawing = draw_large(side.document, types)
    return Sheet(title, text, drawing, dict(nodes), dict(wires))


def is_narrow(*drawn: Sheet) -> bool:
    """Whether both pictures fit beside each other."""
    return all(each.drawing.width * each.drawing.zoom <= _NARROW for each in drawn)
