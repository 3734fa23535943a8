"""From what the editor asks for to the run that does it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import networkx as nx
from sqlmodel import Session

from flowstudio.engine.draft import DraftWish
from flowstudio.engine.events import Event, Output
from flowstudio.engine.journal import Seed
from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError
from flowstudio.graph.checks.subject import START
from flowstudio.graph.cone import Cone, Given, cone_of, part_of
from flowstudio.graph.document import Document
from flowstudio.graph.ids import new_id
from flowstudio.graph.problems import Problem
from flowstudio.graph.topology import ROOT, closing_paths, scopes_of
from flowstudio.services.draft_known import Registry
from flowstudio.services.draft_standing import Standing
from flowstudio.store import drafts as store
from flowstudio.store.drafts import DraftOutput
from flowstudio.store.journal_rows import INLINE_BYTES

Mode = Literal["cells", "stale", "from", "all", "auto"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What the editor asks for.

    Attributes:
        targets: ids of nodes; for one inside a container, the outermost container runs.
        inputs: kept as those of the editor; None for the ones kept before.
        fresh: ids of nodes that are to give another sample.
    """

    mode: Mode
    targets: tuple[str, ...] = ()
    inputs: Mapping[str, Any] | None = None
    fresh: tuple[str, ...] = ()
    max_cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DraftPlan:
    """A run about to be made.

    Attributes:
        document: of what runs and what is given.
        kept: ids of what is given.
    """

    document: Document
    wish: DraftWish
    kept: dict[str, Given] = field(default_factory=dict)


def plan_draft(standing: Standing, ask: Ask, registry: Registry) -> DraftPlan | None:
    """What has to run, or None when nothing has to.

    Raises:
        InvalidInputError: a node that is asked for is not there, or the inputs do not fit.
        ConflictError: what is asked for is pinned or disabled.
    """
    known = standing.known
    _check_ids(standing, (*ask.targets, *ask.fresh))
    targets = tuple(dict.fromkeys(known.root_of(node_id) for node_id in ask.targets))
    fresh = tuple(dict.fromkeys(known.root_of(node_id) for node_id in ask.fresh))
    wanted = [*_wanted(standing, ask.mode, targets), *fresh]
    cone = cone_of(known.ordered, wanted, standing.marks, known.reads)
    if not cone.runs:
        _explain(standing, (*targets, *fresh))
        return None
    _check_inputs(standing, cone)
    kept = {node_id: _given(standing, node_id) for node_id in cone.kept}
    explicit = {"cells": targets, "from": targets, "all": cone.runs}.get(ask.mode, ())
    salts = {node_id: row.salt for node_id, row in standing.rows.items() if row.salt}
    salts |= {node_id: new_id() for node_id in fresh}
    wish = DraftWish(
        mode=ask.mode,
        runs=cone.runs,
        kept=tuple(sorted(cone.kept)),
        targets=frozenset(explicit) & set(cone.runs),
        pinned=frozenset(node_id for node_id in cone.kept if _is_pinned(standing, node_id)),
        salts={
            known.nodes[node_id].name: salt
            for node_id, salt in salts.items()
            if node_id in cone.runs
        },
        versions={kind: found.version for kind, found in registry.items()},
    )
    return DraftPlan(part_of(known.ordered, cone, kept, known.reads), wish, kept)


def _check_ids(standing: Standing, node_ids: Iterable[str]) -> None:
    missing = [node_id for node_id in node_ids if node_id not in standing.known.nodes]
    if missing:
        raise InvalidInputError([f"targets: There is no node {node_id!r}." for node_id in missing])


def _wanted(standing: Standing, mode: Mode, targets: tuple[str, ...]) -> list[str]:
    scope = scopes_of(standing.known.ordered)[ROOT]
    if mode in ("cells", "auto"):
        return list(targets)
    if mode == "from":
        below = (
            nx.descendants(scope.graph, node_id) for node_id in targets if node_id in scope.graph
        )
        return [*targets, *set[str]().union(*below)]
    return [
        node.id for node in scope.nodes if mode == "all" or standing.mark(node.id).state != "fresh"
    ]


def _explain(standing: Standing, targets: Iterable[str]) -> None:
    for node_id in targets:
        node = standing.known.nodes[node_id]
        if _is_pinned(standing, node_id):
            raise ConflictError(f"'{node.name}' is pinned. Unpin it to run it again.")
        if node.disabled:
            raise ConflictError(f"'{node.name}' is disabled. Enable it to run it.")


def _is_pinned(standing: Standing, node_id: str) -> bool:
    row = standing.rows.get(node_id)
    return row is not None and bool(row.pinned_hash)


def _check_inputs(standing: Standing, cone: Cone) -> None:
    starts = any(standing.known.nodes[node_id].type == START for node_id in cone.runs)
    if starts and standing.input_problems:
        raise InvalidInputError(standing.input_problems)


def _given(standing: Standing, node_id: str) -> Given:
    row = standing.rows[node_id]
    if not row.pinned_hash:
        return Given(row.port)
    checked = standing.known.checked.get(node_id)
    ports = checked.ports.outputs if checked is not None else ()
    return Given(row.pinned_port or (ports[0] if ports else "out"))


def problems_of(standing: Standing, plan: DraftPlan, found: Iterable[Problem]) -> list[Problem]:
    """Those of a document's problems that keep this part of it from running."""
    nodes = standing.known.nodes
    runs = set(plan.wish.runs)
    inside = {node.name for node_id in runs for node in standing.known.inside.get(node_id, ())}
    names = {nodes[node_id].name for node_id in runs} | inside
    scopes = scopes_of(standing.known.document)
    closed = any(runs & set(path) for path in closing_paths(scopes[ROOT])) or any(
        next(closing_paths(scope), None) for box, scope in scopes.items() if box in runs
    )
    return [
        problem
        for problem in found
        if (problem.node in names and problem.code not in ("unreachable", "second_start"))
        or (problem.code == "cycle" and closed)
    ]


def check_part(standing: Standing, plan: DraftPlan, found: Iterable[Problem]) -> None:
    """Refuse a run of what is not valid.

    Raises:
        InvalidDocumentError: with the problems inside this part; those elsewhere do not matter.
    """
    if problems := problems_of(standing, plan, found):
        raise InvalidDocumentError(problems)


def seeds_of(session: Session, standing: Standing, plan: DraftPlan, now: datetime) -> list[Seed]:
    """Events that give the run what is kept."""
    return [
        Seed(_seed(session, standing, node_id, given, now))
        for node_id, given in sorted(plan.kept.items())
    ]


def _seed(session: Session, standing: Standing, node_id: str, given: Given, now: datetime) -> Event:
    row, name = standing.rows[node_id], standing.known.nodes[node_id].name
    data: dict[str, Any] = {"kept": True}
    if not given.port:
        return Event(0, now, "step_skipped", name, name, data)
    pinned = bool(row.pinned_hash)
    if pinned:
        data["pinned"] = True
    output = _stored(session, standing.record.id, row, pinned=pinned)
    return Event(0, now, "step_succeeded", name, name, data | {"port": given.port}, output)


def _stored(session: Session, workflow_id: str, row: DraftOutput, *, pinned: bool) -> Output:
    body_hash = row.pinned_hash if pinned else row.output_hash
    if not pinned and row.output_size > INLINE_BYTES:
        # It stands under its hash already.
        return Output(body_hash, row.output_size)
    body = store.find_body(session, workflow_id, row.node_id, pinned=pinned)
    if body is None:
        message = f"What '{row.node_id}' gave last is gone. Run it again."
        raise ConflictError(message)
    return Output(body_hash, len(body), body)
