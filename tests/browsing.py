"""Browsers of tests: they reach the API of one process and, over real sockets, everything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlmodel import Session, col, select

from flowstudio.api.app import create_api
from flowstudio.clock import Clock
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import Actor
from flowstudio.settings import Settings
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.sessions import SessionRow
from tests.people import person, sign_in

SITE = "http://studio.test"
CALLBACKS = f"{SITE}/api/v1/auth/oauth"


@dataclass
class Studio:
    """A process that serves the API, and whose services a test may look into."""

    runtime: Runtime
    api: Any

    @property
    def parts(self):
        return self.runtime.studio.parts

    def browser(self, **options: Any) -> "Browser":
        """A browser with cookies of its own."""
        return Browser(self, **options)

    async def audit(self) -> list[tuple[str, str]]:
        """Verb and result of every entry of the audit log, in order."""
        return await self.parts.records.read(_entries)

    async def sessions(self) -> list[str]:
        """How the people signed in whose sessions stand in the database."""
        return await self.parts.records.read(_methods)


class Browser(httpx.AsyncClient):
    """Follows redirects wherever they lead, as browsers do; its pages are only addresses."""

    def __init__(self, studio: Studio, **options: Any) -> None:
        self.studio = studio
        site = studio.runtime.settings.base_url
        super().__init__(
            base_url=site,
            mounts={f"all://{urlsplit(site).hostname}": httpx.ASGITransport(studio.api)},
            headers={"Origin": site},
            trust_env=False,
            **options,
        )

    async def travel(self, address: str, *, until: str = "") -> httpx.Response:
        """Go on from redirect to redirect, up to a page of ours or an address that starts so."""
        reply = await self.get(address)
        for _ in range(10):
            if not reply.is_redirect:
                return reply
            target = reply.next_request.url
            is_page = target.host == self.base_url.host and not target.path.startswith("/api/")
            if is_page or (until and str(target).startswith(until)):
                return reply
            reply = await self.send(reply.next_request)
        message = "The browser was sent in circles."
        raise AssertionError(message)

    async def sign_in_with(self, provider: str, **query: str) -> httpx.Response:
        """The whole way there and back."""
        return await self.travel(str(httpx.URL(start(provider), params=query)))

    def enter(self, actor: Actor) -> None:
        """Hold the cookie of a new session of somebody."""
        self.cookies.set("fs_at", sign_in(self.studio.parts, actor).access_token)

    async def me(self) -> int:
        """The status with which the server answers who is behind the cookies."""
        return (await self.get("/api/v1/me/identities")).status_code


def start(provider: str) -> str:
    """Where signing in with a provider begins."""
    return f"/api/v1/auth/oauth/{provider}/start"


def told(reply: httpx.Response) -> str:
    """Where a reply sends the browser, without the name of the site."""
    assert reply.status_code in {302, 303}, reply.text
    return reply.headers["location"].removeprefix(SITE)


def query_of(address: str) -> dict[str, str]:
    """What stands behind the question mark."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}


@asynccontextmanager
async def studio_open(
    folder: Path, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Studio]:
    """A studio that somebody has set up already."""
    chosen = Settings(**{"data_dir": folder, "public_url": SITE, "registration": "open"} | settings)
    async with open_runtime(chosen, clock=clock, registry={}) as runtime:
        person(runtime.studio.parts, "root@example.com", "admin")
        yield Studio(runtime, create_api(lambda: runtime))


def _entries(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(AuditRow).order_by(col(AuditRow.seq)))
    return [(row.verb, row.result) for row in rows]


def _methods(session: Session) -> list[str]:
    return [row.method for row in session.exec(select(SessionRow).order_by(col(SessionRow.id)))]
