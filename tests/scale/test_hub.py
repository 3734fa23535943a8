"""Processes on one PostgreSQL hear each other, and say so when they may not have."""

import asyncio

from flowstudio.scale.postgres.hub import GAP, HELLO


class Ear:
    """What one hub has heard of some kinds."""

    def __init__(self, hub, *kinds):
        self.heard = asyncio.Queue()
        for kind in kinds:
            hub.hear(
                kind, lambda origin, body, kind=kind: self.heard.put_nowait((kind, origin, body))
            )

    async def next(self):
        async with asyncio.timeout(20):
            return await self.heard.get()

    async def until(self, wanted):
        while (found := await self.next()) != wanted:
            pass
        return found


async def test_a_message_reaches_all_others_and_not_its_sender(hubs):
    a, b, c = hubs("a"), hubs("b"), hubs("c")
    ears = [Ear(hub, "say") for hub in (a, b, c)]
    await hubs.open()
    a.send("say", {"text": "hé\n\x00"})
    b.send("say", 2)
    assert await ears[1].next() == ("say", "a", {"text": "hé\n\x00"})
    assert sorted([await ears[2].next(), await ears[2].next()], key=str) == [
        ("say", "a", {"text": "hé\n\x00"}),
        ("say", "b", 2),
    ]
    assert await ears[0].next() == ("say", "b", 2)
    assert ears[0].heard.empty()


async def test_a_message_to_one_reaches_that_one_alone_and_keeps_its_place(hubs):
    a, b, c = hubs("a"), hubs("b"), hubs("c")
    to_b, to_c = Ear(b, "say"), Ear(c, "say")
    await hubs.open()
    a.send("say", 1)
    a.send("say", 2, to="b")
    a.send("say", 3)
    assert [(await to_b.next())[2] for _ in range(3)] == [1, 2, 3]
    assert [(await to_c.next())[2] for _ in range(2)] == [1, 3]


async def test_many_and_large_messages_arrive_whole_and_in_order(hubs):
    a, b = hubs("a"), hubs("b")
    ear = Ear(b, "say")
    await hubs.open()
    for number in range(3_000):
        a.send("say", [number, "ü" * (number % 7) * 500])
    for number in range(3_000):
        assert (await ear.next())[2] == [number, "ü" * (number % 7) * 500]


async def test_a_body_may_be_made_when_it_goes(hubs):
    a, b = hubs("a"), hubs("b")
    ear = Ear(b, "say")
    await hubs.open()
    batch = []
    a.send("say", lambda: list(batch))
    batch += [1, 2]
    assert (await ear.next())[2] == [1, 2]


async def test_of_a_message_too_large_only_the_gap_is_told(hubs):
    a, b = hubs("a"), hubs("b")
    ear = Ear(b, "say", GAP)
    await hubs.open()
    a.send("say", "x" * 1_100_000)
    a.send("say", 2)
    assert await ear.next() == (GAP, "a", None)
    assert await ear.next() == ("say", "a", 2)


async def test_who_comes_says_hello(hubs):
    b = hubs("b")
    ear = Ear(b, HELLO)
    await hubs.open()
    hubs.made.clear()
    hubs("a")
    await hubs.open()
    assert await ear.next() == (HELLO, "a", None)


async def test_a_fault_of_one_message_does_not_end_the_hearing(hubs):
    a, b = hubs("a"), hubs("b")
    b.hear("bad", lambda *_: 1 / 0)
    ear = Ear(b, "good")
    await hubs.open()
    a.send("bad")
    a.send("good", 1)
    assert (await ear.next())[2] == 1


async def test_after_a_restart_of_postgresql_both_hear_of_the_gap_and_then_each_other(
    hubs, postgres
):
    a, b = hubs("a"), hubs("b")
    ears = {"a": Ear(a, "say", GAP), "b": Ear(b, "say", GAP)}
    await hubs.open()
    await asyncio.to_thread(postgres.restart)
    for name, ear in ears.items():
        await ear.until((GAP, name, None))
    a.send("say", "again")
    # Nothing is sent while a connection is down, so a message may have to wait for the next gap.
    found = await ears["b"].next()
    while found != ("say", "a", "again"):
        if found == (GAP, "a", None):
            a.send("say", "again")
        found = await ears["b"].next()
