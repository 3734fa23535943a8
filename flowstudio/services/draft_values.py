"""Whether nodes of the editor that were given other outputs read the same parts of them."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from flowstudio.graph.canonical import load
from flowstudio.graph.fingerprint import path_root, still_reads
from flowstudio.graph.staleness import Mark
from flowstudio.services.draft_known import Known
from flowstudio.store import drafts as store
from flowstudio.store.drafts import DraftOutput

#: Larger outputs are not read only to find out that parts of them are the same.
_MOST_READ = 1_000_000


class DraftValues:
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
