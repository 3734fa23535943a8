"""How a workflow stands in the editor: its document, what its nodes last gave, what still holds."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from flowstudio.errors import InvalidInputError
from flowstudio.graph.canonical import hash_value
from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Document
from flowstudio.graph.staleness import (
    NEVER,
    LastRun,
    Mark,
    Present,
    mark_nodes,
)
from flowstudio.nodes.inputs import check_inputs
from flowstudio.services.documents import Documents
from flowstudio.services.draft_known import Known, Registry, know
from flowstudio.services.draft_values import DraftValues
from flowstudio.store import drafts as store
from flowstudio.store.drafts import DraftOutput
from flowstudio.store.workflows import StoredWorkflow, WorkflowRecord

NULL_HASH = hash_value(None)
_READ_KEPT = 32


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at a workflow in the editor.

    Attributes:
        rows: what is kept of its nodes, by id.
        given: the inputs as they were given; inputs: with defaults, where they fit.
        input_problems: why they do not.
        marks: of every node.
        forgiven: the same, had nothing failed.
    """

    record: WorkflowRecord
    known: Known
    rows: Mapping[str, DraftOutput]
    given: dict[str, Any]
    inputs: dict[str, Any]
    input_problems: tuple[str, ...]
    marks: Mapping[str, Mark]

    forgiven: Mapping[str, Mark]

    def mark(self, node_id: str) -> Mark:
        """A node's mark."""
        return self.marks.get(node_id, NEVER)


class Standings:
    """Looks at workflows, and remembers what follows from their documents."""

    def __init__(self, registry: Registry, documents: Documents) -> None:
        self._registry = registry
        self._documents = documents
        self._known: OrderedDict[tuple[str, int], Known] = OrderedDict()

    def look(
        self,
        session: Session,
        found: StoredWorkflow,
        now: datetime,
        *,
        document: Document | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Standing:
        """How a workflow stands, or would with another document or other inputs."""
        known = self._know(found, document)
        rows = store.list_outputs(session, found.record.id)
        given = store.find_inputs(session, found.record.id) if inputs is None else dict(inputs)
        effective, problems = effective_inputs(known, given)
        marks = self._marks(known, rows, effective, now)
        values = DraftValues(session, found.record.id, known, rows, effective)
        if same := values.unmoved(marks):
            marks = self._marks(known, rows, effective, now, same)
        return Standing(
            record=found.record,
            known=known,
            rows=rows,
            given=given,
            inputs=effective,
            input_problems=problems,
            marks=marks,
            forgiven=(
                self._marks(known, rows, effective, now, same, forgive=True)
                if any(row.error is not None for row in rows.values())
                else marks
            ),
        )

    def _know(self, found: StoredWorkflow, document: Document | None) -> Known:
        if document is not None:
            return know(document, self._registry)
        key = (found.record.id, found.record.revision)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = know(self._documents.read(found), self._registry)
            if len(self._known) > _READ_KEPT:
                self._known.popitem(last=False)
        return known

    def _marks(
        self,
        known: Known,
        rows: Mapping[str, DraftOutput],
        inputs: Mapping[str, Any],
        now: datetime,
        same: Mapping[str, str] = MappingProxyType({}),
        *,
        forgive: bool = False,
    ) -> dict[str, Mark]:
        runs = {node_id: row.last_run for node_id, row in rows.items()}
        for node in known.document.nodes:
            if node.disabled:
                # Whatever it gave before, now it gives nothing.
                runs[node.id] = LastRun(output_hash=NULL_HASH)
        if forgive:
            runs = {node_id: _forgiven(run) for node_id, run in runs.items()}
        present = Present(
            now=now,
            versions={kind: found.version for kind, found in self._registry.items()},
            fingerprints=same,
            inputs_hash=hash_value(dict(inputs)),
            config_keys=known.config_keys,
        )
        marks = mark_nodes(known.ordered, runs, present, known.layout)
        return {node.id: marks.get(node.id, NEVER) for node in known.document.nodes}


def _forgiven(run: LastRun) -> LastRun:
    if not run.failed:
        return run
    return replace(run, failed=False, output_hash=run.output_hash or NULL_HASH)


def effective_inputs(
    known: Known, given: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The inputs with defaults filled in, or as they are and why they do not fit."""
    for node in known.document.nodes:
        checked = known.checked.get(node.id)
        if node.type == START and checked is not None and not checked.faults:
            try:
                return check_inputs(node.config.get("inputs", {}), given), ()
            except InvalidInputError as error:
                return dict(given), error.problems
    return dict(given), ()
