"""Where a list of workflows goes on, in a text that callers hand back."""

import base64
import json
from datetime import datetime

from flowstudio.errors import InvalidInputError
from flowstudio.store.workflows import Position, Sort, WorkflowRecord

_MOST = 2_000


def write_cursor(sort: Sort, last: WorkflowRecord) -> str:
    """The place after a workflow, which may be changed or deleted meanwhile."""
    value = getattr(last, sort.removeprefix("-"))
    told = value.isoformat() if isinstance(value, datetime) else value
    text = json.dumps([sort, told, last.id], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(sort: Sort, cursor: str) -> Position:
    """The place that a cursor of this order names.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        padded = cursor[:_MOST] + "=" * (-len(cursor) % 4)
        told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return _position(sort, *told)
    except (ValueError, TypeError, RecursionError):
        problem = "after: This is not where a list of workflows in this order ended."
        raise InvalidInputError([problem]) from None


def _position(sort: Sort, order: str, value: str, workflow_id: str) -> Position:
    if order != sort or not isinstance(value, str) or not isinstance(workflow_id, str):
        raise ValueError(order)
    if sort.endswith("name"):
        return value, workflow_id
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment, workflow_id
