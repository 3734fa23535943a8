import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstudio.scale.postgres.frames import MOST_BYTES, Reader, Writer, to_line

MESSAGES = [
    ["short", 1],
    ["long", "é€😀" * 6_000],
    ["nul", "a\x00b\nc"],
    ["half a pair", "\ud83d"],
    ["exactly", "x" * (MOST_BYTES - 50)],
    *(["many", number] for number in range(2_000)),
]


def carried(messages):
    reader = Reader()
    payloads = Writer("me").payloads(to_line(message) for message in messages)
    read = []
    for payload in payloads:
        assert len(payload.encode()) < 8_000
        assert "\x00" not in payload
        origin, some = reader.messages(payload)
        assert origin == "me"
        read += some
    return read, payloads


def test_every_message_arrives_as_it_was_in_few_payloads():
    read, payloads = carried(MESSAGES)
    assert read == MESSAGES
    assert len(payloads) < 20


def test_no_two_payloads_are_alike():
    _, payloads = carried([["same", "y" * 40_000]] * 3)
    assert len(set(payloads)) == len(payloads)


@given(st.lists(st.text(max_size=20_000), max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_text_is_carried(texts):
    messages = [["text", text] for text in texts]
    assert carried(messages)[0] == messages


def test_what_two_processes_send_is_kept_apart():
    reader = Reader()
    mine = Writer("mine").payloads([to_line(["a", "x" * 10_000])])
    theirs = Writer("theirs").payloads([to_line(["b", "y" * 10_000])])
    read = []
    for pair in zip(mine, theirs, strict=True):
        for payload in pair:
            read += reader.messages(payload)[1]
    assert read == [["a", "x" * 10_000], ["b", "y" * 10_000]]


def test_after_a_break_what_had_begun_is_forgotten():
    reader = Reader()
    writer = Writer("me")
    first, *_ = writer.payloads([to_line(["a", "x" * 10_000])])
    reader.messages(first)
    reader.clear()
    assert reader.messages(*writer.payloads([to_line(["b", 1])])) == ("me", [["b", 1]])


def test_a_message_whose_middle_was_lost_does_not_spoil_the_next():
    reader, writer = Reader(), Writer("me")
    first, _, *_ = writer.payloads([to_line(["a", "x" * 20_000])])
    reader.messages(first)
    assert reader.messages(*writer.payloads([to_line(["b", 1])])) == ("me", [["b", 1]])


def test_a_payload_of_somebody_else_is_refused():
    with pytest.raises(ValueError, match="unpack"):
        Reader().messages(json.dumps({"type": "job_inserted"}))
