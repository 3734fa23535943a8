# ruff: noqa: S608 - constant text, bound values
"""Which runs to list: what may be asked for, and the conditions that say so."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowstudio.store.moments import to_column

#: Owner of the runs that workers are to take, told of by a job.
JOBS = "@jobs"
_FILTERS = ("project_id", "workflow_id", "slug")
_LIKE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})
_HEX = frozenset("0123456789abcdefABCDEF-")
#: So many values stand in the statement itself, where PostgreSQL sees how often each occurs.
_MOST_INLINE = 20


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to list; what is empty or None does not count.

    Attributes:
        statuses: any of these.
        ids: any of these.
        projects: any of these.
        equal: values by column, of `project_id`, `workflow_id` and `slug`.
        triggers: any of these kinds, such as `api`; `workflow` is for runs inside runs.
        without: none of these kinds.
        text: a part of the workflow's name, the error, the inputs or the id.
        since, until: made from the one on and before the other.
        has_unknown: a step of it may or may not have been done, and asks a person.
        is_in_hand: some process has it, or had it when it died.
        is_left: nobody is going to see to it: no other run has taken its place, it is not tried
            again by itself, it is no part of another one, and nobody has dismissed it.
        is_kept: nobody has dismissed it.
    """

    statuses: Sequence[str] = ()
    ids: Sequence[str] | None = None
    projects: Sequence[str] | None = None
    equal: Mapping[str, str] = field(default_factory=dict)
    triggers: Sequence[str] = ()
    without: Sequence[str] = ()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    has_unknown: bool = False
    is_in_hand: bool = False
    is_left: bool = False
    is_kept: bool = False


def conditions_of(query: RunQuery, *, as_lists: bool = False) -> tuple[list[str], list[Any]]:
    """Conditions, and the values bound in them; with `as_lists`, several values as one list."""
    most_inline = 0 if as_lists else _MOST_INLINE
    wheres, values = ["true"], list[Any]()

    def add(condition: str, *bound: Any) -> None:
        wheres.append(condition)
        values.extend(bound)

    for column in _FILTERS:
        if column in query.equal:
            add(f"{column}=?", query.equal[column])
    # SQLite takes one project for as rare as one status or workflow, unless it stands in a list.
    is_narrow = bool(query.equal or query.statuses)
    several_of = (
        ("project_id", query.projects, 0 if is_narrow else most_inline),
        ("id", query.ids, most_inline),
        ("status", query.statuses or None, most_inline),
    )
    for column, several, most in several_of:
        if several is not None:
            add(*_among(column, several, most))
    times, moments = moments_of(query)
    wheres += times
    values += moments
    _add_kinds(query, add)
    _add_text(query, add)
    _add_needs(query, add)
    return wheres, values


def moments_of(query: RunQuery) -> tuple[list[str], list[Any]]:
    """The conditions among them that say when a run was made."""
    bounds = (("created_at >= ?", query.since), ("created_at < ?", query.until))
    given = [(condition, to_column(moment)) for condition, moment in bounds if moment is not None]
    return [condition for condition, _ in given], [moment for _, moment in given]


def _among(column: str, several: Sequence[str], most_inline: int = _MOST_INLINE) -> tuple[Any, ...]:
    if 0 < len(several) <= most_inline:
        return (f"{column} IN ({', '.join('?' * len(several))})", *several)
    return (f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(several)))


def _add_needs(query: RunQuery, add: Callable[..., None]) -> None:
    if query.has_unknown:
        add(_UNKNOWN)
    if query.is_in_hand:
        add(f"owner <> '' AND owner <> '{JOBS}'")
    if query.is_kept:
        add("NOT is_dismissed")
    if query.is_left:
        add("retry_at IS NULL AND NOT is_dismissed AND depth = 0")
        add("NOT EXISTS (SELECT 1 FROM run r WHERE r.rerun_of=run.id AND r.rerun_of != '')")


def _add_text(query: RunQuery, add: Callable[..., None]) -> None:
    if query.text:
        like = f"%{query.text.translate(_LIKE)}%"
        columns = ["workflow", "error", "inputs"]
        if _HEX.issuperset(query.text):
            columns.append("id")
        # By bytes, which is enough for ASCII; PostgreSQL's rules for all languages take thrice as long.
        collation = " COLLATE BINARY" if query.text.isascii() else ""
        texts = " OR ".join(f"{column}{collation} LIKE ? ESCAPE '\\'" for column in columns)
        add(f"({texts})", *[like] * len(columns))


def _add_kinds(query: RunQuery, add: Callable[..., None]) -> None:
    inner = "trigger LIKE 'workflow:%'"
    if query.triggers:
        condition, *bound = _among("trigger", query.triggers)
        add(f"({condition} OR {inner})" if "workflow" in query.triggers else condition, *bound)
    if query.without:
        condition, *bound = _among("trigger", query.without)
        more = f" AND NOT {inner}" if "workflow" in query.without else ""
        add(f"NOT {condition}{more}", *bound)


#: The latest word of a step is that nobody knows whether it was done.
_UNKNOWN = (
    "EXISTS (SELECT 1 FROM run_event e WHERE e.run_id=run.id AND e.type='step_waiting'"
    " AND json_extract(e.data, '$.kind')='unknown' AND NOT EXISTS (SELECT 1 FROM run_event l"
    " WHERE l.run_id=e.run_id AND l.seq>e.seq AND l.path=e.path AND l.type LIKE 'step%'))"
)
