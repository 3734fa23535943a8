"""The event bus across processes: who watches a run hears it from whichever process advances it.

Stored events are told as "the journal has got up to here", and the watcher reads them there; live
text travels itself, with the place it begins at, so that nothing is shown twice. A process sends
only what another has said that it wants, so runs that nobody watches elsewhere cost nothing, and
of a run whose end alone is waited for nothing is sent before.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.scale.background import beside
from flowstudio.scale.bus import MemoryBus, Subscription
from flowstudio.scale.postgres.hub import GAP, HELLO, Hub
from flowstudio.scale.postgres.interest import KEPT_S, Interest
from flowstudio.scale.texts import Text

_RUNS, _WANT, _KEEP, _LEAVE = "runs", "want", "keep", "leave"
#: What is told of a run, each with its arguments.
_UP, _SAY, _END, _LIVE, _LEFT = "up", "say", "end", "live", "left"

Told = list[Any]


@dataclass(slots=True)
class _Elsewhere:
    """A run as heard from the process that advances it.

    Attributes:
        past: processes that lost it to another; they may not have noticed.
        sizes: how much of each text was heard, by its number there.
    """

    origin: str
    past: set[str] = field(default_factory=set)
    sizes: dict[int, int] = field(default_factory=dict)

    def move(self, origin: str) -> None:
        """From here on another process advances it."""
        self.past.add(self.origin)
        self.origin = origin
        self.sizes.clear()


class PgBus:
    """A `WatchedBus` of all processes on one database."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._local = MemoryBus()
        self._here: dict[str, int] = {}
        self._wanted = Interest()
        #: What this process wants, by how many watch it.
        self._wants: Counter[str] = Counter()
        self._batch: dict[str, list[Told]] = {}
        self._elsewhere: dict[str, _Elsewhere] = {}
        hub.hear(_RUNS, self._take)
        hub.hear(_WANT, self._answer)
        hub.hear(_KEEP, self._note)
        hub.hear(_LEAVE, self._wanted.drop)
        hub.hear(HELLO, lambda origin, _: self._want_all(_KEEP, origin))
        hub.hear(GAP, lambda *_: self._ask_anew())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Say now and then what is still wanted."""
        async with beside(self._remind):
            yield

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(KEPT_S / 3)
            self._wanted.expire()
            self._want_all(_KEEP)

    # What this process advances

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event to every watcher of the run, wherever it is."""
        if event.seq:
            if run_id not in self._here and self._elsewhere.pop(run_id, None) is not None:
                # What another process had begun to write is written anew here.
                self._local.texts.forget(run_id)
            self._here[run_id] = max(event.seq, self._here.get(run_id, 0))
        if run_id not in self._wanted:
            self._local.publish(run_id, event)
            return
        ends_text = bool(event.seq) and self._local.texts.has(run_id, event.path)
        text = self._local.pass_on(run_id, event)
        if text is not None:
            self._say(run_id, text, str(event.data["text"]))
        elif not event.seq:
            self._add(run_id, [_LIVE, *_of(event), dict(event.data)])
        else:
            if ends_text:
                self._add(run_id, [_END, event.path])
            self._reach(run_id, event.seq)

    def close(self, run_id: str) -> None:
        """Tell the watchers that the run has ended or left this process."""
        self._here.pop(run_id, None)
        self._local.close(run_id)
        if run_id in self._wanted or _end_of(run_id) in self._wanted:
            self._add(run_id, [_LEFT])

    def _reach(self, run_id: str, seq: int) -> None:
        last = self._batch[run_id][-1] if run_id in self._batch else None
        if last is not None and last[0] == _UP:
            last[1] = max(last[1], seq)
        else:
            self._add(run_id, [_UP, seq])

    def _say(self, run_id: str, text: Text, piece: str) -> None:
        last = self._batch[run_id][-1] if run_id in self._batch else None
        if last is not None and last[0] == _SAY and last[1] == text.number:
            last[3] += piece
        else:
            self._add(run_id, _said(text, text.size - len(piece), piece))

    def _add(self, run_id: str, told: Told) -> None:
        if not self._batch:
            self._hub.send(_RUNS, self._take_batch)
        self._batch.setdefault(run_id, []).append(told)

    def _take_batch(self) -> dict[str, list[Told]]:
        batch, self._batch = self._batch, {}
        return batch

    # What others want

    def _note(self, origin: str, run_ids: list[str]) -> None:
        if new := [run_id for run_id in run_ids if not self._wanted.has(origin, run_id)]:
            self._answer(origin, new)
        self._wanted.add(origin, run_ids)

    def _answer(self, origin: str, run_ids: list[str]) -> None:
        """Tell somebody who comes how far the runs are that this process advances."""
        self._wanted.add(origin, run_ids)
        if here := [run_id for run_id in run_ids if run_id in self._here]:
            # Made as it goes, after all that was told before it.
            self._hub.send(_RUNS, lambda: self._so_far(here), origin)

    def _so_far(self, run_ids: list[str]) -> dict[str, list[Told]]:
        return {
            run_id: [
                [_UP, self._here[run_id]],
                *(
                    _said(text, 0, text.whole().data["text"])
                    for text in self._local.texts.of(run_id)
                ),
            ]
            for run_id in run_ids
            if run_id in self._here
        }

    # What this process watches

    @contextmanager
    def subscribe(self, run_id: str, kinds: frozenset[str] | None = None) -> Iterator[Subscription]:
        """Watch a run for the length of the block; text being written is given from its start."""
        topic = run_id if kinds is None else _end_of(run_id)
        if topic not in self._wants:
            self._hub.send(_WANT, [topic])
        self._wants[topic] += 1
        try:
            with self._local.subscribe(run_id, kinds) as subscription:
                yield subscription
        finally:
            self._want_no_more(topic)
            # Without a watcher of all of it, the text that is known here grows no more.
            if run_id not in self._wants and self._elsewhere.pop(run_id, None) is not None:
                self._local.close(run_id)

    def _want_no_more(self, topic: str) -> None:
        self._wants[topic] -= 1
        if not self._wants[topic]:
            del self._wants[topic]
            self._hub.send(_LEAVE, [topic])

    def _want_all(self, kind: str, to: str = "") -> None:
        if self._wants:
            self._hub.send(kind, list(self._wants), to)

    def _ask_anew(self) -> None:
        """Something was missed: have the journals looked into, and the texts told once more."""
        self._want_all(_WANT)
        for run_id in self._local.watched:
            self._local.hand(run_id, None)

    def _take(self, origin: str, runs: dict[str, list[Told]]) -> None:
        for run_id, told in runs.items():
            # A process that has lost a run to this one may not have noticed yet.
            if run_id in self._local.watched and run_id not in self._here:
                self._hear(origin, run_id, told)

    def _hear(self, origin: str, run_id: str, told: list[Told]) -> None:
        elsewhere = self._elsewhere.setdefault(run_id, _Elsewhere(origin))
        if origin in elsewhere.past:
            return
        if origin != elsewhere.origin:
            self._local.texts.forget(run_id)
            elsewhere.move(origin)
        for kind, *rest in told:
            if kind == _UP:
                self._local.reach(run_id, *rest)
            elif kind == _SAY:
                self._hear_text(run_id, elsewhere, *rest)
            elif kind == _END:
                self._local.texts.end(run_id, *rest)
            elif kind == _LIVE:
                self._local.publish(run_id, _event(*rest))
            elif kind == _LEFT:
                self._elsewhere.pop(run_id, None)
                self._local.close(run_id)

    def _hear_text(self, run_id: str, elsewhere: _Elsewhere, number: int, *rest: Any) -> None:
        start, piece, at, node, path, data = rest
        had = elsewhere.sizes.get(number, 0)
        if start > had:
            # Something before it was missed; the whole text follows.
            self._hub.send(_WANT, [run_id], elsewhere.origin)
        elif fresh := piece[had - start :]:
            elsewhere.sizes[number] = start + len(piece)
            self._local.publish(run_id, _event(at, node, path, {**data, "text": fresh}))


def _end_of(run_id: str) -> str:
    """What is wanted by those who wait for no more than that the run leaves its process."""
    return f"{run_id}/{_LEFT}"


def _of(event: Event) -> list[str]:
    return [event.at.isoformat(), event.node, event.path]


def _event(at: str, node: str, path: str, data: dict[str, Any]) -> Event:
    return Event(0, datetime.fromisoformat(at), "step_streamed", node, path, data)


def _said(text: Text, start: int, piece: str) -> Told:
    data = {key: value for key, value in text.last.data.items() if key != "text"}
    return [_SAY, text.number, start, piece, *_of(text.last), data]
