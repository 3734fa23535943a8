"""Tries of secrets: counted over all processes when they share a database server."""

import asyncio
from contextlib import asynccontextmanager

from sqlmodel import func, select

from flowstudio.errors import NotFoundError, NotSignedInError, ThrottledError
from flowstudio.runtime import open_runtime
from flowstudio.services.access import NOBODY
from flowstudio.services.origin import Origin
from flowstudio.services.webhook_inputs import Received
from flowstudio.settings import Settings
from flowstudio.store import leftovers
from flowstudio.store.leftovers import Cutoffs
from flowstudio.store.tables.tries import TryCountRow
from tests.fakes.clock import TurnedClock
from tests.hooking import linked
from tests.people import HERE, person
from tests.running import opened

WRONG = "a wrong password"


@asynccontextmanager
async def two(folder, url, bench, clock):
    """Two processes over one database server."""
    settings = Settings(data_dir=folder, database_url=url)
    async with (
        open_runtime(settings, clock=clock, registry=bench.registry()) as one,
        open_runtime(settings, clock=clock, registry=bench.registry()) as other,
    ):
        yield one, other


async def tried(runtime, action):
    """What one try comes to."""
    try:
        await action(runtime)
    except (ThrottledError, NotSignedInError, NotFoundError) as error:
        return type(error)
    return None


def rows(runtime):
    count = select(func.count()).select_from(TryCountRow)
    return runtime.studio.parts.records.read_now(lambda session: session.exec(count).one())


async def test_a30c_several_processes_together_take_five_tries_of_an_account(
    postgres_url, tmp_path, bench
):
    clock = TurnedClock()

    async def sign_in(runtime):
        await runtime.studio.sessions.log_in(NOBODY, "ann@example.com", WRONG, HERE)

    async with two(tmp_path, postgres_url, bench, clock) as both:
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(tried(both[n % 2], sign_in)) for n in range(10)]
        found = [task.result() for task in tries]
        assert found.count(NotSignedInError) == 5
        assert found.count(ThrottledError) == 5
        clock.turn(61)
        assert await tried(both[0], sign_in) is NotSignedInError
        cutoffs = Cutoffs(clock.now(), clock.now(), clock.now(), None)
        write = both[0].studio.parts.records.write_now
        assert rows(both[0]) == 2
        later = Cutoffs(*[clock.now() + leftovers.WINDOW * 2] * 3, None)
        assert "counted tries" not in write(lambda session: leftovers.remove_some(session, cutoffs))
        assert write(lambda session: leftovers.remove_some(session, later))["counted tries"] == 2


async def test_a41c_wrong_secrets_of_one_address_count_over_all_processes_and_right_ones_do_not(
    postgres_url, tmp_path, bench
):
    clock = TurnedClock()
    async with two(tmp_path, postgres_url, bench, clock) as both:
        owner = person(both[0].studio.parts, "owner@example.com")
        made = await linked(both[0], owner, auth="header")
        token = made.url.rpartition("/")[2]

        async def call(runtime, secret=WRONG):
            calls = runtime.studio.webhook_calls
            link = await calls.find(NOBODY, token)
            headers = [("x-webhook-secret", secret)]
            await calls.admit(link, Received("POST", headers, [], b"{}", "203.0.113.9"))

        async def well(runtime):
            await call(runtime, made.secret)

        assert [await tried(each, well) for each in both] == [None, None]
        assert rows(both[0]) == 0
        found = [await tried(both[n % 2], call) for n in range(80)]
        assert found == [NotSignedInError] * 60 + [ThrottledError] * 20
        assert await tried(both[1], well) is None


async def test_a63e_forged_links_count_over_all_processes(postgres_url, tmp_path, bench):
    clock = TurnedClock()

    async def look(runtime):
        await runtime.studio.answer_links.look(NOBODY, "made-up", Origin(address="203.0.113.9"))

    async with two(tmp_path, postgres_url, bench, clock) as both:
        found = [await tried(both[n % 2], look) for n in range(140)]
        assert (found.count(NotFoundError), found.count(ThrottledError)) == (120, 20)


async def test_with_a_file_each_process_counts_by_itself_and_writes_nothing(tmp_path, bench):
    async with opened(tmp_path, bench) as runtime:
        await tried(runtime, lambda one: one.studio.answer_links.look(NOBODY, "made-up", HERE))
        assert rows(runtime) == 0
