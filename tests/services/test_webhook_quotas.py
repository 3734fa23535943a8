"""Quotas of links: over all processes, over restarts, and for days and minutes apart."""

from dataclasses import replace

import pytest

from flowstudio.errors import NotFoundError, ThrottledError
from flowstudio.runtime import open_runtime
from flowstudio.services.webhook_quotas import WebhookQuotas
from flowstudio.settings import Settings
from tests.hooking import linked
from tests.parts import KEY
from tests.people import person


@pytest.fixture
async def link(runtime):
    owner = person(runtime.studio.parts, "owner@example.com")
    return (await linked(runtime, owner)).record


@pytest.fixture
def new_quotas(runtime, clock):
    """Makes the counter of one more process."""
    return lambda: WebhookQuotas(replace(runtime.studio.parts, clock=clock))


async def taken(quotas: list[WebhookQuotas], link, tries: int, *, is_test: bool = False) -> int:
    """How many of so many requests were taken, dealt out among the processes."""
    count = 0
    for turn in range(tries):
        try:
            await quotas[turn % len(quotas)].take(link, is_test=is_test)
        except ThrottledError:
            continue
        count += 1
    return count


async def test_a41b_two_web_processes_of_one_postgresql_share_a_quota(
    postgres_url, tmp_path_factory, bench
):
    folders = [tmp_path_factory.mktemp(name) for name in ("a", "b")]
    settings = [
        Settings(data_dir=folder, database_url=postgres_url, secret_key=KEY) for folder in folders
    ]
    async with (
        open_runtime(settings[0], registry=bench.registry()) as here,
        open_runtime(settings[1], registry=bench.registry()) as there,
    ):
        owner = person(here.studio.parts, "owner@example.com")
        link = replace((await linked(here, owner)).record, per_minute=110, per_day=100)
        processes = [WebhookQuotas(runtime.studio.parts) for runtime in (here, there)]
        assert await taken(processes, link, 220) == 100


@pytest.mark.parametrize("limit", [1, 7, 120])
async def test_a41b_two_processes_together_take_what_one_would(new_quotas, link, limit):
    link = replace(link, per_minute=limit)
    assert await taken([new_quotas(), new_quotas()], link, limit * 2 + 4) == limit


async def test_a_new_window_begins_when_the_one_before_is_over(new_quotas, link, clock):
    link, quotas = replace(link, per_minute=2), [new_quotas(), new_quotas()]
    assert await taken(quotas, link, 5) == 2
    clock.turn(59)
    with pytest.raises(ThrottledError) as refused:
        await quotas[0].take(link, is_test=False)
    assert refused.value.retry_after_s == 1
    clock.turn(1)
    assert await taken(quotas, link, 5) == 2


async def test_a_days_quota_outlives_the_process(new_quotas, link):
    link = replace(link, per_minute=1_000, per_day=3)
    assert await taken([new_quotas()], link, 2) == 2
    assert await taken([new_quotas()], link, 5) == 1


async def test_what_the_minute_refuses_does_not_use_up_the_day(new_quotas, link, clock):
    link, quotas = replace(link, per_minute=1, per_day=2), [new_quotas()]
    assert await taken(quotas, link, 10) == 1
    clock.turn(60)
    assert await taken(quotas, link, 10) == 1


async def test_test_addresses_count_by_themselves(new_quotas, link):
    link, quotas = replace(link, per_minute=1), [new_quotas()]
    assert await taken(quotas, link, 2) == 1
    assert await taken(quotas, link, 2, is_test=True) == 1


async def test_another_limit_holds_at_once(new_quotas, link):
    quotas = [new_quotas()]
    assert await taken(quotas, replace(link, per_minute=1), 3) == 1
    assert await taken(quotas, replace(link, per_minute=3), 5) == 2


async def test_a_clock_that_was_set_back_does_not_close_a_link(new_quotas, link, clock):
    link = replace(link, per_minute=1)
    assert await taken([new_quotas()], link, 2) == 1
    clock.turn(-3_600)
    assert await taken([new_quotas()], link, 2) == 1


async def test_what_is_refused_does_not_ask_the_database(runtime, new_quotas, link):
    link, quotas = replace(link, per_minute=1), [new_quotas()]
    await taken(quotas, link, 2)
    before = runtime.studio.parts.records.revision
    assert await taken(quotas, link, 50) == 0
    assert runtime.studio.parts.records.revision == before


async def test_a_link_that_is_gone_takes_nothing(new_quotas, link):
    with pytest.raises(NotFoundError):
        await new_quotas().take(replace(link, id="gone"), is_test=False)
