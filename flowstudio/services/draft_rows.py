"""What a run of the editor leaves behind for each node, from the events of its journal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flowstudio.engine.draft import DraftWish
from flowstudio.engine.events import Event, Output
from flowstudio.engine.journal import DamagedEvent
from flowstudio.graph.canonical import content_hash, hash_value
from flowstudio.graph.checks.subject import check_nodes
from flowstudio.graph.document import CacheFor, Document, Node
from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.reads import Reads, reads_of
from flowstudio.graph.topology import ROOT, containers_around, insides, scopes_of
from flowstudio.services.draft_known import Registry, container_keys
from flowstudio.services.draft_standing import NULL_HASH
from flowstudio.store.drafts import DraftOutput, Settled
from flowstudio.store.runs import RunRecord

_NULL = Output(content_hash(b"null"), 4, b"null")


@dataclass(slots=True)
class _Bill:
    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""

    def add(self, data: Mapping[str, Any]) -> None:
        self.cost_usd += Decimal(data.get("cost_usd", "0"))
        self.saved_usd += Decimal(data.get("saved_usd", "0"))
        usage = data.get("usage") or {}
        self.prompt_tokens += usage.get("prompt_tokens", 0)
        self.completion_tokens += usage.get("completion_tokens", 0)
        self.model = data.get("model") or self.model


@dataclass(slots=True)
class _Inside:
    """What is known of a container's inside in this run: of each node, its latest execution.

    Attributes:
        failed: where a node failed first, by its id.
        ends: when the outputs of all executions stop being good.
    """

    rows: dict[str, DraftOutput] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    ends: list[datetime] = field(default_factory=list)


class RunRows:
    """Folds a run's events into what is kept of its nodes; a new one for each run."""

    def __init__(
        self, record: RunRecord, document: Document, wish: DraftWish, registry: Registry
    ) -> None:
        self._run_id = record.id
        self._wish = wish
        self._boxes = insides(document)
        by_id = {node.id: node for node in document.nodes}
        self._around = {
            node.id: tuple(box.id for box in containers_around(node, by_id))
            for node in document.nodes
        }
        self._by_name = {node.name: node for node in document.nodes}
        self._keys = container_keys(document, registry)
        self._reads = reads_of(document, check_nodes(document, registry))
        self._above = scopes_of(document)[ROOT].graph
        self._inputs_hash = hash_value(dict(record.inputs))
        self._hashes: dict[str, str] = {}
        self._bills: dict[str, _Bill] = {}
        self._inside: dict[str, _Inside] = {}
        self.ended: set[str] = set()

    def add(self, event: Event | DamagedEvent) -> list[Settled]:
        """What the next event settles."""
        if isinstance(event, DamagedEvent) or not event.type.startswith("step_"):
            return []
        root = self._by_name.get(event.path.partition("/")[0])
        node = self._by_name.get(event.node)
        if root is None or node is None or event.type == "step_streamed":
            return []
        if event.data.get("kept"):
            self._hashes[root.id] = event.output.hash if event.output else NULL_HASH
            return []
        is_turn = event.path.rsplit("/", 1)[-1].isdigit()
        if is_turn:
            return []
        for place in {root.id, node.id, *self._around[node.id]}:
            self._bills.setdefault(place, _Bill()).add(event.data)
        if not _is_end(event):
            if event.type == "step_failed":
                self._forget_failures(root, event.path)
            return []
        if node.id != root.id:
            return [self._inner(root, node, event)]
        return [*self._root(node, event)]

    def _forget_failures(self, root: Node, container: str) -> None:
        # It is tried again: what has failed inside counts no more.
        inside = self._inside.get(root.id, _Inside())
        for node_id, path in tuple(inside.failed.items()):
            if path.startswith(f"{container}/"):
                del inside.failed[node_id], inside.rows[node_id]

    def _inner(self, root: Node, node: Node, event: Event) -> Settled:
        row = self._row(node, event, self._bills.pop(node.id))
        inside = self._inside.setdefault(root.id, _Inside())
        before = inside.rows.get(node.id)
        if before is not None and before.error is not None:
            # What failed in any turn is to be tried again.
            row = replace(row, error=before.error)
        elif row.error is not None:
            inside.failed[node.id] = event.path
        if row.expires_at is not None:
            inside.ends.append(row.expires_at)
        inside.rows[node.id] = row
        return Settled(row, _output(event), event.seq)

    def _root(self, node: Node, event: Event) -> Iterator[Settled]:
        self.ended.add(node.id)
        self._hashes[node.id] = event.output.hash if event.output else NULL_HASH
        if event.type == "step_skipped" and event.data.get("disabled"):
            return
        row = self._row(node, event, self._bills.pop(node.id, _Bill()))
        row = replace(row, **self._given(node.id, is_skipped=event.type == "step_skipped"))
        known = self._inside.get(node.id, _Inside())
        inside, ends = known.rows, known.ends
        if any(inner.error is not None for inner in inside.values()):
            # What failed inside is to be tried again: the whole may not be taken as unchanged.
            row = replace(row, fingerprint="")
        if ends:
            row = replace(row, expires_at=min([*ends, row.expires_at or max(ends)]))
        is_unchanged = bool(event.data.get("unchanged"))
        yield Settled(row, _output(event), event.seq, is_unchanged)
        if event.type in ("step_succeeded", "step_skipped") and not is_unchanged:
            yield from self._never_reached(node, event, inside)

    def _never_reached(
        self, container: Node, event: Event, inside: Mapping[str, DraftOutput]
    ) -> Iterator[Settled]:
        """Nodes of a container that ended without them; their marks are its own."""
        for node in self._boxes.get(container.id, ()):
            if node.id not in inside:
                skipped = event._replace(type="step_skipped", data={}, output=None)
                yield Settled(self._row(node, skipped, _Bill()), _NULL, event.seq)

    def _row(self, node: Node, event: Event, bill: _Bill) -> DraftOutput:
        data, output = event.data, _output(event)
        error = (data.get("error") or {}).get("message") if event.type == "step_failed" else None
        return DraftOutput(
            node_id=node.id,
            run_id=self._run_id,
            config_key=self._keys.get(node.id) or config_key(node),
            version=self._wish.versions.get(node.type, 1),
            fingerprint=data.get("fingerprint", ""),
            reads=data.get("reads", {}),
            salt=self._wish.salts.get(node.name, ""),
            port="" if event.type == "step_skipped" else data.get("port", ""),
            output_hash=output.hash if output is not None else "",
            output_size=output.size if output is not None else 0,
            error=error,
            cached=bool(data.get("cached")),
            cost_usd=bill.cost_usd,
            saved_usd=bill.saved_usd,
            model=bill.model[:200],
            prompt_tokens=bill.prompt_tokens,
            completion_tokens=bill.completion_tokens,
            duration_s=data.get("duration_s"),
            expires_at=_expiry(node, event),
            at=event.at,
        )

    def _given(self, node_id: str, *, is_skipped: bool) -> dict[str, Any]:
        """What the step was given; a skipped one depends on all that led to it."""
        reads = self._reads.get(node_id, Reads())
        sources = {*reads.nodes, *reads.ways}
        if is_skipped:
            sources = set(self._above.predecessors(node_id))
        seen = {source: self._hashes[source] for source in sources if source in self._hashes}
        return {
            "seen": seen,
            "seen_pinned": self._wish.pinned & seen.keys(),
            "inputs_hash": self._inputs_hash if reads.inputs and not is_skipped else "",
        }


def _is_end(event: Event) -> bool:
    if event.type == "step_failed":
        return "retry_in_s" not in event.data
    return event.type in ("step_succeeded", "step_skipped")


def _output(event: Event) -> Output | None:
    return _NULL if event.type == "step_skipped" else event.output


def _expiry(node: Node, event: Event) -> datetime | None:
    if (said := event.data.get("expires_at")) is not None:
        return datetime.fromisoformat(said)
    if isinstance(node.cache, CacheFor) and event.type == "step_succeeded":
        return event.at + timedelta(seconds=node.cache.ttl_s)
    return None
