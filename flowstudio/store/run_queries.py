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


def conditions_of(query: RunQuery) -> tuple[list[str], list[Any]]:
    """Conditions, and the values bound in them."""
    wheres, values = ["true"], list[Any]()

    def add(condition: str, *bound: Any) -> None:
        wheres.append(condition)
        values.extend(bound)

    for column in _FILTERS:
        if column in query.equal:
            add(f"{column}=?", query.equal[column])
    several_of = (
        ("project_id", query.projects),
        ("id", query.ids),
        ("status", query.statuses or None),
    )
    for column, several in several_of:
        if several is not None:
            add(f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(several)))
    if query.since is not None:
        add("created_at >= ?", to_column(query.since))
    if query.until is not None:
        add("created_at < ?", to_column(query.until))
    _add_kinds(query, add)
    _add_text(query, add)
    _add_needs(query, add)
    return wheres, values


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
        columns = ("workflow", "coalesce(error, '')", "inputs", "id")
        texts = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
        add(f"({texts})", *[like] * len(columns))


def _add_kinds(query: RunQuery, add: Callable[..., None]) -> None:
    kind = "CASE WHEN trigger LIKE 'workflow:%' THEN 'workflow' ELSE trigger END"
    if query.triggers:
        add(f"{kind} IN (SELECT value FROM json_each(?))", json.dumps(list(query.triggers)))
    if query.without:
        add(f"{kind} NOT IN (SELECT value FROM json_each(?))", json.dumps(list(query.without)))


#: The latest word of a step is that nobody knows whether it was done.
_UNKNOWN = (
    "EXISTS (SELECT 1 FROM run_event e WHERE e.run_id=run.id AND e.type='step_waiting'"
    " AND json_extract(e.data, '$.kind')='unknown' AND NOT EXISTS (SELECT 1 FROM run_event l"
    " WHERE l.run_id=e.run_id AND l.seq>e.seq AND l.path=e.path AND l.type LIKE 'step%'))"
)
