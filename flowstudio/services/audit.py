"""The audit log: reading it, taking it along, and proving that nobody changed it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Literal, TypedDict, Unpack

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import InvalidInputError, JournalDamagedError
from flowstudio.services import audit_texts
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.paging import Page
from flowstudio.settings import Settings
from flowstudio.store import audit as store
from flowstudio.store.audit import EntryRecord, Filter
from flowstudio.store.database import open_database
from flowstudio.store.records import Records

_PIECE = 1000


class Filters(TypedDict, total=False):
    """Which entries to give; what is None or left out is not asked for."""

    project_id: str | None
    actor_name: str | None
    verb: str | None
    kind: str | None
    object_id: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What walking the whole chain has shown; as text, one sentence for a person.

    Attributes:
        entries: how many were found as they were written, before the first fault.
    """

    entries: int
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every entry is as it was written, and none is missing."""
        return not self.problem

    def __str__(self) -> str:
        """One sentence."""
        if self.problem:
            return self.problem
        return f"All {self.entries} entries are as they were written, and none is missing."


class AuditService:
    """Use cases of the audit log."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def list_entries(
        self,
        actor: Actor,
        *,
        limit: int = 50,
        after: str | None = None,
        **filters: Unpack[Filters],
    ) -> Page[EntryRecord]:
        """The latest entries that fit, newest first.

        Those of one project are for its owners too, all others for admins alone.
        """
        authorize_reading(actor, filters)
        wanted, before = Filter(**filters), _number(after)
        found = await self._records.read(
            lambda session: store.list_entries(session, wanted, limit=limit + 1, before=before)
        )
        return Page(found[:limit], str(found[limit - 1].seq) if len(found) > limit else None)

    async def export(
        self, actor: Actor, form: Literal["jsonl", "csv"], **filters: Unpack[Filters]
    ) -> AsyncIterator[str]:
        """The entries that fit, newest first, as lines of JSON or CSV, in pieces.

        In CSV, a cell that a spreadsheet would take for a formula begins with an apostrophe.
        """
        authorize_reading(actor, filters)
        # What comes while this goes on is not part of it.
        last, _ = await self._records.read(store.read_head)
        wanted, before = Filter(**filters), last + 1
        if form == "csv":
            yield audit_texts.csv_head()
        write = audit_texts.as_csv if form == "csv" else audit_texts.as_jsonl
        while True:
            piece = partial(store.list_entries, wanted=wanted, limit=_PIECE, before=before)
            found = await self._records.read(piece)
            if not found:
                return
            yield write(found)
            before = found[-1].seq

    async def verify(self, actor: Actor) -> Verdict:
        """Walk the whole chain, in pieces; the verdict names the first fault."""
        authorize(actor, "audit.read", Target("audit"))
        try:
            last, digest = await self._records.read(store.read_head)
        except JournalDamagedError as error:
            return Verdict(0, str(error))
        walked = _Walk()
        while walked.seq < last:
            found = await self._read_piece(walked.seq)
            if found is None:
                problem = f"Entry {walked.seq + 1} was changed after it was written."
                return Verdict(walked.seq, problem)
            if not found:
                problem = f"The log was cut: {_say_missing(walked.seq + 1, last)} at its end."
                return Verdict(walked.seq, problem)
            walked = walked.past(found[: last - walked.seq])
            if walked.problem:
                return Verdict(walked.seq, walked.problem)
        if walked.hash != digest:
            return Verdict(last, f"Entry {last} is not the one that was written last.")
        return Verdict(last, await self._beyond(last))

    async def _read_piece(self, after: int) -> list[EntryRecord] | None:
        """What comes next; None if the very next entry does not read."""
        limit = _PIECE
        while limit:
            piece = partial(store.read_chain, after=after, limit=limit)
            try:
                return await self._records.read(piece)
            except JournalDamagedError:
                limit //= 10
        return None

    async def _beyond(self, last: int) -> str:
        # Entries may have been written properly since the head was read.
        head, beyond = await self._records.read(store.read_end)
        if head >= last and not beyond:
            return ""
        return f"There are entries after {head}, the last that was written properly."


@dataclass(frozen=True, slots=True)
class _Walk:
    """How far the chain was walked."""

    seq: int = 0
    hash: str = store.FIRST
    problem: str = ""

    def past(self, entries: list[EntryRecord]) -> "_Walk":
        """Walk on, up to the first entry that does not fit."""
        here = self
        for record in entries:
            if problem := _find_fault(record, here.seq + 1, here.hash):
                return replace(here, problem=problem)
            here = _Walk(record.seq, record.hash)
        return here


@contextmanager
def open_log(settings: Settings, clock: Clock | None = None) -> Iterator[AuditService]:
    """The audit log by itself, for the command line; it needs no secret key.

    Raises:
        JournalError: the database cannot be opened.
    """
    records = Records(open_database(settings), settings.durability)
    try:
        yield AuditService(records, clock or SystemClock())
    finally:
        records.close()


def authorize_reading(actor: Actor, filters: Filters) -> None:
    """Make sure that the actor may read the entries that fit.

    Raises:
        NotFoundError: they are of a project that is none of the actor's.
        AccessDeniedError: the actor may not.
    """
    project_id = filters.get("project_id")
    if project_id is None or (actor.role == "admin" and actor.role_in(project_id) != "owner"):
        authorize(actor, "audit.read", Target("audit"))
    else:
        authorize(actor, "project.audit", Target("project", project_id, project_id or "-"))


def _number(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        problem = "after: This is not where a list of entries ended."
        raise InvalidInputError([problem])
    return int(after)


def _find_fault(record: EntryRecord, seq: int, previous: str) -> str:
    if record.seq != seq:
        return f"{_say_missing(seq, record.seq - 1).capitalize()}."
    if record.previous != previous:
        return f"Entry {seq} does not follow the one before it: something was put in or taken out."
    if not store.is_as_written(record):
        return f"Entry {seq} was changed after it was written."
    return ""


def _say_missing(first: int, last: int) -> str:
    return (
        f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    )
