"""Entries of the audit log as lines of JSON and as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from flowstudio.store.audit import EntryRecord

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "seq", "at", "actor_id", "actor", "verb", "kind", "object_id", "project_id", "result",
    "address", "request_id", "details", "previous", "hash",
)  # fmt: skip


def as_jsonl(entries: Iterable[EntryRecord]) -> str:
    """One JSON object a line."""
    return "".join(f"{json.dumps(_plain(record))}\n" for record in entries)


def csv_head() -> str:
    """The line that names the columns."""
    return _csv([_COLUMNS])


def as_csv(entries: Iterable[EntryRecord]) -> str:
    """One row an entry; a cell a spreadsheet would take for a formula begins with an apostrophe."""
    return _csv([_cell(value) for value in _plain(record).values()] for record in entries)


def _plain(record: EntryRecord) -> dict[str, object]:
    values = asdict(record.entry) | {
        "seq": record.seq,
        "at": record.entry.at.isoformat(),
        "previous": record.previous,
        "hash": record.hash,
    }
    return {name: values[name] for name in _COLUMNS}


def _csv(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def _cell(value: object) -> str:
    text = json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
