"""The whole document, fuzzed: nothing the server did not foresee, and nothing it did not announce.

Besides the cases that follow from the document (borders, wrong types, what is missing), so many are
drawn at random. `make fuzz` draws many more.
"""

import asyncio
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flowstudio.api.app import create_api
from flowstudio.api.openapi import build_document
from flowstudio.settings import Settings
from tests.api.world import BASE, MAKERS, Beginning, World, is_stream, open_world

pytestmark = pytest.mark.fuzz
DOCUMENT = build_document(create_api(lambda: None))  # type: ignore[arg-type, return-value] - only its routes are read
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))  # noqa: TID251 - a wish of whoever runs it
_MOST_S = 20
_WHO = {"authorization", "cookie"}


class Target:
    """The API in a thread of its own, asked as the owner of a project that has one of everything."""

    def __init__(self, portal: BlockingPortal, world: World) -> None:
        self._portal = portal
        self._world = world

    def send(self, case: Case) -> httpx.Response:
        """Send a case: mostly by somebody who is signed in, every other one about what exists."""
        return self._portal.call(self._send, case)

    async def _send(self, case: Case) -> httpx.Response:
        sent = (case.path_parameters, case.query, case.body, case.headers, case.cookies)
        seed = zlib.crc32(repr(sent).encode())
        if seed % 2:
            await self._point_at_something(case)
        prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
        headers = dict(prepared.headers)
        if seed % 8 > 1:
            headers = {name: value for name, value in headers.items() if name.lower() not in _WHO}
            headers["authorization"] = f"Bearer {self._world.tokens['owner']}"
        body = prepared.body
        request = httpx.Request(
            prepared.method or "GET",
            prepared.url or BASE,
            headers={name: _bytes(value) for name, value in headers.items()},
            content=body.encode() if isinstance(body, str) else body,
        )
        async with asyncio.timeout(_MOST_S):
            reply = await self._world.client.send(request)
        if reply.status_code == 401:
            self._world.renew("owner")
        return reply

    async def _point_at_something(self, case: Case) -> None:
        for name in case.path_parameters or ():
            if name in MAKERS:
                if name not in self._world.ids:
                    await self._world.make(name)
                    if is_stream(case.operation.definition.raw):
                        await self._world.end_run()
                case.path_parameters[name] = self._world.ids[name]
        if isinstance(case.body, dict) and "project_id" in case.body:
            case.body["project_id"] = self._world.project_id


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")


@asynccontextmanager
async def _opened(beginning: Beginning, folder: Path) -> AsyncIterator[World]:
    chosen = Settings(data_dir=folder, requests_per_minute=10_000_000, registration="open")
    async with open_world(beginning, chosen, DOCUMENT) as world, asyncio.TaskGroup() as group:
        serving = group.create_task(world.runtime.dispatcher.serve())
        world.change_user("owner", role="admin")
        yield world
        serving.cancel()


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def target(portal: BlockingPortal, beginning: Beginning, tmp_path: Path) -> Iterator[Target]:
    with portal.wrap_async_context_manager(_opened(beginning, tmp_path)) as world:
        yield Target(portal, world)


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_an_operation_keeps_to_its_document(case: Case, target: Target) -> None:
    reply = target.send(case)
    case.validate_response(reply, checks=CHECKS)
