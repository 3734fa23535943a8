"""The task node, mode by mode, with the real sandbox."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from flowstudio.engine.contract import Wait
from flowstudio.errors import InvalidInputError, StepError
from flowstudio.nodes.builtin.task import Task
from tests.fakes.context import NOON, FakeContext

TASK = Task()
ROWS = [{"n": 3, "k": "b"}, {"n": 1, "k": "a"}, {"n": 2, "k": "b"}]
LEFT = [{"id": 1, "a": "x"}, {"id": 2, "a": "y"}, {"id": 3, "a": "z"}]
RIGHT = [{"key": 2, "a": "R", "b": 1}, {"key": 1, "b": 2}, {"key": 2, "b": 3}]
KEYS = {"left_key": "item.id", "right_key": "item.key"}


async def run(config, sandbox=None):
    context = FakeContext(evaluator=sandbox, names={"limit": 1})
    return await TASK.run(TASK.parse(config), context)


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"mode": "set", "fields": {"a": [1], "b": {"c": None}}}, {"a": [1], "b": {"c": None}}),
        ({"mode": "set", "fields": {}}, {}),
        ({"mode": "template", "text": "Hi"}, "Hi"),
        ({"mode": "template", "text": 5}, "5"),
        ({"mode": "template", "text": {"a": "é"}}, '{"a": "é"}'),
        ({"mode": "filter", "items": ROWS, "where": "item.n > limit"}, [ROWS[0], ROWS[2]]),
        ({"mode": "filter", "items": [0, "", 1, []], "where": "item"}, [1]),
        ({"mode": "filter", "items": "abc", "where": "index"}, None),
        ({"mode": "filter", "items": [], "where": "item.gone"}, []),
        ({"mode": "sort", "items": ROWS, "by": "item.n"}, [ROWS[1], ROWS[2], ROWS[0]]),
        ({"mode": "sort", "items": [3, None, 1], "by": "item"}, [1, 3, None]),
        ({"mode": "sort", "items": [3, None, 1], "by": "item", "descending": True}, [3, 1, None]),
        (
            {"mode": "sort", "items": ROWS, "by": "item.k", "descending": True},
            [ROWS[0], ROWS[2], ROWS[1]],
        ),
        ({"mode": "sort", "items": ROWS, "by": "[item.k, item.n]"}, [ROWS[1], ROWS[2], ROWS[0]]),
        ({"mode": "dedupe", "items": ROWS, "by": "item.k"}, [ROWS[0], ROWS[1]]),
        (
            {"mode": "dedupe", "items": [{"a": 1}, {"a": 1}, 1, True], "by": "item"},
            [{"a": 1}, 1, True],
        ),
        (
            {"mode": "group", "items": ROWS, "by": "item.k"},
            {"b": [ROWS[0], ROWS[2]], "a": [ROWS[1]]},
        ),
        ({"mode": "group", "items": [1, 2, 3], "by": "item > 1"}, {"false": [1], "true": [2, 3]}),
        ({"mode": "group", "items": [None, 1.5], "by": "item"}, {"null": [None], "1.5": [1.5]}),
        (
            {"mode": "join", "left": LEFT, "right": RIGHT, **KEYS},
            [
                {"id": 1, "a": "x", "key": 1, "b": 2},
                {"id": 2, "a": "R", "key": 2, "b": 1},
                {"id": 2, "a": "y", "key": 2, "b": 3},
            ],
        ),
        (
            {"mode": "join", "left": LEFT[2:], "right": RIGHT, **KEYS, "how": "left"},
            [{"id": 3, "a": "z"}],
        ),
        ({"mode": "join", "left": LEFT[2:], "right": RIGHT, **KEYS}, []),
    ],
)
async def test_data_is_shaped(sandbox, config, output):
    if output is None:
        with pytest.raises(StepError, match="'items' must be a list; it came out as str"):
            await run(config, sandbox)
    else:
        assert await run(config, sandbox) == output


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"mode": "sort", "items": [1, "a"], "by": "item"}, "numbers and text"),
        ({"mode": "sort", "items": [{}, {"a": 1}], "by": "item"}, "objects"),
        ({"mode": "group", "items": [[1]], "by": "item"}, "'by' gives lists for item 0"),
        (
            {"mode": "join", "left": [1], "right": [], "left_key": "1", "right_key": "1"},
            "Item 0 of 'left'",
        ),
        ({"mode": "join", "left": {}, "right": [], **KEYS}, "'left' must be a list"),
        ({"mode": "filter", "items": ROWS, "where": "item.gone.x"}, "gone"),
        (
            {
                "mode": "join",
                "left": [{}] * 1001,
                "right": [{}] * 1000,
                "left_key": "1",
                "right_key": "1",
            },
            "more than 1,000,000",
        ),
    ],
)
async def test_data_that_does_not_fit_fails_with_a_reason(sandbox, config, said):
    with pytest.raises(StepError, match=said) as caught:
        await run(config, sandbox)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("config", "places"),
    [
        ({}, [()]),
        ({"mode": "nonsense"}, [()]),
        ({"mode": "set"}, [("fields",)]),
        ({"mode": "set", "fields": {}, "text": ""}, [("text",)]),
        ({"mode": "filter", "items": "{{ a }} {{ b }}", "where": "1"}, [("items",)]),
        ({"mode": "filter", "items": "{{", "where": "1"}, [("items",)]),
        ({"mode": "filter", "items": {}, "where": "1"}, [("items",)]),
        ({"mode": "filter", "items": "{{ a }}", "where": "{{ item }}"}, [("where",)]),
        ({"mode": "filter", "items": "{{ a }}", "where": ""}, [("where",)]),
        ({"mode": "join", "left": 1, "right": 2, **KEYS}, [("left",), ("right",)]),
        ({"mode": "join", "left": [], "right": [], **KEYS, "how": "outer"}, [("how",)]),
        ({"mode": "wait"}, [()]),
        ({"mode": "wait", "seconds": 1, "until": "2030-01-01"}, [()]),
        ({"mode": "wait", "until": "tomorrow"}, [("until",)]),
        ({"mode": "approval"}, [("message",)]),
        ({"mode": "approval", "message": "?", "expires_s": 0}, [("expires_s",)]),
        ({"mode": "form", "message": "?", "fields": {"type": "string"}}, [("fields", "type")]),
        ({"mode": "form", "message": "?", "fields": {"properties": 1}}, [("fields", "properties")]),
    ],
)
def test_a_bad_config_has_its_faults_in_place(config, places):
    assert [fault.path for fault in TASK.check(config).faults] == places


def test_seconds_are_a_number_or_a_template():
    assert TASK.check({"mode": "wait", "seconds": "{{ a.x }}"}).faults == ()
    for bad in (-1, "soon", 1e9):
        assert {fault.path for fault in TASK.check({"mode": "wait", "seconds": bad}).faults} == {
            ("seconds",)
        }


@pytest.mark.parametrize(
    ("config", "until"),
    [
        ({"seconds": 90}, NOON + timedelta(seconds=90)),
        ({"seconds": 0}, NOON),
        ({"until": "2030-01-31T09:00:00Z"}, datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ({"until": "2030-01-31T09:00:00+02:00"}, datetime(2030, 1, 31, 7, tzinfo=UTC)),
        ({"until": "2030-01-31T09:00"}, datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ({"until": "2030-01-31"}, datetime(2030, 1, 31, tzinfo=UTC)),
    ],
)
async def test_a_wait_ends_at_its_moment(config, until):
    assert await run({"mode": "wait", **config}) == Wait("timer", until)


@pytest.mark.parametrize("until", ["", "soon", "0001-01-01T00:00+23:59", "2030-13-01"])
async def test_a_moment_that_cannot_be_read_fails(until):
    with pytest.raises(StepError, match="ISO 8601"):
        await run({"mode": "wait", "until": until})


async def test_text_that_came_out_as_a_template_is_no_number():
    with pytest.raises(StepError, match="it came out as text"):
        await run({"mode": "wait", "seconds": "{{ data }}"})


def test_a_wait_gives_the_time_it_woke_and_takes_no_answer():
    config = TASK.parse({"mode": "wait", "seconds": 1})
    assert TASK.expired(config, NOON) == NOON.isoformat()
    with pytest.raises(InvalidInputError, match="Nobody was asked"):
        TASK.answered(config, {})


APPROVAL = {"mode": "approval", "message": "Send it?", "assignees": ["ada"], "expires_s": 60}


async def test_an_approval_asks_its_assignees_until_it_expires():
    until = NOON + timedelta(seconds=60)
    assert await run(APPROVAL) == Wait("approval", until, "Send it?", assignees=("ada",))
    assert await run({"mode": "approval", "message": "?"}) == Wait("approval", None, "?")


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ({"approved": True}, {"approved": True, "by": "", "comment": ""}),
        (
            {"approved": False, "by": "ada", "comment": "No."},
            {"approved": False, "by": "ada", "comment": "No."},
        ),
    ],
)
def test_an_answer_becomes_a_verdict(answer, output):
    assert TASK.answered(TASK.parse(APPROVAL), answer) == output


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "'approved': This is missing."),
        ({"approved": "yes"}, "'approved'"),
        ({"approved": 1}, "'approved'"),
        ({"approved": True, "by": 5}, "'by'"),
        ({"approved": True, "role": "admin"}, "'role': Unknown key"),
    ],
)
def test_a_bad_verdict_is_refused(answer, said):
    with pytest.raises(InvalidInputError, match=said):
        TASK.answered(TASK.parse(APPROVAL), answer)


FIELDS = {
    "type": "object",
    "properties": {"size": {"type": "integer"}, "note": {"type": "string", "default": "-"}},
    "required": ["size"],
}
FORM = {"mode": "form", "message": "How many?", "fields": FIELDS}
ON_TO_BEN = {"on_expiry": "escalate", "escalate_to": ["ben@example.com"], "expires_s": 60}
NOBODY_DID = "Nobody answered in time."


async def test_a_form_shows_its_fields_and_checks_the_answers():
    assert await run(FORM) == Wait("form", None, "How many?", FIELDS)
    config = TASK.parse(FORM)
    assert TASK.answered(config, {"size": 2}) == {"size": 2, "note": "-"}
    with pytest.raises(InvalidInputError) as caught:
        TASK.answered(config, {"size": "two", "colour": 1})
    assert caught.value.problems == (
        "There is no field 'colour'.",
        "'size' must be a whole number.",
    )


@pytest.mark.parametrize(
    ("config", "output"),
    [
        (APPROVAL, {"approved": False, "by": "", "comment": NOBODY_DID}),
        ({**FORM, "on_expiry": "reject"}, None),
        ({**APPROVAL, "on_expiry": "fail"}, StepError),
        (FORM, StepError),
        ({**APPROVAL, **ON_TO_BEN}, {"approved": False, "by": "", "comment": NOBODY_DID}),
        ({**FORM, **ON_TO_BEN}, StepError),
    ],
)
def test_when_nobody_answers_on_expiry_decides(config, output):
    if output is StepError:
        with pytest.raises(StepError, match="Nobody answered by 2026-01-02T12:00:00"):
            TASK.expired(TASK.parse(config), NOON)
    else:
        assert TASK.expired(TASK.parse(config), NOON) == output


@pytest.mark.parametrize(
    ("left_out", "added", "said"),
    [
        ("expires_s", {}, "needs expires_s and escalate_to"),
        ("escalate_to", {}, "needs expires_s and escalate_to"),
        (None, {"escalate_after_s": 30}, "Leave escalate_after_s out"),
    ],
)
def test_escalating_at_expiry_says_what_it_needs(left_out, added, said):
    given = {**APPROVAL, **ON_TO_BEN, **added}
    with pytest.raises(ValidationError, match=said):
        TASK.parse({name: value for name, value in given.items() if name != left_out})


@pytest.mark.parametrize(
    ("config", "purity", "line"),
    [
        ({"mode": "set", "fields": {"a": 1, "b": 2}}, "pure", "a, b"),
        ({"mode": "template", "text": "\nDear {{ name }},\nhello"}, "pure", "Dear {{ name }},"),
        ({"mode": "filter", "items": [], "where": "item.x > 1"}, "pure", "where item.x > 1"),
        ({"mode": "sort", "items": [], "by": "item.x"}, "pure", "by item.x"),
        ({"mode": "join", "left": [], "right": [], **KEYS}, "pure", "inner: item.id = item.key"),
        ({"mode": "wait", "seconds": 5}, "read", "5.0 s"),
        ({"mode": "wait", "until": "{{ a.x }}"}, "read", "until {{ a.x }}"),
        (APPROVAL, "read", "Send it?"),
        (FORM, "read", "How many?"),
    ],
)
def test_a_card_says_what_it_does_and_pauses_are_not_pure(config, purity, line):
    parsed = TASK.parse(config)
    assert (TASK.purity(parsed), TASK.summarise(parsed)) == (purity, line)
    assert TASK.is_repeatable(parsed)
    assert not TASK.is_worth_caching(parsed)


def test_the_form_of_each_mode_is_drawn_from_its_schema():
    schema = TASK.config_schema
    assert set(schema["discriminator"]["mapping"]) == {
        "set",
        "template",
        "filter",
        "sort",
        "dedupe",
        "group",
        "join",
        "wait",
        "approval",
        "form",
    }
    for definition in schema["$defs"].values():
        assert definition["additionalProperties"] is False
        assert all(field["title"] for field in definition["properties"].values())
