"""Studios registered with providers, and what tests of signing in by them share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeTimedSerializer

from flowstudio.api.flow_cookie import FlowCookie
from flowstudio.store import identities
from flowstudio.store.identities import IdentityRecord
from tests.browsing import CALLBACKS, Browser, Studio, start, studio_open, told
from tests.fakes.github import GitHubProvider
from tests.fakes.openid import OpenIdProvider

GITHUB = f"{CALLBACKS}/github/callback"
GOOGLE = f"{CALLBACKS}/google/callback"


@asynccontextmanager
async def with_github(folder: Path, **options: Any) -> AsyncIterator[tuple[Studio, GitHubProvider]]:
    """A studio, and the GitHub it is registered with."""
    async with (
        GitHubProvider(GITHUB) as github,
        studio_open(folder, **(github.settings() | options)) as studio,
    ):
        yield studio, github


@asynccontextmanager
async def with_google(folder: Path, **options: Any) -> AsyncIterator[tuple[Studio, OpenIdProvider]]:
    """A studio, and the OpenID provider it takes for Google."""
    async with (
        OpenIdProvider(GOOGLE) as google,
        studio_open(folder, **(google.settings() | options)) as studio,
    ):
        yield studio, google


async def returning(browser: Browser, provider: str = "github") -> str:
    """Go there and stop at the door on the way back; gives the address of the callback."""
    return told(await browser.travel(start(provider), until=f"{CALLBACKS}/{provider}/callback"))


async def nobody_got_in(studio: Studio, *browsers: Browser) -> None:
    """No session was opened for anybody, and these browsers hold none."""
    assert await studio.sessions() == []
    for browser in browsers:
        assert "fs_at" not in browser.cookies
        assert await browser.me() == 401


def signer(studio: Studio) -> URLSafeTimedSerializer:
    """What signs the cookie of a flow; only the server itself has it."""
    return FlowCookie(studio.runtime.settings, studio.parts.ring)._serializer


def change_flow(studio: Studio, browser: Browser, **values: str) -> None:
    """Sign other content into the browser's flow."""
    flow = signer(studio).loads(browser.cookies["fs_flow"])
    for kept in flow.values():
        kept.get("data", kept).update(values)
    browser.cookies.clear()
    browser.cookies.set("fs_flow", signer(studio).dumps(flow))


async def linked(studio: Studio, user_id: str) -> list[IdentityRecord]:
    """A person's identities."""
    return await studio.parts.records.read(lambda session: identities.of_user(session, user_id))
