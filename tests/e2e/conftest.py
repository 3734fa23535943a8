import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from flowstudio.cli.serve import build_frontend
from tests.fakes.openrouter import KEY, FakeOpenRouter

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server")


@dataclass
class Site:
    """A running FlowStudio and the model provider it talks to."""

    url: str
    port: int
    models: FakeOpenRouter


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    await asyncio.to_thread(build_frontend)
    folder: Path = tmp_path_factory.mktemp("studio")
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
                "FLOWSTUDIO_OPENROUTER_BASE_URL": models.url,
                "FLOWSTUDIO_OPENROUTER_API_KEY": KEY,
                # Named, so that the start does not install the built-in one.
                "FLOWSTUDIO_MODEL_PATH": str(folder / "none.gguf"),
            },
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert line == f"FlowStudio is ready at http://127.0.0.1:{port}\n"
        yield Site(f"http://127.0.0.1:{port}", port, models)
        process.terminate()
        async with asyncio.timeout(20):
            assert await process.wait() == 0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A fresh browser profile; at the end, nothing was fetched elsewhere and nothing complained."""
    site.models._script.clear()
    context = await browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda r: None if r.url.startswith((site.url, "data:")) else elsewhere.append(r.url),
    )
    yield page
    await context.close()
    assert complaints == []
    assert elsewhere == []
