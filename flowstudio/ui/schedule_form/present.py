"""What the form of a schedule holds, and what was typed into it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flowstudio.services.schedules import ScheduleRecord, ScheduleWish
from flowstudio.services.wall_clock import moments_of, read_zone, wall_of

#: Before the names of the form's own fields; those of the workflow's inputs have none.
OWN = "schedule_"
JSON_INPUTS = f"{OWN}inputs"
_FIELDS = (
    "name",
    "expression",
    "zone",
    "start",
    "end",
    "jitter_s",
    "misfire_most",
    "max_cost_usd",
)


@dataclass(frozen=True, slots=True)
class FormValues:
    """The text of each field."""

    name: str = ""
    expression: str = ""
    zone: str = ""
    start: str = ""
    end: str = ""
    jitter_s: str = "0"
    misfire: str = "once"
    misfire_most: str = "10"
    overlap: str = "skip"
    max_cost_usd: str = ""
    inputs: str = "{}"


def values_of(record: ScheduleRecord) -> FormValues:
    """A kept schedule as the form shows it."""
    return FormValues(
        name=record.name,
        expression=record.expression,
        zone=record.zone,
        start=_wall(record.start_at, record.zone),
        end=_wall(record.end_at, record.zone),
        jitter_s=str(record.jitter_s),
        misfire=record.misfire,
        misfire_most=str(record.misfire_most),
        overlap=record.overlap,
        max_cost_usd=str(record.max_cost_usd) if record.max_cost_usd is not None else "",
        inputs=json.dumps(record.inputs, ensure_ascii=False, indent=2),
    )


def _wall(moment: datetime | None, zone_name: str) -> str:
    if moment is None:
        return ""
    zone = read_zone(zone_name)
    wall = wall_of(moment, zone)
    # What the wall shows twice is only clear with its offset.
    shown = wall if len(moments_of(wall, zone)) == 1 else moment.astimezone(zone)
    return shown.isoformat(" ", "auto" if shown.second else "minutes")


def read_values(
    kind: str, form: Mapping[str, Any], inputs: Mapping[str, Any]
) -> tuple[ScheduleWish | None, list[str]]:
    """The wish that a submitted form holds, or what is wrong with its numbers."""
    typed = {name: str(form.get(OWN + name, "")).strip() for name in _FIELDS}
    problems: list[str] = []
    jitter_s = _number(typed, "jitter_s", "0", problems)
    most = _number(typed, "misfire_most", "10", problems)
    cost = _money(typed["max_cost_usd"], problems)
    if problems:
        return None, problems
    wish = ScheduleWish(
        kind=kind,  # type: ignore[arg-type]
        expression=typed["expression"],
        zone=typed["zone"],
        name=typed["name"],
        start=typed["start"],
        end=typed["end"],
        jitter_s=jitter_s,
        misfire=str(form.get(f"{OWN}misfire", "once")),  # type: ignore[arg-type]
        misfire_most=most,
        overlap=str(form.get(f"{OWN}overlap", "skip")),  # type: ignore[arg-type]
        inputs=inputs,
        max_cost_usd=cost,
    )
    return wish, []


def read_json(text: str) -> tuple[dict[str, Any], list[str]]:
    """Inputs written as JSON, or what is wrong with them."""
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        return {}, [f"inputs: This is not JSON: {error}."]
    return (found, []) if isinstance(found, dict) else ({}, ["inputs: Give a JSON object."])


def errors_by_field(
    problems: Iterable[str], known: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Each problem at its field, and the rest."""
    names, at, rest = set(known), dict[str, str](), list[str]()
    for problem in problems:
        name, _, said = problem.partition(": ")
        if name in names:
            at[name] = f"{at[name]} {said}" if name in at else said
        else:
            rest.append(said if name == "inputs" else problem)
    return at, rest


def _number(typed: Mapping[str, str], name: str, usual: str, problems: list[str]) -> int:
    text = typed[name] or usual
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    problems.append(f"{name}: Give a whole number.")
    return 0


def _money(text: str, problems: list[str]) -> Decimal | None:
    if not text:
        return None
    try:
        found = Decimal(text)
        if found.is_finite() and found >= 0 and len(text) < 20:
            return found
    except InvalidOperation:
        pass
    problems.append("max_cost_usd: Give an amount such as 0.50.")
    return None
