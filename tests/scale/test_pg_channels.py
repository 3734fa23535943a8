"""People whose pages different processes serve hear each other."""

import asyncio

from flowstudio.scale.postgres.channels import PgChannels
from tests.processes import until


async def next_of(listener):
    async with asyncio.timeout(20):
        return await listener.get()


async def test_a_message_is_heard_once_by_everybody_wherever_they_are(hubs):
    a, b = PgChannels(hubs("a")), PgChannels(hubs("b"))
    await hubs.open()
    with a.listen("workflow:1") as here, b.listen("workflow:1") as there:
        for number in range(3):
            a.publish("workflow:1", {"t": "change", "number": number})
            b.publish("workflow:1", {"t": "people", "number": number})
        for listener in (here, there):
            heard = [await next_of(listener) for _ in range(6)]
            for kind in ("change", "people"):
                assert [one["number"] for one in heard if one["t"] == kind] == [0, 1, 2]


async def test_one_channel_is_not_heard_on_another(hubs):
    a, b = PgChannels(hubs("a")), PgChannels(hubs("b"))
    await hubs.open()
    with b.listen("workflow:2") as there:
        a.publish("workflow:1", {"t": "hers"})
        a.publish("workflow:2", {"t": "his"})
        assert await next_of(there) == {"t": "his"}


async def test_whoever_begins_to_listen_is_heard_of_from_that_moment(hubs):
    a, b = PgChannels(hubs("a")), PgChannels(hubs("b"))
    await hubs.open()
    with b.listen("workflow:1") as there:
        a.publish("workflow:1", {"t": "first"})
        assert await next_of(there) == {"t": "first"}


async def test_after_a_break_listeners_know_that_they_may_have_missed_something(hubs, postgres):
    a, b = PgChannels(hubs("a")), PgChannels(hubs("b"))
    await hubs.open()
    with a.listen("workflow:1") as here, b.listen("workflow:1") as there:
        await asyncio.to_thread(postgres.stop)
        a.publish("workflow:1", {"t": "lost"})
        await asyncio.to_thread(postgres.start)
        await until(lambda: here.has_lost and there.has_lost)
