"""What is cleared away once nothing needs it, and what is not."""

import asyncio
import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, func, select

from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.housekeeping import HousekeepingService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import leftovers
from flowstudio.store.tables.editing import DraftOutputRow
from flowstudio.store.tables.keys import IdempotencyRow
from flowstudio.store.tables.projects import InvitationRow
from flowstudio.store.tables.runs import BlobRow, CacheEntryRow
from flowstudio.store.tables.sessions import RefreshTokenRow, SessionRow
from flowstudio.store.tables.users import MailTokenRow
from flowstudio.store.tables.workflows import WorkflowRow
from tests.fakes.clock import TurnedClock, turned_until_done
from tests.parts import studio_parts
from tests.people import person, project_of, sign_in

HASH = "b" * 64

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def parts(tmp_path: Path, clock: TurnedClock):
    with studio_parts(tmp_path, clock, cache_days=10, ended_days=5) as made:
        yield made


def add(parts: StudioParts, *rows: SQLModel) -> None:
    def work(session: Session) -> None:
        for row in rows:
            session.add(row)
            session.flush()

    parts.records.write_now(work)


def count(parts: StudioParts, row: type[SQLModel]) -> int:
    return parts.records.read_now(
        lambda session: session.exec(select(func.count()).select_from(row)).one()
    )


async def tidy(parts: StudioParts, clock: TurnedClock) -> dict[str, int]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(HousekeepingService(parts).tidy(OPERATOR))
        await turned_until_done(clock, task)
    return task.result()


def entry(clock: TurnedClock, key: str, **more: Any) -> CacheEntryRow:
    values = {
        "output": b"1",
        "output_hash": "a" * 64,
        "output_size": 1,
        "port": "out",
        "cost_usd": "0",
        "model": "",
        "created_at": clock.now(),
    }
    return CacheEntryRow(fingerprint=key, **values | more)


async def test_sign_ins_and_links_go_once_they_are_over(
    parts: StudioParts, clock: TurnedClock
) -> None:
    ann = person(parts)
    sign_in(parts, ann)
    add(
        parts,
        MailTokenRow(
            hash="m" * 64,
            purpose="reset",
            user_id=ann.id,
            email="a@example.com",
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=1),
        ),
        InvitationRow(
            id=new_id(),
            project_id=project_of(ann),
            email="",
            role="viewer",
            hash="i" * 64,
            invited_by=ann.id,
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=7),
        ),
        IdempotencyRow(
            user_id=ann.id, key="k", request_hash="h", run_id="r", created_at=clock.now()
        ),
    )
    assert await tidy(parts, clock) == {}
    clock.turn(86_400 + 10)
    assert await tidy(parts, clock) == {"links in mails": 1, "requests": 1}
    clock.turn(400 * 86_400)
    assert await tidy(parts, clock) == {"refresh tokens": 1, "sign-ins": 1, "invitations": 1}
    for row in (SessionRow, RefreshTokenRow, MailTokenRow, InvitationRow, IdempotencyRow):
        assert count(parts, row) == 0, row


async def test_a_sign_in_that_was_ended_is_shown_for_a_few_days_more(
    parts: StudioParts, clock: TurnedClock
) -> None:
    sign_in(parts, person(parts))
    parts.records.write_now(
        lambda session: setattr(session.exec(select(SessionRow)).one(), "revoked_at", clock.now())
    )
    clock.turn(4 * 86_400)
    assert "sign-ins" not in await tidy(parts, clock)
    clock.turn(2 * 86_400)
    assert (await tidy(parts, clock))["sign-ins"] == 1


async def test_kept_outputs_go_when_they_have_expired_or_are_old(
    parts: StudioParts, clock: TurnedClock
) -> None:
    soon = clock.now() + timedelta(hours=1)
    add(parts, entry(clock, "1"), entry(clock, "2", expires_at=soon))
    clock.turn(7200)
    assert await tidy(parts, clock) == {"cache entries": 1}
    clock.turn(9 * 86_400)
    assert await tidy(parts, clock) == {}
    clock.turn(86_400)
    assert await tidy(parts, clock) == {"cache entries": 1}


async def test_large_outputs_go_with_the_last_that_refers_to_them(
    parts: StudioParts, clock: TurnedClock
) -> None:
    project_id = project_of(person(parts))
    large = {"output": None, "output_hash": HASH, "output_size": 2_000_000}
    young = clock.now() + timedelta(days=8)
    workflow_id = new_id()
    add(
        parts,
        BlobRow(hash=HASH, body=b"x" * 100),
        entry(clock, "1", **large),
        entry(clock, "2", **large | {"created_at": young}),
        WorkflowRow(
            id=workflow_id,
            project_id=project_id,
            name="w",
            document=b"{}",
            created_at=clock.now(),
            updated_at=clock.now(),
        ),
    )
    clock.turn(11 * 86_400)
    await tidy(parts, clock)
    assert (count(parts, CacheEntryRow), count(parts, BlobRow)) == (1, 1)
    add(parts, DraftOutputRow(workflow_id=workflow_id, node_id="n", output_hash=HASH))
    clock.turn(9 * 86_400)
    await tidy(parts, clock)
    assert (count(parts, CacheEntryRow), count(parts, BlobRow)) == (0, 1)


async def test_many_go_in_pieces(
    parts: StudioParts, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "PIECE", 3)
    add(parts, *(entry(clock, str(number)) for number in range(10)))
    clock.turn(11 * 86_400)
    cutoffs = HousekeepingService(parts)._cutoffs(clock.now())
    piece = parts.records.write_now(partial(leftovers.remove_some, cutoffs=cutoffs))
    assert piece == {"cache entries": 3}
    assert await tidy(parts, clock) == {"cache entries": 7}


async def test_old_mail_files_and_locks_of_the_dead_go(timed: Runtime, clock: TurnedClock) -> None:
    parts = timed.studio.parts
    folder = parts.settings.data_dir
    (folder / "outbox").mkdir()
    old = (clock.now() - timedelta(days=60)).timestamp()
    young = clock.now().timestamp()
    own = timed.dispatcher.owner
    for path, at in (
        (folder / "outbox" / "old.eml", old),
        (folder / "outbox" / "young.eml", young),
        (folder / "owners" / "dead.lock", old),
        (folder / "owners" / "beginning.lock", young),
        (folder / "owners" / f"{own}.lock", old),
    ):
        path.touch()
        os.utime(path, (at, at))
    assert await tidy(parts, clock) == {"mail files": 1, "locks": 1}
    left = {path.name for name in ("outbox", "owners") for path in (folder / name).iterdir()}
    assert left == {"young.eml", "beginning.lock", f"{own}.lock"}
