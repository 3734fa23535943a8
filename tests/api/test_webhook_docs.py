"""The examples of docs/webhooks.md and of the page, as they stand there, against a real server."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from flowstudio.api.hooks import Hooks
from flowstudio.ui.webhooks.present import example
from tests.hooking import linked
from tests.people import person
from tests.serving import served

DOCS = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def block(language):
    return re.search(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)[1]


async def said(command, variables):
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, env={"PATH": "/usr/local/bin:/usr/bin:/bin"} | variables
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)


@pytest.fixture
async def address(runtime):
    async with served(Hooks(PlainTextResponse("the site"), lambda: runtime)) as address:
        yield address


@pytest.mark.parametrize(
    "command", [["bash", "-euc", block("sh")], [sys.executable, "-c", block("python")]]
)
async def test_the_examples_of_the_documentation_are_taken(runtime, address, command):
    owner = person(runtime.studio.parts, "owner@example.com")
    view = await linked(runtime, owner, auth="hmac", respond="end")
    url = f"{address}/hooks/{view.record.token}"
    told = await said(command, {"SECRET": view.secret, "URL": url})
    assert told["outputs"] == {"twice": 42}


@pytest.mark.parametrize("auth", ["none", "header", "hmac"])
async def test_the_example_of_the_page_is_taken(runtime, address, auth):
    owner = person(runtime.studio.parts, "owner@example.com")
    view = await linked(runtime, owner, auth=auth, respond="end")
    shown = example(view).replace(runtime.settings.base_url, address)
    told = await said(["bash", "-euc", shown.replace("curl", "curl -sS")], {"SECRET": view.secret})
    assert told["outputs"] == {"twice": 2}
