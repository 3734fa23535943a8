"""The last requests of each link, for the people who set it up; and what is cleared away.

They are gathered in memory and written once a second, so that a request waits for none of this.
"""

import json
import logging
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from flowstudio.errors import FlowStudioError
from flowstudio.graph.ids import new_id
from flowstudio.services.access import Actor
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.webhook_inputs import Received
from flowstudio.services.webhook_links import Link
from flowstudio.services.webhooks import WebhookService
from flowstudio.store import webhook_requests as store
from flowstudio.store.journal import StoredJournal
from flowstudio.store.webhook_keys import forget_keys
from flowstudio.store.webhook_requests import MOST_REQUESTS, RequestRecord

log = logging.getLogger(__name__)

MASK = "•••"
_EVERY_S = 1.0
_PURGE_EVERY = 600
#: How long a deduplication key stands for its run.
KEYS_KEPT = timedelta(days=3)
_MOST_BODY = 4_000
_MOST_VALUE = 1_000
_MOST_PAIRS = 60
_SECRET = re.compile(r"auth|cookie|token|secret|signature|password|api-?_?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Noted:
    """A reply to a request: its status, why it was refused, and the run it names."""

    status: int
    detail: str = ""
    run_id: str = ""


class WebhookRequests:
    """What came in lately at the links of this process."""

    def __init__(self, parts: StudioParts, journal: StoredJournal, hooks: WebhookService) -> None:
        self._parts = parts
        self._journal = journal
        self._hooks = hooks
        self._fresh: dict[tuple[str, bool], deque[tuple[Link, RequestRecord, Received]]] = {}

    def note(self, link: Link, received: Received, noted: Noted, *, is_test: bool) -> None:
        """Remember a request; of many in one second, the last ones."""
        key = (link.record.id, is_test)
        body = received.body[:_MOST_BODY]
        record = RequestRecord(
            id="",
            webhook_id=link.record.id,
            is_test=is_test,
            at=self._parts.clock.now(),
            method=received.method,
            headers="",
            query="",
            body="",
            size=len(received.body),
            status=noted.status,
            detail=noted.detail[:_MOST_VALUE].replace("\x00", "\ufffd"),
            run_id=noted.run_id,
        )
        kept = Received(received.method, received.headers, received.query, body)
        if key not in self._fresh:
            self._fresh[key] = deque(maxlen=MOST_REQUESTS)
        self._fresh[key].append((link, record, kept))

    async def list_requests(self, actor: Actor, webhook_id: str) -> list[RequestRecord]:
        """A link's last requests, the newest first.

        Raises:
            NotFoundError: there is no such link, or none that the actor may see.
        """
        await self.flush()

        def look(session: Session) -> list[RequestRecord]:
            self._hooks.allowed_in(session, actor, "webhook.read", webhook_id)
            return store.list_requests(session, webhook_id)

        return await self._parts.records.read(look)

    async def flush(self) -> None:
        """Write what was gathered."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, {}

        def work(session: Session) -> None:
            for (webhook_id, _), kept in fresh.items():
                records = [_shown(link, record, received) for link, record, received in kept]
                store.put_requests(session, webhook_id, records)

        await self._parts.records.write(work)

    async def serve(self) -> None:
        """Until cancelled: write what was gathered, and let go of old keys."""
        rounds = 0
        while True:
            try:
                await self.flush()
                if rounds % _PURGE_EVERY == 0:
                    await forget_keys(self._journal, self._parts.clock.now() - KEYS_KEPT)
            except FlowStudioError as error:
                log.warning("Requests of webhooks could not be kept: %s", error)
            rounds += 1
            await self._parts.clock.sleep(_EVERY_S)


def _shown(link: Link, record: RequestRecord, received: Received) -> RequestRecord:
    secret = link.record.auth_header.lower()
    headers = [
        (name, MASK if name == secret and link.secret else _masked(name, value))
        for name, value in received.headers[:_MOST_PAIRS]
    ]
    query = [(name, _masked(name, value)) for name, value in received.query[:_MOST_PAIRS]]
    text = received.body.decode("utf-8", "replace").replace("\x00", "\ufffd")
    if link.secret:
        text = text.replace(link.secret, MASK)
    return RequestRecord(
        **{name: getattr(record, name) for name in _KEPT},
        id=new_id(),
        headers=_json(headers),
        query=_json(query),
        body=text,
    )


_KEPT = tuple(
    name for name in RequestRecord.__slots__ if name not in ("id", "headers", "query", "body")
)


def _masked(name: str, value: str) -> str:
    return MASK if _SECRET.search(name) else value[:_MOST_VALUE]


def _json(pairs: Iterable[tuple[str, str]]) -> str:
    return json.dumps([list(pair) for pair in pairs])
