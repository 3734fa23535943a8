"""What the editor shows of its nodes: marks, results and their beginnings, as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import from_json
from sqlmodel import Session

from flowstudio.engine.costs import CostRange
from flowstudio.graph.staleness import Mark
from flowstudio.services.draft_standing import Standing
from flowstudio.store import drafts as store
from flowstudio.store.drafts import DraftOutput, Heads
from flowstudio.store.runs import RunRecord

View = dict[str, Any]
_NO_HEADS = Heads(None, None, 0)


def mark_view(mark: Mark) -> View:
    """A mark."""
    return {"state": mark.state, "reason": mark.reason}


def marks_view(marks: Mapping[str, Mark]) -> View:
    """Marks by node id."""
    return {node_id: mark_view(mark) for node_id, mark in marks.items()}


def results_view(session: Session, standing: Standing, node_ids: Iterable[str]) -> View:
    """What these nodes last gave, by node id."""
    wanted = set(node_ids)
    rows = {node_id: row for node_id, row in standing.rows.items() if node_id in wanted}
    heads = store.list_heads(session, standing.record.id, rows) if rows else {}
    people = store.names_of(session, (row.pinned_by for row in rows.values() if row.pinned_by))
    return {
        node_id: _result(row, heads.get(node_id, _NO_HEADS), people)
        for node_id, row in rows.items()
    }


def _result(row: DraftOutput, heads: Heads, people: Mapping[str, str]) -> View:
    return {
        "status": _status(row),
        "preview": preview(heads.output),
        "size": row.output_size,
        "port": row.port,
        "error": row.error,
        "cost_usd": str(row.cost_usd),
        "saved_usd": str(row.saved_usd),
        "model": row.model,
        "tokens": {"prompt": row.prompt_tokens, "completion": row.completion_tokens},
        "duration_s": row.duration_s,
        "at": row.at.isoformat() if row.at else None,
        "run_id": row.run_id,
        "pinned": _pinned(row, heads, people),
    }


def _status(row: DraftOutput) -> str | None:
    if row.error is not None:
        return "failed"
    if not row.output_hash:
        return None
    if row.is_skipped:
        return "skipped"
    return "cached" if row.cached else "succeeded"


def _pinned(row: DraftOutput, heads: Heads, people: Mapping[str, str]) -> View | None:
    if not row.pinned_hash:
        return None
    return {
        "kind": row.pinned_kind,
        "by": people.get(row.pinned_by or "", ""),
        "preview": preview(heads.pinned),
        "size": heads.pinned_size,
        "port": row.pinned_port,
    }


def preview(head: bytes | None) -> Any:
    """The value that begins with this JSON text: whole, or cut where the text is."""
    if not head:
        return None
    text = head.decode("utf-8", "ignore")
    return from_json(text, allow_partial="trailing-strings")


def cost_view(cost: CostRange) -> View:
    """A predicted cost."""
    return {
        "low": str(cost.low_usd),
        "typical": str(cost.typical_usd),
        "high": str(cost.high_usd),
        "calls": cost.calls,
        "is_open": cost.is_open,
    }


def run_view(record: RunRecord, done: int, total: int) -> View:
    """A run of the editor, as messages tell of it."""
    view: View = {
        "run_id": record.id,
        "status": record.status,
        "cost_usd": str(record.cost_usd),
        "saved_usd": str(record.saved_usd),
        "done": done,
        "total": total,
    }
    return view | ({"error": record.error} if record.error else {})
