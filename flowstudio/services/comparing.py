"""Two runs side by side: what differs in their document, inputs, steps and results."""

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from flowstudio.engine.draft import read_wish
from flowstudio.engine.events import StepStatus
from flowstudio.graph.diff import Diff
from flowstudio.graph.document import Document
from flowstudio.services.step_details import StepDetail
from flowstudio.services.timelines import Money, Timeline
from flowstudio.store.runs import RunRecord

__all__ = ["Comparison", "Line", "Pair", "RunRecord", "Side", "StepComparison"]

_MOST_LINES = 1_500
_MOST_TEXT = 200_000
_AROUND = 3


#: A run, and the document that it ran.
Ran = tuple[RunRecord, Document]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff; `gap` stands for lines that are left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """One node in one of the runs.

    Attributes:
        busy_s: how long it was at work, all executions together; None if it never was.
        outputs: hashes of what it gave, by path.
    """

    status: StepStatus
    executions: int
    busy_s: float | None
    money: Money
    outputs: Mapping[str, str]
    shown: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One node in both runs; None where it did not begin.

    Attributes:
        path: of an execution in which the outputs differ, or else of the latest.
        differs: any of `status`, `output`, `executions`; what only took longer or cost more is
            not in it.
    """

    name: str
    type: str
    before: Side | None
    after: Side | None
    path: str
    differs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs; `before` is the older one as the caller named it."""

    before: RunRecord
    after: RunRecord
    before_money: Money
    after_money: Money
    document: Diff
    inputs: list[Line]
    outputs: list[Line]
    pairs: list[Pair] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StepComparison:
    """What one step read and gave in two runs, as diffs; empty where nothing differs."""

    path: str
    inputs: list[Line]
    output: list[Line]


def comparable(before: Ran, after: Ran) -> tuple[Document, Document]:
    """What of both documents says how the workflow was: all, but for parts that the editor ran.

    Such a part has other nodes in the place of what was given to it, so only nodes that ran themselves in
    both can be compared.
    """
    if not (before[0].draft or after[0].draft):
        return before[1], after[1]
    ran = _own(*before) & _own(*after)
    return _only(before[1], ran), _only(after[1], ran)


def _own(record: RunRecord, document: Document) -> frozenset[str]:
    parents = {node.id: node.parent for node in document.nodes}
    runs = read_wish(record.draft).runs if record.draft else parents

    def root(node_id: str) -> str:
        parent = parents[node_id]
        return node_id if parent is None else root(parent)

    return frozenset(node_id for node_id in parents if root(node_id) in runs)


def _only(document: Document, ids: Collection[str]) -> Document:
    nodes = [node for node in document.nodes if node.id in ids]
    edges = [edge for edge in document.edges if {edge.source, edge.target} <= set(ids)]
    return document.model_copy(update={"nodes": nodes, "edges": edges})


def pair_nodes(
    documents: tuple[Document, Document], lines: tuple[Timeline, Timeline]
) -> list[Pair]:
    """Every node that began in one of the runs, in the order of the later document."""
    types = {node.name: node.type for document in documents for node in document.nodes}
    before, after = (_sides(timeline) for timeline in lines)
    order = [node.name for node in documents[1].nodes]
    order += [node.name for node in documents[0].nodes]
    return [
        _pair(name, types[name], before.get(name), after.get(name))
        for name in dict.fromkeys(order)
        if name in before or name in after
    ]


def _sides(timeline: Timeline) -> dict[str, Side]:
    busy: dict[str, float] = {}
    outputs: dict[str, dict[str, str]] = {}
    for path, step in timeline.book.steps.items():
        place = timeline.places[path]
        for span in place.spans:
            if span.kind != "wait" and span.end is not None:
                took = (span.end - span.start).total_seconds()
                busy[step.node] = busy.get(step.node, 0.0) + took
        if place.output_hash:
            outputs.setdefault(step.node, {})[path] = place.output_hash
    return {
        name: Side(
            timeline.book.steps[tally.shown].status,
            tally.executions,
            busy.get(name),
            tally.money,
            outputs.get(name, {}),
            tally.shown,
        )
        for name, tally in timeline.tallies.items()
        if tally.shown in timeline.book.steps
    }


def _pair(name: str, kind: str, before: Side | None, after: Side | None) -> Pair:
    if before is None or after is None:
        side = after or before
        return Pair(name, kind, before, after, side.shown if side else name, frozenset({"status"}))
    differs = set()
    if _word(before.status) != _word(after.status):
        differs.add("status")
    if before.executions != after.executions:
        differs.add("executions")
    changed = [
        path for path, found in before.outputs.items() if after.outputs.get(path, found) != found
    ]
    if changed or before.outputs.keys() != after.outputs.keys():
        differs.add("output")
    path = changed[0] if changed else after.shown
    return Pair(name, kind, before, after, path, frozenset(differs))


def _word(status: StepStatus) -> str:
    # An answer that was kept is the same end as one that was made.
    return "succeeded" if status == "cached" else status


def compare_steps(path: str, before: StepDetail | None, after: StepDetail | None) -> StepComparison:
    """What a step read and gave in both runs."""
    return StepComparison(
        path,
        diff_values(_inputs(before), _inputs(after)),
        diff_values(
            *(side.output if side and side.has_output else None for side in (before, after))
        ),
    )


def _inputs(side: StepDetail | None) -> Any:
    if side is None:
        return None
    if side.given is not None:
        return side.given
    return {read.name: read.missing or read.value for read in side.reads or ()}


def diff_values(before: Any, after: Any) -> list[Line]:
    """Two JSON values as the lines that differ, with a few around them; empty when they are equal."""
    old, new = _lines(before), _lines(after)
    if old == new:
        return []
    result: list[Line] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) > 300)
    for group in matcher.get_grouped_opcodes(_AROUND):
        if result or group[0][1] > 0:
            result.append(Line("gap", f"line {group[0][3] + 1}"))
        for kind, i, j, k, m in group:
            if kind == "equal":
                result += [Line("same", line) for line in old[i:j]]
            else:
                result += [Line("removed", line) for line in old[i:j]]
                result += [Line("added", line) for line in new[k:m]]
    return result[:_MOST_LINES]


def _lines(value: Any) -> list[str]:
    """A value as lines of text: a text as it is, everything else as JSON with texts unfolded."""
    if value is None:
        return []
    if isinstance(value, str):
        whole = value
    elif (
        isinstance(value, dict) and value and all(isinstance(each, str) for each in value.values())
    ):
        whole = "\n".join(f"{name}:\n{text}" for name, text in value.items())
    else:
        whole = json.dumps(value, indent=2, ensure_ascii=False)
    return list(islice(whole[:_MOST_TEXT].splitlines(), _MOST_LINES))
