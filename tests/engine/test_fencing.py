"""Only the latest claim of a run may write to it."""

import asyncio

import pytest

from flowstudio.clock import utc_now
from flowstudio.engine.events import Event
from flowstudio.engine.runner import Ended, Lost
from flowstudio.errors import ConflictError, NotFoundError, StaleOwnerError
from tests.builders import node, workflow
from tests.engine.conftest import OpenWorkshop
from tests.fakes.nodes import Bench


async def test_a_second_claim_makes_the_first_owners_writes_fail(open_workshop: OpenWorkshop):
    async with open_workshop("one") as one, open_workshop("two") as two:
        run_id = await one.create(workflow(node("count")))
        first = await one.journal.claim(run_id, "one")
        second = await two.journal.claim(run_id, "two")
        event = Event(1, utc_now(), "run_started")
        with pytest.raises(StaleOwnerError):
            await one.journal.append(run_id, first.epoch, [event])
        await two.journal.append(run_id, second.epoch, [event])
        assert await one.types(run_id) == ["run_started"]


async def test_an_advance_that_was_overtaken_is_lost_and_writes_nothing_more(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    async with open_workshop("one") as one, open_workshop("two") as two:
        run_id = await one.create(document)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            first = group.create_task(one.engine.advance(run_id))
            await bench.started("a").wait()
            bench.begun.clear()
            second = group.create_task(two.engine.advance(run_id))
            await bench.started("a").wait()
            bench.gate("a").set()
        assert first.result() == Lost()
        assert second.result() == Ended("succeeded")
        assert bench.runs["b"] == 1
        assert (await one.types(run_id)).count("run_succeeded") == 1


async def test_a_run_that_was_lost_inside_a_loop_does_not_fail(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(
        node("loop", "each", mode="times", times=2, concurrency=2, rules={"on_error": "continue"}),
        node("gate", "a", inside="each"),
        node("count", "b", inside="each"),
        edges="a>b",
    )
    async with open_workshop("one") as one, open_workshop("two") as two:
        run_id = await one.create(document)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            first = group.create_task(one.engine.advance(run_id))
            await bench.started("each/1/a").wait()
            await two.journal.claim(run_id, "two")
            bench.gate("each/0/a").set()
        assert first.result() == Lost()
        bench.gate("each/1/a").set()
        assert await two.engine.advance(run_id) == Ended("succeeded")


async def test_deferred_events_of_a_former_owner_are_refused_too(open_workshop: OpenWorkshop):
    async with open_workshop("one") as one, open_workshop("two") as two:
        run_id = await one.create(workflow(node("count")))
        first = await one.journal.claim(run_id, "one")
        await two.journal.claim(run_id, "two")
        # Before the claim, its own timer might have written it while it still was the owner's.
        one.journal.defer(run_id, first.epoch, Event(1, utc_now(), "run_started"))
        one.journal._flush()
        with pytest.raises(StaleOwnerError):
            await one.journal.append(run_id, first.epoch, [Event(2, utc_now(), "run_failed")])
        assert await two.types(run_id) == []


async def test_a_process_that_claims_its_own_run_again_keeps_what_it_had_deferred(
    open_workshop: OpenWorkshop,
):
    async with open_workshop() as workshop:
        run_id = await workshop.create(workflow(node("count")))
        first = await workshop.journal.claim(run_id, "one")
        workshop.journal.defer(run_id, first.epoch, Event(1, utc_now(), "run_started"))
        second = await workshop.journal.claim(run_id, "one")
        assert second.epoch == first.epoch + 1
        assert await workshop.types(run_id) == ["run_started"]
        await workshop.journal.append(run_id, second.epoch, [Event(2, utc_now(), "run_failed")])


async def test_a_process_cannot_advance_a_run_twice_at_once(
    open_workshop: OpenWorkshop, bench: Bench
):
    async with open_workshop() as workshop:
        run_id = await workshop.create(workflow(node("gate")))
        async with asyncio.TaskGroup() as group:
            group.create_task(workshop.engine.advance(run_id))
            await bench.started("gate").wait()
            with pytest.raises(ConflictError):
                await workshop.engine.advance(run_id)
            bench.gate("gate").set()


async def test_a_run_that_does_not_exist_cannot_be_advanced(open_workshop: OpenWorkshop):
    async with open_workshop() as workshop:
        with pytest.raises(NotFoundError, match="There is no run"):
            await workshop.engine.advance("nothing")


async def test_advancing_a_run_that_has_ended_changes_nothing(open_workshop: OpenWorkshop):
    async with open_workshop() as workshop:
        run_id = await workshop.create(workflow(node("count")))
        await workshop.engine.advance(run_id)
        before = await workshop.types(run_id)
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
        assert await workshop.types(run_id) == before
