"""How a workflow stands in the editor: its document, what its nodes last gave, what still holds."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import InvalidInputError
from flowstudio.graph.canonical import hash_value, load
from flowstudio.graph.catalogue import CheckedConfig
from flowstudio.graph.checks.subject import START, check_nodes
from flowstudio.graph.cone import without_cycles
from flowstudio.graph.document import Document, Node
from flowstudio.graph.fingerprint import config_key, inside_key, path_root, still_reads
from flowstudio.graph.reads import Reads, reads_of
from flowstudio.graph.staleness import (
    NEVER,
    LastRun,
    Layout,
    Mark,
    Present,
    layout_of,
    mark_nodes,
)
from flowstudio.graph.topology import insides, outermost
from flowstudio.nodes.inputs import check_inputs
from flowstudio.services.workflow_runs import read_stored
from flowstudio.store import drafts as store
from flowstudio.store.drafts import DraftOutput
from flowstudio.store.workflows import StoredWorkflow, WorkflowRecord

Registry = Mapping[str, NodeType[Any]]
NULL_HASH = hash_value(None)
_READ_KEPT = 32
#: Larger outputs are not read only to find out that parts of them are the same.
_MOST_READ = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """What follows from a document alone.

    Attributes:
        document: as it stands.
        ordered: without the wires that close cycles.
        checked: configs by node id.
        reads: of the nodes at the root.
        nodes: by id.
        inside: what lives in each container, at any depth.
        config_keys: of all nodes.
        layout: for the marks.
    """

    document: Document
    ordered: Document
    checked: Mapping[str, CheckedConfig]
    reads: Mapping[str, Reads]
    nodes: dict[str, Node]
    inside: Mapping[str, Sequence[Node]]
    config_keys: Mapping[str, str]
    layout: Layout

    def root_of(self, node_id: str) -> str:
        """Id of the node at the root that a node is, or lives in."""
        return outermost(self.nodes[node_id], self.nodes).id


def know(document: Document, registry: Registry) -> Known:
    """Find out what follows from a document, valid or not."""
    ordered = without_cycles(document)
    checked = check_nodes(document, registry)
    return Known(
        document=document,
        ordered=ordered,
        checked=checked,
        reads=reads_of(ordered, checked),
        nodes={node.id: node for node in document.nodes},
        inside=insides(document),
        config_keys={
            **{node.id: config_key(node) for node in document.nodes},
            **container_keys(document, registry),
        },
        layout=layout_of(ordered),
    )


def container_keys(document: Document, registry: Registry) -> dict[str, str]:
    """What `LastRun.config_key` is of containers: their own config, and who lives in them."""
    inside = insides(document)
    return {
        node.id: hash_value(
            [config_key(node), inside_key(document, inside.get(node.id, ()), configs=False)]
        )
        for node in document.nodes
        if node.type in registry and registry[node.type].container
    }


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

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
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
        values = _Values(session, found.record.id, known, rows, effective)
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
            known = self._known[key] = know(read_stored(found), self._registry)
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


class _Values:
    """The outputs that feed what is below, read when they are asked for."""

    def __init__(
        self,
        session: Session,
        workflow_id: str,
        known: Known,
        rows: Mapping[str, DraftOutput],
        inputs: dict[str, Any],
    ) -> None:
        self._session = session
        self._workflow_id = workflow_id
        self._known = known
        self._rows = rows
        self._ids = {node.name: node.id for node in known.document.nodes if node.parent is None}
        self._read: dict[str, Any] = {"inputs": inputs}

    def unmoved(self, marks: Mapping[str, Mark]) -> dict[str, str]:
        """Fingerprints of nodes that were given other outputs, of which they read the same parts."""
        return {
            node_id: self._rows[node_id].fingerprint
            for node_id, mark in marks.items()
            if (mark.state, mark.reason) in (("stale", "inputs"), ("stale", "pin"))
            and self._rows[node_id].fingerprint
            and self._are_as_read(node_id)
        }

    def _are_as_read(self, node_id: str) -> bool:
        """Whether all that a node really read is as it was, and so is what leads to it."""
        row = self._rows[node_id]
        ways = self._known.reads[node_id].ways if node_id in self._known.reads else ()
        for way in ways:
            source = self._rows.get(way)
            if source is None or source.last_run.shown_hash != row.seen.get(way):
                return False
        names = {path_root(place) for place in row.reads}
        if row.inputs_hash and "inputs" not in names:
            # A start takes all of them, whatever its config says.
            return False
        return all(self._load(name) for name in names) and still_reads(row.reads, self._read)

    def _load(self, name: str) -> bool:
        if name in self._read:
            return True
        node_id = self._ids.get(name, "")
        row, node = self._rows.get(node_id), self._known.nodes.get(node_id)
        if node is not None and node.disabled:
            self._read[name] = None
            return True
        if row is None or row.output_size > _MOST_READ:
            return False
        pinned = bool(row.pinned_hash)
        body = store.find_body(self._session, self._workflow_id, node_id, pinned=pinned)
        if body is not None:
            self._read[name] = load(body)
        return body is not None


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
