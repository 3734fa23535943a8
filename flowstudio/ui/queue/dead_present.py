"""Dead runs in words."""

from dataclasses import dataclass, field
from datetime import datetime

from flowstudio.services.dead_runs import DeadView
from flowstudio.services.run_lists import DeadRun
from flowstudio.ui.widgets import words

#: Counting dead runs of a kind ends here.
MOST_DEAD = 1_000
_BRIEF = 240
_KINDS = {"failed": "failed", "unknown": "asks", "abandoned": "left behind"}
_WHY_NOT = (
    "Taking it up again could do a step twice. Open it and say whether the step was done; "
    "or dismiss it."
)


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A run that nobody has seen to.

    Attributes:
        why_not: why it cannot simply be taken up again; "" if it can.
        body: what its buttons send.
    """

    id: str
    workflow: str
    href: str
    label: str
    tone: str
    reason: str
    when: str
    why_not: str
    body: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class DeadCard:
    """Runs that nobody has seen to: how many, and the latest.

    Attributes:
        said: how many in words; "" for none.
        again, again_sure: the button that takes up what can be, and its question; "" for none.
        rest: how many more there are than are shown.
    """

    said: str = ""
    again: str = ""
    again_sure: str = ""
    dismiss_sure: str = ""
    rest: str = ""
    rows: list[DeadRow] = field(default_factory=list)


def dead_card(view: DeadView, now: datetime) -> DeadCard:
    """The dead runs as their section shows them."""
    counts = view.counts
    if not counts.total:
        return DeadCard()
    able = counts.failed + counts.abandoned
    said = _needing(counts.total)
    asking = f" {_stay(counts.unknown)}" if counts.unknown else ""
    rest = counts.total - len(view.latest)
    return DeadCard(
        said=said,
        again=f"Take {_number(able)} up again" if able else "",
        again_sure=f"Take {_number(able)} up again, of all your projects, from where each "
        f"stopped?{asking}",
        dismiss_sure=f"Take all {_number(counts.total)} off the list, of all your projects? "
        "The runs stay as they are, and stand among the runs.",
        rest=f"and {_number(rest)} more" if rest > 0 else "",
        rows=[_dead_row(each, now) for each in view.latest],
    )


def _number(count: int) -> str:
    return f"{MOST_DEAD:,} or more" if count >= MOST_DEAD else f"{count:,}"


def _needing(count: int) -> str:
    return "1 run needs somebody." if count == 1 else f"{_number(count)} runs need somebody."


def _stay(count: int) -> str:
    if count == 1:
        return "1 that asks what became of a step stays: it wants an answer."
    return f"{_number(count)} that ask what became of a step stay: they want an answer."


def _dead_row(dead: DeadRun, now: datetime) -> DeadRow:
    record = dead.record
    return DeadRow(
        id=record.id,
        workflow=record.workflow,
        href=f"/runs/{record.id}",
        label=_KINDS[dead.kind],
        tone="warn" if dead.kind == "unknown" else "bad",
        reason=" ".join(dead.reason.split())[:_BRIEF],
        when=words.since(record.finished_at or record.created_at, now),
        why_not=_WHY_NOT if dead.kind == "unknown" else "",
        body={"run_ids": [record.id]},
    )
