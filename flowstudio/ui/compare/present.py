"""Two runs as rows: figures side by side, and which of them differ."""

from dataclasses import dataclass, field
from decimal import Decimal

from flowstudio.services.comparing import Comparison, Line, Pair, RunRecord, Side
from flowstudio.services.runs import duration_s
from flowstudio.services.timelines import Money
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.pill import LABELS
from flowstudio.ui.widgets.run_table import steps_of

#: Steps that differ come first; of the rest, the first so many.
_MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Head:
    """One of the two runs."""

    id: str = ""
    href: str = ""
    workflow: str = ""
    status: str = ""
    label: str = ""
    when: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both runs, and by how much it changed."""

    name: str
    before: str
    after: str
    change: str
    tone: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One step in one of the runs."""

    status: str = ""
    label: str = ""
    took: str = ""
    cost: str = ""
    tokens: str = ""
    times: str = ""


@dataclass(frozen=True, slots=True)
class PairRow:
    """One step in both runs; `word` says in which way they differ."""

    name: str
    type: str
    path: str
    before: Cell
    after: Cell
    word: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of the page but the diffs."""

    before: Head = field(default_factory=Head)
    after: Head = field(default_factory=Head)
    figures: list[Figure] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    has_one_workflow: bool = True
    rows: list[PairRow] = field(default_factory=list)
    left_out: int = 0


def sheet(found: Comparison) -> Sheet:
    """The comparison as the page shows it."""
    pairs = sorted(found.pairs, key=lambda pair: not pair.differs)[:_MOST_ROWS]
    kept = {pair.name for pair in pairs}
    return Sheet(
        before=_head(found.before),
        after=_head(found.after),
        figures=_figures(found),
        changes=found.document.describe(),
        has_one_workflow=_workflow(found.before) == _workflow(found.after),
        rows=[_row(pair) for pair in found.pairs if pair.name in kept],
        left_out=len(found.pairs) - len(pairs),
    )


def _workflow(run: RunRecord) -> str:
    # What was run from a file is kept nowhere, so its name has to do.
    return run.workflow_id or run.workflow


def _head(run: RunRecord) -> Head:
    return Head(
        id=run.id,
        href=f"/runs/{run.id}",
        workflow=run.workflow,
        status=run.status,
        label=LABELS.get(run.status, run.status),
        when=words.moment(run.created_at),
        error=run.error or "",
    )


def _figures(found: Comparison) -> list[Figure]:
    took = (duration_s(found.before), duration_s(found.after))
    costs = (found.before.cost_usd, found.after.cost_usd)
    tokens = (_tokens(found.before_money), _tokens(found.after_money))
    return [
        Figure(
            "Duration",
            words.duration(took[0]) or "not ended",
            words.duration(took[1]) or "not ended",
            *_change(took[0], took[1]),
        ),
        Figure("Cost", words.money(costs[0]), words.money(costs[1]), *_change(*map(float, costs))),
        Figure("Tokens", f"{tokens[0]:,}", f"{tokens[1]:,}", *_change(*tokens)),
        Figure(
            "Steps",
            _steps(found.before),
            _steps(found.after),
            *_change(found.before.steps_done, found.after.steps_done, plain=True),
        ),
    ]


def _steps(run: RunRecord) -> str:
    return steps_of(run.status, run.steps_done, run.steps_total)


def _change(before: float | None, after: float | None, *, plain: bool = False) -> tuple[str, str]:
    """How much it grew or shrank, and whether that is good news."""
    if before is None or after is None or before == after:
        return ("", "plain") if before is None or after is None else ("same", "plain")
    tone = "plain" if plain else ("bad" if after > before else "good")
    if not before:
        return "more", tone
    return f"{(after - before) / before:+.0%}", tone


def _tokens(money: Money) -> int:
    return money.prompt_tokens + money.completion_tokens


def _row(pair: Pair) -> PairRow:
    return PairRow(
        name=pair.name,
        type=pair.type,
        path=pair.path,
        before=_cell(pair.before),
        after=_cell(pair.after),
        word=_word(pair),
        differs=bool(pair.differs),
    )


def _cell(side: Side | None) -> Cell:
    if side is None:
        return Cell(label="Not begun")
    money = side.money
    return Cell(
        status=side.status,
        label=LABELS.get(side.status, side.status),
        took=words.duration(side.busy_s),
        cost=words.money(money.cost_usd) if money.cost_usd > Decimal(0) else "",
        tokens=words.count(_tokens(money), "token") if _tokens(money) else "",
        times=words.count(side.executions, "time") if side.executions > 1 else "",
    )


def _word(pair: Pair) -> str:
    if pair.before is None:
        return "only in the second"
    if pair.after is None:
        return "only in the first"
    found = [name for name in ("status", "output", "executions") if name in pair.differs]
    named = {"status": "ended otherwise", "output": "another output", "executions": "other count"}
    return ", ".join(named[name] for name in found)


def lines(found: list[Line]) -> list[dict[str, str]]:
    """A diff as the browser draws it."""
    return [{"kind": line.kind, "text": line.text} for line in found]
