"""The custom node: the user's Python, in the real sandbox."""

import pytest

from flowstudio.errors import ExpressionError, StepError
from flowstudio.nodes.builtin.custom import Custom
from tests.fakes.context import FakeContext

CUSTOM = Custom()
NUMBER = {"type": "number", "minimum": 0}


async def run(sandbox, **config):
    context = FakeContext(evaluator=sandbox, names={"search": 1})
    return await CUSTOM.run(CUSTOM.parse(config), context)


async def test_the_last_expression_over_the_inputs_is_the_output(sandbox):
    code = "total = 0\nfor row in rows:\n    total += row['n']\n{'total': total}"
    assert await run(sandbox, code=code, inputs={"rows": [{"n": 1}, {"n": 2}]}) == {"total": 3}


async def test_code_sees_only_its_inputs(sandbox):
    with pytest.raises(ExpressionError, match="search"):
        await run(sandbox, code="search + 1")


async def test_braces_in_code_are_no_template(sandbox):
    assert await run(sandbox, code="f'{{ x }}'") == "{ x }"


async def test_a_result_must_fit_its_schema(sandbox):
    assert await run(sandbox, code="5", schema=NUMBER) == 5
    with pytest.raises(StepError, match="must be at least 0"):
        await run(sandbox, code="0 - 5", schema=NUMBER)


@pytest.mark.parametrize(
    ("config", "place", "said"),
    [
        ({"code": "a = 1\nb = = 2"}, ("code",), "Line 2 is not valid Python"),
        ({"code": "if x:\nfoo"}, ("code",), "Line 2"),
        ({"code": "# only a comment"}, ("code",), "no code"),
        ({"code": ""}, ("code",), "must not be empty"),
        ({"code": "(" * 5_000}, ("code",), ""),
        ({"code": "-" * 90_000 + "1"}, ("code",), ""),
        ({"code": "a\x00"}, ("code",), ""),
        ({"code": "x" * 100_001}, ("code",), "At most 100,000"),
        ({}, ("code",), "missing"),
        ({"code": "1", "inputs": {"two words": 1}}, ("inputs", "two words"), "cannot be a name"),
        ({"code": "1", "inputs": {"class": 1}}, ("inputs", "class"), "cannot be a name"),
        ({"code": "1", "inputs": {"_a": 1}}, ("inputs", "_a"), "cannot be a name"),
        ({"code": "1", "inputs": {"a": "{{"}}, ("inputs", "a"), "never closed"),
        ({"code": "1", "schema": {"type": "x"}}, ("schema", "type"), "Not a valid JSON Schema"),
        ({"code": "1", "schema_": {}}, ("schema_",), "Unknown key"),
    ],
)
def test_a_bad_config_is_one_fault_at_its_place(config, place, said):
    (fault,) = CUSTOM.check(config).faults
    assert fault.path == place
    assert said in fault.message


def test_only_the_inputs_hold_templates():
    checked = CUSTOM.check({"code": "{{ 'a' }}", "inputs": {"a": ["{{ b }}"]}})
    assert [slot.path for slot in checked.slots] == [("inputs", "a", 0)]


def test_its_results_are_worth_keeping_and_its_card_shows_the_first_line():
    config = CUSTOM.parse({"code": "\n  # total\nsum(rows)"})
    assert CUSTOM.is_worth_caching(config)
    assert CUSTOM.purity(config) == "pure"
    assert CUSTOM.summarise(config) == "# total"
