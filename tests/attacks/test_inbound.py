"""What strangers send to webhooks and forms: made to be slow to check, or slow to come."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from starlette.requests import ClientDisconnect

from flowstudio.api.slow_bodies import SlowBodies
from flowstudio.errors import InvalidInputError
from flowstudio.nodes.inputs import check_inputs
from flowstudio.security.signatures import is_recent, is_signed, sign
from flowstudio.services.schedule_wishes import ScheduleWish, preview
from flowstudio.services.webhook_inputs import Received, inputs_of

PRIME = 2**61 - 1
SECRET = "whsec_" + "A" * 32
#: How long each would take if every pair of entries were compared: minutes.
SLOW = {
    "of objects": [{"a": number} for number in range(30_000)],
    "of numbers with one hash": [number * PRIME for number in range(30_000)],
    "of all kinds": [str(number) if number % 2 else number for number in range(30_000)],
}


@pytest.mark.parametrize("entries", SLOW.values(), ids=SLOW)
def test_a70_lists_whose_entries_must_differ_are_checked_in_no_time(entries):
    began = time.process_time()
    schema = {"properties": {"t": {"type": "array", "uniqueItems": True}}}
    assert check_inputs(schema, {"t": entries})["t"] is entries
    with pytest.raises(InvalidInputError):
        check_inputs(schema, {"t": [*entries, entries[0]]})
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("entries", "are_unique"),
    [
        ([1, True, "1", None, "None", [1], [True], {"a": 1}, {"a": True}, 0, False], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], False),
        (["a,'b'", "a"], True),
        ([["a", "b"], ["a,b"]], True),
        ([{"a": 1}, {"a:1": 1}], True),
        ([0.5, 0.25, -0.5], True),
        ([0, -0.0], False),
    ],
)
def test_entries_are_the_same_when_json_schema_says_so(entries, are_unique):
    schema = {"properties": {"t": {"uniqueItems": True}}}
    if are_unique:
        check_inputs(schema, {"t": entries})
        return
    with pytest.raises(InvalidInputError):
        check_inputs(schema, {"t": entries})


def test_a70_of_many_problems_a_hundred_are_told():
    numbers = {"properties": {"t": {"type": "array", "items": {"type": "string"}}}}
    for schema, given in (
        (numbers, {"t": [1] * 100_000}),
        ({"properties": {"t": {}}}, {f"k{number}": 1 for number in range(100_000)}),
    ):
        began = time.process_time()
        with pytest.raises(InvalidInputError) as caught:
            check_inputs(schema, given)
        assert len(caught.value.problems) == 100
        assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("number", "step", "fits"),
    [
        (int("9" * 4_000), 0.5, True),
        (int("9" * 4_000), 2, False),
        (1e300, 1e-300, True),
        (19.99, 0.01, True),
        (19.999, 0.01, False),
        (True, 2, True),
    ],
)
def test_a70_multiples_of_numbers_that_no_float_holds(number, step, fits):
    schema = {"properties": {"t": {"multipleOf": step}}}
    if fits:
        check_inputs(schema, {"t": number})
        return
    with pytest.raises(InvalidInputError, match="must be a multiple of"):
        check_inputs(schema, {"t": number})


@pytest.mark.parametrize("values", [50_001, 200_000])
def test_a70b_a_body_holds_only_so_many_values(values):
    body = b"[" + b"{}," * (values - 1) + b"1]"
    with pytest.raises(InvalidInputError, match="more than 50,000 values"):
        inputs_of({"properties": {"body": {}}}, Received("POST", (), (), body), "")
    few = Received("POST", (), (), b"[[],[1,2]]")
    assert inputs_of({"properties": {"body": {}}}, few, "") == {"body": [[], [1, 2]]}


def test_a72_the_name_of_a_part_is_told_as_text_of_one_line():
    part = (
        b'--x\r\nContent-Disposition: form-data; name="a\x00b"; filename="f"\r\n\r\n\r\n--x--\r\n'
    )
    kind = (("content-type", "multipart/form-data; boundary=x"),)
    with pytest.raises(InvalidInputError) as caught:
        inputs_of({}, Received("POST", kind, (), part), "")
    assert all(problem.isprintable() for problem in caught.value.problems)


async def test_a71_a_body_that_does_not_come_ends_the_request():
    pieces: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    pieces.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
    sent: list[dict[str, object]] = []
    seen: list[str] = []

    async def site(scope, receive, send):  # noqa: ARG001
        while (message := await receive())["type"] == "http.request":
            seen.append(message["type"])
        seen.append(message["type"])
        await send({"type": "http.response.start", "status": 400, "headers": []})
        raise ClientDisconnect

    async def send(message):
        sent.append(message)

    await SlowBodies(site, longest_s=0.05)({"type": "http"}, pieces.get, send)
    assert seen == ["http.request", "http.disconnect"]
    assert [message.get("status") for message in sent] == [408, None]


async def test_a_request_that_is_there_may_be_answered_for_as_long_as_that_takes():
    pieces: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    pieces.put_nowait({"type": "http.request", "body": b"{}", "more_body": False})
    sent: list[dict[str, object]] = []

    async def site(scope, receive, send):  # noqa: ARG001
        await receive()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    await SlowBodies(site, longest_s=0.01)({"type": "http"}, pieces.get, send)
    assert [message["status"] for message in sent] == [200]


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"expression": "0 0 31 4 *"}, "never comes"),
        ({"expression": "* * * * * *"}, "five fields"),
        ({"expression": "*/0 * * * *"}, "A step is a number"),
        ({"expression": "*" * 5_000}, "at most"),
        ({"expression": "1," * 5_000 + "1 * * * *"}, "at most"),
        ({"expression": "\N{ARABIC-INDIC DIGIT THREE} * * * *"}, "Minute"),
        ({"expression": "* * * * *\n* * * * *"}, "five fields"),
        ({"zone": "Europe"}, "no time zone"),
        ({"zone": "localtime"}, "no time zone"),
        ({"zone": "right/UTC"}, "no time zone"),
        ({"zone": "\ud800"}, "no time zone"),
        ({"zone": "x" * 100_000}, "no time zone"),
        ({"zone": "../../etc/passwd"}, "no time zone"),
        ({"zone": "UTC\x00"}, "no time zone"),
        ({"jitter_s": 10**30}, "From 0 to 86,400"),
        ({"start": "9999-12-31T23:59:59-14:00"}, "start"),
        ({"end": "0001-01-01T00:00:00+14:00"}, "end"),
        ({"kind": "interval", "expression": "1s"}, "expression"),
        ({"kind": "interval", "expression": "999999w"}, "expression"),
    ],
)
def test_a73_times_that_cannot_be_are_refused_in_words(wish, says):
    asked = ScheduleWish(**{"kind": "cron", "expression": "* * * * *"} | wish)
    problems = preview(asked, datetime(2026, 11, 26, tzinfo=UTC)).problems
    assert any(says in problem for problem in problems), problems


def test_a73_a_day_that_never_comes_beside_a_weekday_costs_nothing():
    began = time.process_time()
    asked = ScheduleWish("cron", "0 0 31 2 7")
    for _ in range(20):
        assert len(preview(asked, datetime(2026, 11, 26, tzinfo=UTC)).times) == 5
    assert time.process_time() - began < 3


STAMPS = (
    *("", "inf", "nan", "-1", "+1800000000", " 1800000000", "1_800_000_000", "18e8"),
    *("9" * 5_000, "0x6b49d200", "1800000000.0", "\N{FULLWIDTH DIGIT ONE}800000000", "\ud800"),
)
SIGNATURES = (
    *("", "v1", "v1,", "v1,====", "v1,\ud800", "v1,é", "v1," + "A" * 1_000_000),
    *(" ".join(["v1,AAAA"] * 100_000), " " * 1_000_000),
)


@pytest.mark.parametrize("stamp", STAMPS, ids=range(len(STAMPS)))
def test_a36d_timestamps_that_are_no_whole_seconds_are_old(stamp):
    assert not is_recent(stamp, 1_800_000_000)


@pytest.mark.parametrize("given", SIGNATURES, ids=range(len(SIGNATURES)))
def test_a36d_signatures_of_any_shape_and_size_are_wrong_in_no_time(given):
    began = time.process_time()
    assert not is_signed(SECRET, "id", "1800000000", b"x", given)
    for message_id in ("", "a.b", "\ud800", "x" * 1_000_000):
        assert not is_signed(SECRET, message_id, "1800000000", b"x", "v1,AAAA")
    assert time.process_time() - began < 1


def test_a36d_a_right_signature_behind_too_many_wrong_ones_is_wrong():
    right = sign(SECRET, "id", 1_800_000_000, b"x")
    assert is_signed(SECRET, "id", "1800000000", b"x", f"v1,AAAA {right}")
    many = " ".join(["v1,AAAA"] * 1_000)
    assert not is_signed(SECRET, "id", "1800000000", b"x", f"{many} {right}")
