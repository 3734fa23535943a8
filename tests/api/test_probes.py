"""What machines ask: whether the server lives, whether it is ready, what it has counted."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp

from flowstudio.api.app import create_api
from flowstudio.api.mount import ApiFirst
from flowstudio.probes import Probes
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services import readiness
from flowstudio.services.access import OPERATOR
from flowstudio.services.readiness import ReadinessService
from flowstudio.settings import Settings
from flowstudio.store.runs import JOBS
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.people import person, sign_in
from tests.running import succeed
from tests.serving import served

BASE = "http://127.0.0.1:3000"
THREE = workflow(node("start"), node("count", "a"), node("count", "b"), edges="start>a>b")
TOKEN = "a token for prometheus"  # noqa: S105 - opens nothing


async def nowhere(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - the shape of ASGI
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def site(runtime: Runtime) -> ASGIApp:
    return Probes(ApiFirst(create_api(lambda: runtime), nowhere), lambda: runtime)


@asynccontextmanager
async def asking(
    folder: Path, bench: Bench, peer: str = "127.0.0.1", base: str = BASE, **settings: Any
) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    chosen = Settings(data_dir=folder, requests_per_minute=1, **settings)
    async with open_runtime(chosen, registry=bench.registry()) as runtime:
        transport = httpx.ASGITransport(site(runtime), client=(peer, 5))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            yield runtime, client


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels in the order of their names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_server_lives_even_while_its_services_are_not_open() -> None:
    def not_open() -> Runtime:
        return list[Runtime]()[0]

    transport = httpx.ASGITransport(Probes(nowhere, not_open))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert (await client.get("/metrics")).status_code == 503
        assert (await client.get("/else")).status_code == 404


@pytest.mark.usefixtures("either_database")
async def test_a_healthy_server_is_ready_however_often_it_is_asked(
    tmp_path: Path, bench: Bench
) -> None:
    async with asking(tmp_path, bench) as (_, client):
        for _ in range(5):
            reply = await client.get("/readyz")
            assert (reply.status_code, reply.json()) == (200, {"status": "ready"})
        assert (await client.post("/readyz")).status_code == 405


async def test_it_says_what_is_in_the_way_and_gives_no_path_or_secret(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asking(tmp_path, bench) as (runtime, client):
        assert runtime.studio is not None
        with sqlite3.connect(tmp_path / "flowstudio.db") as database:
            database.execute("UPDATE alembic_version SET version_num='0001'")
            database.execute("UPDATE instance SET value='k0 AAAA' WHERE name='secret_check'")
        monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 10**18)
        await runtime.parts.journal._writer.close()
        reply = await client.get("/readyz")
        told = " ".join(reply.json()["problems"])
        assert reply.status_code == 503
        for wrong in ("schema 0001", "secret key", "writer has ended", "disk is full"):
            assert wrong in told
        assert str(tmp_path) not in reply.text


async def test_a_database_that_is_gone_is_told_rather_than_raised(
    tmp_path: Path, bench: Bench
) -> None:
    async with asking(tmp_path, bench) as (runtime, client):
        assert runtime.studio is not None
        with sqlite3.connect(tmp_path / "flowstudio.db") as database:
            database.execute("ALTER TABLE alembic_version RENAME TO gone")
        reply = await client.get("/readyz")
        assert "database cannot be read" in reply.json()["problems"][0]


async def test_what_was_found_is_told_again_for_a_moment(
    timed: Runtime, clock: TurnedClock
) -> None:
    service = ReadinessService(timed.studio.parts, timed.parts.journal)
    assert await service.look(OPERATOR) == ()
    await timed.parts.journal._writer.close()
    assert await service.look(OPERATOR) == ()
    clock.turn(2)
    assert len(await service.look(OPERATOR)) == 1


@pytest.mark.usefixtures("either_database")
async def test_figures_tell_of_runs_steps_requests_and_load(tmp_path: Path, bench: Bench) -> None:
    async with asking(tmp_path, bench) as (runtime, client):
        await succeed(runtime, THREE)
        await client.get("/api/v1/instance")
        await client.get("/any/page/at/all")
        reply = await client.get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain")
        found = figures(reply.text)
    assert found["flowstudio_run_duration_seconds_count", "succeeded", "manual"] == 1
    assert found["flowstudio_step_duration_seconds_count", "count", "succeeded"] == 2
    assert found["flowstudio_runs_unfinished", "running"] == 0
    assert found["flowstudio_websockets",] == 0
    assert found["process_resident_memory_bytes",] > 1e6
    key = "flowstudio_http_request_duration_seconds_count"
    assert found[key, "GET", "/api/v1/instance", "200"] == 1
    assert found[key, "GET", "(page)", "404"] == 1
    assert not any("any/page" in label for sample in found for label in sample)


async def test_openmetrics_is_given_to_who_asks_for_it(tmp_path: Path, bench: Bench) -> None:
    async with asking(tmp_path, bench) as (_, client):
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        reply = await client.get("/metrics", headers=accept)
        assert reply.headers["content-type"].startswith("application/openmetrics-text")
        assert reply.text.rstrip().endswith("# EOF")
        assert reply.text.count("# EOF") == 1


async def test_runs_that_wait_in_a_queue_are_counted_with_their_age(
    tmp_path: Path, bench: Bench
) -> None:
    async with asking(tmp_path, bench) as (runtime, client):
        told = await succeed(runtime, THREE)
        with sqlite3.connect(tmp_path / "flowstudio.db") as database:
            database.execute(
                "UPDATE run SET status='queued', owner='', queue='batch',"
                " created_at='2020-01-01 00:00:00.000000' WHERE id=?",
                (told.id,),
            )
        found = figures((await client.get("/metrics")).text)
        assert found["flowstudio_queue_runs", "batch"] == 1
        assert found["flowstudio_queue_oldest_seconds", "batch"] > 1e8


@pytest.mark.usefixtures("either_database")
async def test_figures_tell_what_is_held_what_needs_somebody_and_what_workers_were_told_of(
    tmp_path: Path, bench: Bench
) -> None:
    async with asking(tmp_path, bench) as (runtime, client):
        ids = [(await succeed(runtime, THREE)).id for _ in range(3)]
        journal = runtime.parts.journal
        await journal.transact(
            lambda connection: (
                connection.execute(
                    "UPDATE run SET status='queued', owner=?, queue='batch' WHERE id=?",
                    (JOBS, ids[0]),
                ),
                connection.execute("UPDATE run SET status='failed' WHERE id=?", (ids[1],)),
                connection.execute(
                    "UPDATE run SET status='failed', is_dismissed=? WHERE id=?", (True, ids[2])
                ),
            )
        )
        await runtime.studio.queue.tell(OPERATOR, "batch", is_paused=True)
        await runtime.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
        found = figures((await client.get("/metrics")).text)
    assert found["flowstudio_queue_runs", "batch"] == 1
    assert found["flowstudio_queue_oldest_seconds", "batch"] > 0
    assert found["flowstudio_queue_runs", "triggered"] == 0
    assert found["flowstudio_dead_runs",] == 1
    held = {key[1:] for key, value in found.items() if key[0] == "flowstudio_queue_held" and value}
    assert held == {("batch", "paused"), ("triggered", "draining")}


@pytest.mark.parametrize(
    ("peer", "base", "headers", "settings"),
    [
        ("10.1.2.3", BASE, {}, {}),
        ("127.0.0.1", "http://evil.example:3000", {}, {}),
        ("127.0.0.1", BASE, {"x-forwarded-for": "203.0.113.7"}, {}),
        ("127.0.0.1", BASE, {"forwarded": "for=203.0.113.7"}, {}),
        ("127.0.0.1", BASE, {}, {"public_url": "https://flows.example.com"}),
        ("127.0.0.1", BASE, {}, {"trusted_proxies": ("127.0.0.1",)}),
        ("127.0.0.1", BASE, {}, {"metrics_token": "short"}),
    ],
)
async def test_without_a_token_only_this_machine_reads_figures(
    tmp_path: Path,
    bench: Bench,
    peer: str,
    base: str,
    headers: dict[str, str],
    settings: dict[str, Any],
) -> None:
    async with asking(tmp_path, bench, peer, base, **settings) as (_, client):
        reply = await client.get("/metrics", headers=headers)
        assert reply.status_code == 403
        assert "FLOWSTUDIO_METRICS_TOKEN" in reply.text


async def test_with_a_token_who_has_it_reads_figures_from_anywhere(
    tmp_path: Path, bench: Bench
) -> None:
    async with asking(tmp_path, bench, "10.1.2.3", metrics_token=TOKEN) as (_, client):
        for sent in ("", "Bearer wrong", f"Basic {TOKEN}", "Bearer "):
            reply = await client.get("/metrics", headers={"authorization": sent})
            assert reply.status_code == 401, sent
        good = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert good.status_code == 200


async def test_a_session_or_key_is_no_token_of_metrics(tmp_path: Path, bench: Bench) -> None:
    async with asking(tmp_path, bench, "10.1.2.3", metrics_token=TOKEN) as (runtime, client):
        parts = runtime.studio.parts
        tokens = sign_in(parts, person(parts, "a@example.com", "admin"))
        sent = {"authorization": f"Bearer {tokens.access_token}"}
        assert (await client.get("/metrics", headers=sent)).status_code == 401


async def test_over_a_real_socket_all_three_answer(tmp_path: Path, bench: Bench) -> None:
    settings = Settings(data_dir=tmp_path)
    async with (
        open_runtime(settings, registry=bench.registry()) as runtime,
        served(site(runtime)) as address,
        httpx.AsyncClient() as client,
    ):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(f"{address}{path}")).status_code == 200, path
