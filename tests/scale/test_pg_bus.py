"""A run is watched in one process while another advances it."""

import asyncio
from datetime import UTC, datetime

from flowstudio.engine.events import Event
from flowstudio.scale.bus import Reached
from flowstudio.scale.postgres.bus import PgBus

AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


def event(seq, kind="step_started", path="write"):
    return Event(seq, AT, kind, path, path)


def text(piece, path="write", **data):
    return Event(0, AT, "step_streamed", path, path, {"text": piece, **data})


async def following(subscription):
    async with asyncio.timeout(20):
        return await subscription.get()


async def reached(subscription, seq):
    """Passes over what comes before the journal has got so far; gives the texts among it."""
    texts = []
    while (found := await following(subscription)) is None or found != Reached(seq):
        if isinstance(found, Event):
            texts.append(found.data["text"])
    return texts


async def test_what_another_process_advances_is_told(hubs):
    a, b = PgBus(hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1, "run_started", ""))
    with b.subscribe("run") as seen:
        await reached(seen, 1)
        a.publish("run", event(2))
        a.publish("run", text("one ", part="draft"))
        a.publish("run", text("two", part="draft"))
        a.publish("run", Event(0, AT, "step_streamed", "x", "x", {"log": "hm"}))
        a.publish("run", event(3, "step_succeeded"))
        a.publish("run", event(4))
        a.close("run")
        got = []
        while (found := await following(seen)) is not None:
            got.append(found)
    texts = [found for found in got if isinstance(found, Event)]
    assert "".join(found.data.get("text", "") for found in texts) == "one two"
    assert texts[0] == Event(0, AT, "step_streamed", "write", "write", {**texts[0].data})
    assert texts[0].data["part"] == "draft"
    assert texts[-1].data == {"log": "hm"}
    assert got[0] == Reached(2)
    assert got[-1] == Reached(4)


async def test_who_comes_late_is_given_the_text_so_far_and_then_the_rest_once(hubs):
    a, b = PgBus(hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    said = ""
    with b.subscribe("run") as seen:
        for number in range(200):
            a.publish("run", text(f"{number} "))
            said += f"{number} "
            await asyncio.sleep(0.001)
        a.publish("run", event(2, "step_succeeded"))
        assert "".join(await reached(seen, 2)) == said


async def test_a_second_watcher_of_a_process_is_given_the_text_so_far(hubs):
    a, b = PgBus(hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    with b.subscribe("run") as first:
        await reached(first, 1)
        a.publish("run", text("so far"))
        assert (await following(first)).data["text"] == "so far"
        with b.subscribe("run") as second:
            assert await reached(second, 1) == []
            assert (await following(second)).data["text"] == "so far"
    with b.subscribe("run") as third:
        # Nobody watched in between, so it is asked for anew.
        assert await reached(third, 1) == []
        assert (await following(third)).data["text"] == "so far"


async def test_a_run_that_another_process_takes_over_is_told_by_that_one_alone(hubs):
    a, b, c = PgBus(hubs("a")), PgBus(hubs("b")), PgBus(hubs("c"))
    await hubs.open()
    a.publish("run", event(1))
    with b.subscribe("run") as seen:
        await reached(seen, 1)
        a.publish("run", text("half a sen"))
        assert (await following(seen)).data["text"] == "half a sen"
        c.publish("run", event(2))
        await reached(seen, 2)
        a.publish("run", text("tence of the stopped"))
        a.publish("other", event(1))
        c.publish("run", text("anew"))
        c.publish("run", event(3, path="read"))
        assert await reached(seen, 3) == ["anew"]
        with b.subscribe("run") as late:
            assert await reached(late, 3) == []
            assert (await following(late)).data["text"] == "anew"


async def test_a_run_nobody_watches_elsewhere_sends_nothing(hubs, monkeypatch):
    a, b = PgBus(hub := hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    with b.subscribe("watched") as seen:
        a.publish("watched", event(1))
        await reached(seen, 1)
        sent = []
        monkeypatch.setattr(hub, "send", lambda *what: sent.append(what[0]))
        for number in range(3_600):
            a.publish(f"run {number % 300}", event(1 + number // 300))
            a.publish(f"run {number % 300}", text("token"))
        assert sent == []


async def test_who_waits_for_the_end_is_sent_nothing_before(hubs, monkeypatch):
    a, b = PgBus(hub := hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    with b.subscribe("run", frozenset({"run_succeeded"})) as waits:
        with b.subscribe("watched") as seen:
            a.publish("watched", event(1))
            await reached(seen, 1)
        sent = []
        send = hub.send
        monkeypatch.setattr(hub, "send", lambda *args: (sent.append(args), send(*args)))
        a.publish("run", event(1))
        a.publish("run", text("nobody reads this"))
        a.publish("run", event(2, "step_succeeded"))
        assert sent == []
        a.close("run")
        assert await following(waits) is None


async def test_a_watcher_beside_one_who_waits_for_the_end_sees_all_of_it(hubs):
    a, b = PgBus(hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    with b.subscribe("run", frozenset({"run_succeeded"})) as waits:
        with b.subscribe("run") as first:
            await reached(first, 1)
            a.publish("run", text("one "))
            assert (await following(first)).data["text"] == "one "
        assert await following(waits) is None
        a.publish("run", text("two"))
        with b.subscribe("run") as second:
            said = await reached(second, 1)
            said.append((await following(second)).data["text"])
            a.publish("run", event(2, "step_succeeded"))
            assert "".join(said + await reached(second, 2)) == "one two"
        a.close("run")
        assert await following(waits) is None


async def test_much_that_happens_at_once_is_told_as_one(hubs, monkeypatch):
    a, b = PgBus(hub := hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    with b.subscribe("run") as seen:
        await reached(seen, 1)
        send, sent = hub.send, []
        monkeypatch.setattr(hub, "send", lambda *what: (sent.append(what[0]), send(*what)))
        for seq in range(2, 500):
            a.publish("run", event(seq))
        assert await following(seen) == Reached(499)
        assert sent == ["runs"]


async def test_after_a_restart_of_postgresql_the_text_goes_on_where_it_was(hubs, postgres):
    a, b = PgBus(hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    with b.subscribe("run") as seen:
        await reached(seen, 1)
        a.publish("run", text("before "))
        got = [(await following(seen)).data["text"]]
        await asyncio.to_thread(postgres.stop)
        a.publish("run", text("meanwhile "))
        await asyncio.to_thread(postgres.start)
        while len("".join(got)) < len("before meanwhile "):
            if isinstance(found := await following(seen), Event):
                got.append(found.data["text"])
        a.publish("run", text("after"))
        while not "".join(got).endswith("after"):
            if isinstance(found := await following(seen), Event):
                got.append(found.data["text"])
        assert "".join(got) == "before meanwhile after"


async def test_a_wish_that_was_not_heard_is_said_again(hubs, monkeypatch):
    monkeypatch.setattr("flowstudio.scale.postgres.bus.KEPT_S", 0.03)
    a, b = PgBus(hub := hubs("a")), PgBus(hubs("b"))
    await hubs.open()
    a.publish("run", event(1))
    with monkeypatch.context() as deaf:
        deaf.setitem(hub._handlers, "want", [])
        async with b.open():
            with b.subscribe("run") as seen:
                await reached(seen, 1)
