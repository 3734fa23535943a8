from datetime import timedelta
from decimal import Decimal

import pytest

from flowstudio.llm.catalogue import read_models
from tests.fakes.context import NOON
from tests.fakes.openrouter import fail

MODEL = {
    "id": "acme/clever",
    "name": "Clever",
    "context_length": 128_000,
    "architecture": {"input_modalities": ["text", "image"]},
    "pricing": {"prompt": "0.00000015", "completion": "0.0000006"},
    "top_provider": {"max_completion_tokens": 16_384},
    "supported_parameters": ["structured_outputs", "tools"],
}


async def test_models_carry_prices_per_million(server, gateway):
    server.models = [MODEL]
    catalogue = await gateway.models()
    local, clever = catalogue.models
    assert local.local
    assert clever.prompt_usd_per_million == Decimal("0.15")
    assert clever.completion_usd_per_million == Decimal("0.6")
    assert clever.price(1_000_000, 1_000_000) == Decimal("0.75")
    assert clever.modalities == ("text", "image")
    assert clever.max_output_tokens == 16_384
    assert catalogue.age_s == 0


async def test_a_routing_suffix_is_no_other_model(server, gateway):
    server.models = [MODEL, {"id": "acme/clever:free", "pricing": {}}]
    catalogue = await gateway.models()
    assert catalogue.find("acme/clever:nitro").id == "acme/clever"
    assert catalogue.find("acme/clever:free").id == "acme/clever:free"
    assert catalogue.find("acme/clever:other") is None


async def test_the_list_is_asked_for_once_a_day(server, gateway, clock):
    server.models = [MODEL]
    await gateway.models()
    await gateway.models()
    assert len(server.requests) == 1
    clock.at = NOON + timedelta(hours=25)
    await gateway.models()
    assert len(server.requests) == 2


async def test_the_list_outlives_the_process(server, gateway, make_gateway):
    server.models = [MODEL]
    await gateway.models()
    again = make_gateway()
    assert (await again.models()).find("acme/clever") is not None
    assert len(server.requests) == 1


async def test_an_old_list_serves_when_the_provider_is_out_of_reach(
    server, gateway, make_gateway, clock
):
    server.models = [MODEL]
    await gateway.models()
    clock.at = NOON + timedelta(days=9)
    server.handler = lambda _: fail(503)
    catalogue = await make_gateway().models()
    assert catalogue.find("acme/clever") is not None
    assert catalogue.age_s == timedelta(days=9).total_seconds()


async def test_a_provider_out_of_reach_is_not_asked_at_every_call(make_gateway, caplog):
    gateway = make_gateway(openrouter_base_url="http://127.0.0.1:1")
    for _ in range(3):
        assert len((await gateway.models()).models) == 1
    assert len([r for r in caplog.records if "could not be brought up to date" in r.message]) == 1


async def test_a_list_of_another_provider_is_not_used(server, gateway, make_gateway):
    server.models = [MODEL]
    await gateway.models()
    other = make_gateway(openrouter_base_url="http://127.0.0.1:1")
    assert (await other.models()).find("acme/clever") is None


@pytest.mark.parametrize("stored", [b"", b"{", b"[]", b'{"source": 3}', b"\xff"])
async def test_a_damaged_file_is_passed_over(server, gateway, tmp_path, stored):
    (tmp_path / "catalogue.json").write_bytes(stored)
    server.models = [MODEL]
    assert (await gateway.models()).find("acme/clever") is not None


async def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(server, make_gateway, tmp_path):
    (tmp_path / "file").write_text("in the way")
    server.models = [MODEL]
    gateway = make_gateway(data_dir=tmp_path / "file")
    assert (await gateway.models()).find("acme/clever") is not None


@pytest.mark.parametrize("reply", [None, [], {}, {"data": 3}, {"data": [None, 3, {}, {"id": 4}]}])
def test_a_reply_without_models_is_an_empty_list(reply):
    assert list(read_models(reply)) == []


@pytest.mark.parametrize(
    "pricing", [None, {}, {"prompt": "-1"}, {"prompt": "free"}, {"prompt": "NaN"}]
)
def test_a_price_that_is_none_is_unknown(pricing):
    (model,) = read_models({"data": [{"id": "a", "pricing": pricing}]})
    assert model.prompt_usd_per_million is None
    assert model.price(1, 1) is None
