"""What a campaign found, by the ledger outside the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tests.faults.ledger import Entry, Step

EVERY_S = 10


@dataclass(frozen=True)
class Slot:
    """A time of a schedule, as the database tells it."""

    schedule_id: str
    at: datetime
    run_id: str
    state: str


@dataclass
class Account:
    """Numbers for a table; the lists must be empty.

    Attributes:
        started: runs that a sender was told of, or that a slot names.
        repeats: executions of steps beyond their first; each was in flight when something failed.
        violations: steps that ran again after their result had been committed.
        duplicates: second runs of a key or slot, and runs that nobody asked for.
    """

    faults: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    slots: int = 0
    refused: int = 0
    exits: int = 0
    started: int = 0
    finished: int = 0
    executions: int = 0
    repeats: int = 0
    lost: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    took_s: float = 0

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [
            f"{kind}: {what}"
            for kind in ("lost", "violations", "duplicates")
            for what in getattr(self, kind)
        ]

    def table(self) -> str:
        """As Markdown."""
        rows = {name.replace("_", " "): count for name, count in sorted(self.faults.items())}
        rows |= {
            "keys, each sent five times": self.keys,
            "requests refused or cut off, and sent again": self.refused,
            "slots of schedules": self.slots,
            "processes that ended by themselves": self.exits,
            "runs started": self.started,
            "finished": self.finished,
            "lost": len(self.lost),
            "executions of steps": self.executions,
            "repeats of what was in flight": self.repeats,
            "committed steps repeated": len(self.violations),
            "duplicate firings": len(self.duplicates),
            "seconds": round(self.took_s),
        }
        return "\n".join(f"| {name} | {count:,} |" for name, count in rows.items())

    def settle(self, kinds: dict[str, str], statuses: dict[str, str], ran: list[Entry]) -> None:
        """Compare runs that were started, with their kinds, to what is known of them."""
        paths: dict[str, set[str]] = defaultdict(set)
        for entry in ran:
            paths[entry.step[0]].add(entry.step[1])
        whole = {
            kind: set().union(*(paths[run_id] for run_id in kinds if kinds[run_id] == kind))
            for kind in set(kinds.values())
        }
        for run_id, kind in kinds.items():
            status = statuses.get(run_id, "is not there")
            if status != "succeeded" or paths[run_id] != whole[kind]:
                missing = len(whole[kind] - paths[run_id])
                self.lost.append(f"{kind} {run_id} {status}, {missing} steps never ran")
        self.started, self.finished = len(kinds), len(kinds) - len(self.lost)
        unknown = (set(paths) | set(statuses)) - set(kinds)
        self.duplicates += [f"{run_id} was asked for by nobody" for run_id in sorted(unknown)]
        self.executions = len(ran)
        self.repeats = self.executions - len({entry.step for entry in ran})

    def settle_keys(self, given: dict[str, set[str]], firsts: dict[str, int]) -> None:
        """Look through what senders were told."""
        self.keys = len(given)
        self.duplicates += [
            f"{key} has {len(runs)} runs, {firsts[key]} of them first"
            for key, runs in given.items()
            if len(runs) != 1 or firsts[key] > 1
        ]

    def settle_slots(self, slots: list[Slot]) -> None:
        """Look through the times of schedules: each has come, once, and none is left out."""
        self.slots = len(slots)
        runs = Counter(slot.run_id for slot in slots)
        self.duplicates += [f"two slots have run {run_id}" for run_id in runs if runs[run_id] > 1]
        self.lost += [f"slot {slot.at} is {slot.state}" for slot in slots if slot.state != "begun"]
        times: dict[str, list[datetime]] = defaultdict(list)
        for slot in slots:
            times[slot.schedule_id].append(slot.at)
        for found in times.values():
            found.sort()
            expected = round((found[-1] - found[0]).total_seconds() / EVERY_S) + 1
            if expected != len(found):
                self.lost.append(f"{expected - len(found)} slots from {found[0]} never came")


def repeated(promises: Iterable[tuple[int, set[Step]]], ran: list[Entry]) -> list[str]:
    """Steps that ran after they were known to be committed."""
    return [
        " ".join(entry.step)
        for place, committed in promises
        for entry in ran
        if entry.place >= place and entry.step in committed
    ]
