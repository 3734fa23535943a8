import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.services.batches import batches
from flowstudio.services.timelines import Timeline
from flowstudio.ui.run.feed import TextFeed
from flowstudio.ui.run.log_lines import log_text
from flowstudio.ui.run.present import node_states, progress, questions, shown, step_rows
from flowstudio.ui.run.sending import Sender
from tests.ui.test_layout import document

AT = datetime(2026, 11, 22, tzinfo=UTC)


def event(kind: Any, path: str, seq: int = 1, /, **data: Any) -> Event:
    return Event(seq, AT, kind, path.rsplit("/", 1)[-1], path, data)


def streamed(path: str, text: str, part: str = "") -> Event:
    return event("step_streamed", path, 0, text=text, part=part)


OF = document({"a": None, "loop": None, "b": "loop"}, [("a", "loop")])


def fed(*events: Event) -> Timeline:
    """A timeline that was told of events, numbered as they come."""
    timeline = Timeline(OF)
    timeline.feed(each._replace(seq=number) for number, each in enumerate(events, start=1))
    return timeline


def rows_after(*events: Event) -> dict[str, Any]:
    return {row.name: row for row in step_rows(OF, ["a", "loop", "b"], fed(*events), {})}


def test_a_node_that_has_not_begun_is_idle() -> None:
    rows = rows_after(event("step_started", "a"))
    assert {name: row.status for name, row in rows.items()} == {
        "a": "running",
        "loop": "idle",
        "b": "idle",
    }
    assert node_states(OF, fed(event("step_started", "a"))) == {"a": "running"}


def test_inside_a_loop_the_turn_under_way_is_shown() -> None:
    rows = rows_after(
        event("step_started", "loop"),
        event("step_started", "loop/0/b"),
        event("step_started", "loop/1/b"),
        event("step_succeeded", "loop/1/b"),
    )
    assert (rows["b"].path, rows["b"].status, rows["b"].depth) == ("loop/0/b", "running", 1)
    assert rows["b"].times == "2 times"


def test_cost_and_tokens_of_all_turns_are_added_up() -> None:
    done = {"cost_usd": "0.001", "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    rows = rows_after(
        event("step_succeeded", "loop/0/b", **done), event("step_succeeded", "loop/1/b", **done)
    )
    assert (rows["b"].cost, rows["b"].tokens) == ("$0.0020", "30 tokens")


def test_progress_counts_nodes_and_not_turns() -> None:
    timeline = fed(
        event("step_succeeded", "a"),
        event("step_started", "loop"),
        event("step_succeeded", "loop/0/b"),
        event("step_succeeded", "loop/1/b"),
    )
    assert progress(OF, timeline) == (2, 3)


def test_only_what_a_person_can_answer_is_asked() -> None:
    timeline = fed(
        event("step_waiting", "a", kind="approval", message="Send it?"),
        event("step_waiting", "loop/0/b", kind="timer", until=AT.isoformat()),
    )
    asked = questions(timeline)
    assert [(question.path, question.message) for question in asked] == [("a", "Send it?")]


def test_a_kept_step_says_so() -> None:
    rows = rows_after(event("step_succeeded", "a", kept=True))
    assert (rows["a"].status, rows["a"].label) == ("succeeded", "Kept")


def test_only_what_changed_is_sent_again() -> None:
    seen: dict[str, int] = {}
    first = Sender(seen)
    first.put("a", {"x": 1})
    second = Sender(seen)
    second.put("a", {"x": 1})
    second.put("b", 2)
    assert [operation[1] for operation in first.operations] == ["a"]
    assert [operation[1] for operation in second.operations] == ["b"]


def test_the_log_tells_of_failures_with_the_reason_and_the_next_try() -> None:
    text = log_text(
        [
            event("step_started", "a", 1, attempt=2),
            event("step_failed", "a", 2, attempt=2, error={"message": "no"}, retry_in_s=2.0),
            streamed("a", "tokens are no lines"),
            event("step_streamed", "a", 0, log="looking"),
        ]
    )
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["text"] for line in lines] == [
        "began attempt 2",
        "failed: no Tries again in 2.0 s.",
        "looking",
    ]


def test_a_flood_of_events_is_told_in_brief() -> None:
    text = log_text(event("step_started", "a", number) for number in range(1, 1001))
    assert len(text.splitlines()) == 201
    assert "800 lines left out" in text


def test_text_of_a_moment_is_sent_as_one_piece() -> None:
    feed = TextFeed()
    sent = feed.operations(
        [event("step_started", "a"), streamed("a", "one "), streamed("a", "two")]
    )
    assert sent == [("put", "text:a", ""), ("t", "a", "one two")]


def test_each_part_of_a_strategy_is_named_once() -> None:
    feed = TextFeed()
    sent = feed.operations(
        [streamed("a", "x", "draft"), streamed("a", "y", "draft"), streamed("a", "z", "critique")]
    )
    assert sent == [("t", "a", "draft\nxy\n\ncritique\nz")]


def test_two_turns_at_once_do_not_mix_their_text() -> None:
    feed = TextFeed()
    feed.operations([event("step_started", "loop/0/b"), event("step_started", "loop/1/b")])
    assert feed.operations([streamed("loop/0/b", "old"), streamed("loop/1/b", "new")]) == [
        ("t", "b", "new")
    ]


def test_logs_in_the_stream_are_no_text() -> None:
    assert TextFeed().operations([event("step_streamed", "a", 0, log="looking")]) == []


async def test_events_of_a_moment_come_together_and_none_is_lost() -> None:
    async def burst() -> AsyncIterator[Event]:
        for number in range(1200):
            yield event("step_started", "a", number + 1)

    gathered = [batch async for batch in batches(burst())]
    assert [e.seq for batch in gathered for e in batch] == list(range(1, 1201))
    assert len(gathered) < 60


def test_a_huge_output_is_cut_and_says_so() -> None:
    cut = shown({"text": "x" * 100_000, "list": list(range(5000))})
    assert cut["note"] != ""
    assert len(str(cut)) < 60_000


def test_a_deep_output_is_cut_and_not_followed_to_its_end() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert shown(deep)["note"] != ""


def test_a_model_answer_shows_its_json_rather_than_the_text_of_it() -> None:
    output = {"text": '{"a": 1}', "json": {"a": 1}, "model": "m", "usage": {}, "cost_usd": "0"}
    assert shown(output, "ai")["sections"] == [{"name": "", "value": {"a": 1}}]


def test_outputs_of_a_run_are_shown_by_name() -> None:
    sections = shown({"reply": "Hello", "ticket": {"id": 1}}, "outputs")["sections"]
    assert [section["name"] for section in sections] == ["reply", "ticket"]
