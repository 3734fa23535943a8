"""The timeline as the browser draws it: flat rows with times in milliseconds."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.services.timelines import Money, Row, Span
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.pill import LABELS


def bar(row: Row, origin: datetime, types: Mapping[str, NodeType[Any]]) -> dict[str, Any]:
    """One row."""
    kind = types.get(row.type)
    return {
        "key": key_of(row),
        "path": row.path,
        "kind": row.kind,
        "name": f"Turn {int(row.name) + 1}" if row.kind == "turn" else row.name,
        "type": row.type,
        "category": kind.category if kind else "flow",
        "depth": row.depth,
        "status": row.status,
        "label": "Kept" if row.is_kept else LABELS.get(row.status, row.status),
        "spans": [_span(span, origin) for span in row.spans],
        "took": took(row.spans),
        "cost": cost(row.money),
        "tokens": tokens(row.money),
        "attempts": row.attempts,
        "error": (row.error or "")[:300],
        "inside": row.inside,
        "insideWord": words.count(row.inside, "turn" if row.type == "loop" else "step"),
        "open": row.is_open,
        "kept": row.is_kept,
        "left": row.left,
        "shownNow": row.inside if row.kind == "more" else 0,
    }


def key_of(row: Row) -> str:
    """What tells rows of a timeline apart."""
    return f"{row.path}…" if row.kind == "more" else row.path


def _span(span: Span, origin: datetime) -> list[Any]:
    return [
        _ms(span.start, origin),
        _ms(span.end, origin) if span.end is not None else None,
        span.kind,
    ]


def _ms(moment: datetime, origin: datetime) -> int:
    return round((moment - origin).total_seconds() * 1000)


def took(spans: tuple[Span, ...]) -> str:
    """From the first beginning to the last end, or "" while it goes on."""
    if not spans or spans[-1].end is None:
        return ""
    return words.duration((spans[-1].end - spans[0].start).total_seconds())


def cost(money: Money) -> str:
    """Dollars, or "" for none; what the cache saved where nothing was spent."""
    if money.cost_usd > Decimal(0):
        return words.money(money.cost_usd)
    return f"saved {words.money(money.saved_usd)}" if money.saved_usd else ""


def tokens(money: Money) -> str:
    """How many tokens, or ""."""
    total = money.prompt_tokens + money.completion_tokens
    return words.count(total, "token") if total else ""
