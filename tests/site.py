"""The whole server in a process of its own, and its database seen from the test's."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flowstudio.cli.serve import build_frontend
from flowstudio.security.tokens import LIFETIME_S
from flowstudio.services.access import Actor
from flowstudio.services.sessions import SignIn
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import users
from tests.fakes.openrouter import KEY as MODEL_KEY
from tests.fakes.openrouter import FakeOpenRouter
from tests.parts import KEY, studio_parts
from tests.people import actor_of, person, sign_in

ADMIN = "root@example.com"


@dataclass
class Site:
    """A running FlowStudio, the model provider it talks to, and its database."""

    url: str
    port: int
    models: FakeOpenRouter
    parts: StudioParts
    folder: Path
    process_id: int

    def person(self, email: str, role: str = "user") -> Actor:
        """Somebody of that address; made at the first call."""
        found = self.parts.records.read_now(partial(users.find_user_by_email, email=email))
        if found is None:
            return person(self.parts, email, role)
        return actor_of(self.parts, found.id)

    def sign_in(self, email: str = ADMIN, role: str = "admin") -> SignIn:
        """A new session of somebody, as if they had given their password."""
        return sign_in(self.parts, self.person(email, role))

    def cookies(self, tokens: SignIn) -> list[dict[str, Any]]:
        """What a browser of theirs holds, but for the refresh cookie: a test may need minutes."""
        until = int(self.parts.clock.now().timestamp()) + LIFETIME_S
        site = {"domain": "127.0.0.1", "path": "/", "sameSite": "Lax"}
        return [
            {"name": "fs_at", "value": tokens.access_token, "httpOnly": True, **site},
            {"name": "fs_until", "value": str(until), **site},
        ]


@asynccontextmanager
async def running_site(folder: Path, **settings: str) -> AsyncIterator[Site]:
    """Build the page if needed, start the server on a free port, and stop it at the end."""
    await asyncio.to_thread(build_frontend)
    port = free_port()
    async with FakeOpenRouter() as models:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "flowstudio.cli",
            "start",
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,  # noqa: TID251 - the server needs the machine's own PATH
                "FLOWSTUDIO_PORT": str(port),
                "FLOWSTUDIO_DATA_DIR": str(folder),
                "FLOWSTUDIO_SECRET_KEY": KEY,
                "FLOWSTUDIO_REQUESTS_PER_MINUTE": "100000",
                "FLOWSTUDIO_OPENROUTER_BASE_URL": models.url,
                "FLOWSTUDIO_OPENROUTER_API_KEY": MODEL_KEY,
                # Named, so that the start does not install the built-in one.
                "FLOWSTUDIO_MODEL_PATH": str(folder / "none.gguf"),
                **{f"FLOWSTUDIO_{name.upper()}": value for name, value in settings.items()},
            },
        )
        assert process.stdout is not None
        async with asyncio.timeout(180):
            line = (await process.stdout.readline()).decode()
        assert line == f"FlowStudio is ready at http://127.0.0.1:{port}\n"
        with studio_parts(folder) as parts:
            yield Site(f"http://127.0.0.1:{port}", port, models, parts, folder, process.pid)
        process.terminate()
        async with asyncio.timeout(20):
            assert await process.wait() == 0


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
