"""Those who send webhooks, each key five times, and ask again when they are refused."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import count

import httpx

_AGAIN_S = 0.2
_CALLERS = 8


class Callers:
    """Threads that send what they are given; `given` says which runs each key was answered with."""

    def __init__(self, addresses: Callable[[], list[str]], paths: dict[str, str]) -> None:
        """Begin.

        Args:
            addresses: where the server listens at the moment, in one or more processes.
            paths: of the links, by kind; a key is `<kind>-<number>`.
        """
        self._addresses = addresses
        self._paths = paths
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._turn = count()
        self.given: dict[str, set[str]] = defaultdict(set)
        self.firsts: dict[str, int] = defaultdict(int)
        self.refused = 0
        self.problems: list[str] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(_CALLERS)]
        for thread in self._threads:
            thread.start()

    def send(self, keys: list[str]) -> None:
        """Have these sent, beside everything else."""
        for key in keys:
            self._queue.put(key)

    def finish(self, most_s: float, meanwhile: Callable[[], None]) -> None:
        """Wait until everything is answered, and do something again and again meanwhile."""
        until = time.monotonic() + most_s
        self.send([None] * len(self._threads))  # type: ignore[list-item]
        while any(thread.is_alive() for thread in self._threads):
            if time.monotonic() > until:
                self.problems.append("some requests were never answered")
                return
            meanwhile()
            time.sleep(_AGAIN_S)

    def _serve(self) -> None:
        with httpx.Client(timeout=10) as client:
            while (key := self._queue.get()) is not None:
                self._send(client, key)

    def _send(self, client: httpx.Client, key: str) -> None:
        while not (reply := self._asked(client, key)).is_success:
            self.refused += 1
            if reply.is_client_error and reply.status_code not in (409, 429):
                self.problems.append(f"{key} was answered {reply.status_code}: {reply.text[:200]}")
                return
            time.sleep(_AGAIN_S)
        self.given[key].add(reply.json()["run_id"])
        self.firsts[key] += reply.status_code == httpx.codes.ACCEPTED

    def _asked(self, client: httpx.Client, key: str) -> httpx.Response:
        path = self._paths[key.partition("-")[0]]
        if not (found := self._addresses()):
            return httpx.Response(503)
        try:
            return client.post(
                found[next(self._turn) % len(found)] + path,
                json={"key": key},
                headers={"idempotency-key": key},
            )
        except httpx.TransportError:
            return httpx.Response(503)
