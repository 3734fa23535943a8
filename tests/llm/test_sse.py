import pytest

from flowstudio.llm import sse
from flowstudio.llm.errors import BrokenAnswerError
from flowstudio.llm.sse import EventParser


def parse(*chunks: bytes) -> list[bytes]:
    parser = EventParser()
    return [payload for chunk in chunks for payload in parser.feed(chunk)]


def test_events_arrive_in_order():
    assert parse(b"data: 1\n\ndata: 2\n\n") == [b"1", b"2"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_bytes_may_be_cut_anywhere(end: bytes):
    text = b": note" + end * 2 + b"data: {1}" + end * 2 + b"data: {2}" + end * 2
    for cut in range(len(text)):
        assert parse(text[:cut], text[cut:]) == [b"{1}", b"{2}"]
    assert parse(*(bytes([byte]) for byte in text)) == [b"{1}", b"{2}"]


def test_comments_and_other_fields_are_skipped():
    assert parse(b": wait\n\nevent: x\nid: 3\ndata: 1\n\nretry: 5\n\n") == [b"1"]


def test_data_on_several_lines_is_joined():
    assert parse(b"data: a\ndata: b\n\n") == [b"a\nb"]


def test_a_space_after_the_colon_is_optional():
    assert parse(b"data:1\n\n") == [b"1"]


def test_an_unfinished_event_is_not_given_out():
    assert parse(b"data: 1") == []


def test_an_endless_event_is_refused():
    parser = EventParser()
    with pytest.raises(BrokenAnswerError, match="16 MB"):
        parser.feed(b"data: " + b"x" * (sse.MAX_EVENT_BYTES + 1))
