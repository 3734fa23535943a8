"""A run's state, folded from its events."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from flowstudio.engine.events import Event, Output
from flowstudio.engine.fold import RunState, apply, find, replay
from flowstudio.engine.journal import DamagedEvent

AT = datetime(2026, 1, 2, tzinfo=UTC)


def folded(*entries: tuple) -> RunState:
    """The state after events given as (type, path, data, has an output)."""
    state = RunState()
    for event in events(entries):
        apply(state, event)
    return state


def events(entries: Iterable[tuple]) -> list[Event]:
    made = []
    for seq, (kind, *rest) in enumerate(entries, 1):
        path, data, has_output = (*rest, *("", {}, False)[len(rest) :])
        parts = [part for part in path.split("/") if not part.isdigit()]
        output = Output(f"h{seq}", 10) if has_output else None
        made.append(Event(seq, AT, kind, parts[-1] if parts else "", path, data, output))
    return made


def test_an_empty_journal_is_a_queued_run():
    assert RunState().status == "queued"


def test_a_step_that_began_and_did_not_end_was_cut_off():
    state = folded(("run_started",), ("step_started", "a", {"attempt": 1}))
    assert find(state.root, "a").was_cut_off


def test_each_execution_that_was_cut_off_is_counted():
    began = ("step_started", "a", {"attempt": 1})
    assert find(folded(began, began, began).root, "a").interruptions == 2


def test_a_failed_attempt_is_no_interruption():
    state = folded(
        ("step_started", "a", {"attempt": 1}),
        ("step_failed", "a", {"attempt": 1, "retry_in_s": 1}),
    )
    record = find(state.root, "a")
    assert not record.was_cut_off
    assert (record.attempts, record.failed_attempts) == (1, 1)
    state = folded(
        ("step_started", "a", {"attempt": 1}),
        ("step_failed", "a", {"attempt": 1, "retry_in_s": 1}),
        ("step_started", "a", {"attempt": 2}),
    )
    assert find(state.root, "a").was_cut_off


def test_a_finished_step_keeps_its_port_and_where_its_output_is():
    state = folded(("step_started", "a"), ("step_succeeded", "a", {"port": "left"}, True))
    record = find(state.root, "a")
    assert (record.status, record.port, record.output.seq) == ("succeeded", "left", 2)
    assert record.has_ended
    assert state.steps_done == 1


def test_a_failure_that_was_handled_has_ended_and_one_that_was_not_has_none():
    handled = folded(("step_failed", "a", {"port": "error", "error": {}}, True))
    assert find(handled.root, "a").has_ended
    assert not find(folded(("step_failed", "a", {"error": {}})).root, "a").has_ended


def test_a_finished_turn_keeps_nothing_but_its_output():
    state = folded(
        ("step_started", "l"),
        ("step_started", "l/0/a"),
        ("step_succeeded", "l/0/a", {}, True),
        ("step_succeeded", "l/0", {}, True),
        ("step_started", "l/1/a"),
    )
    record = find(state.root, "l")
    assert record.iterations[0].body is None
    assert record.iterations[0].output.seq == 4
    assert find(state.root, "l/1/a").was_cut_off
    assert find(state.root, "l/0/a") is None


def test_a_finished_loop_keeps_no_turns():
    state = folded(
        ("step_started", "l"),
        ("step_succeeded", "l/0", {}, True),
        ("step_succeeded", "l", {}, True),
    )
    assert find(state.root, "l").iterations == {}


def test_nested_containers_are_found_by_their_path():
    state = folded(("step_started", "l/3/p/m/0/leaf", {"attempt": 2}))
    assert find(state.root, "l/3/p/m/0/leaf").attempts == 2


def test_resuming_reopens_what_failed_at_any_depth_and_nothing_else():
    state = folded(
        ("step_succeeded", "done", {}, True),
        ("step_started", "l", {"attempt": 3}),
        ("step_failed", "l/0/p/a", {"attempt": 3, "error": {}}),
        ("step_failed", "l", {"attempt": 3, "error": {}}),
        ("run_failed",),
        ("signal_received", "", {"signal_id": 4, "kind": "resume"}),
    )
    assert state.status == "running"
    assert state.signal_id == 4
    assert find(state.root, "done").status == "succeeded"
    for path in ("l", "l/0/p/a"):
        assert find(state.root, path).status == "idle"
        assert find(state.root, path).attempts == 0


def test_a_container_that_is_tried_again_tries_what_failed_inside_again():
    state = folded(
        ("step_started", "l", {"attempt": 1}),
        ("step_succeeded", "l/0", {}, True),
        ("step_failed", "l/1/a", {"error": {}}),
        ("step_failed", "l", {"attempt": 1, "retry_in_s": 600}),
        ("step_waiting", "l", {"kind": "retry"}),
    )
    assert find(state.root, "l").iterations[0].output is not None
    assert find(state.root, "l/1/a").status == "idle"


def test_an_answer_is_for_the_question_before_it_only():
    asked, answered = (
        ("step_waiting", "a", {"kind": "unknown"}),
        (
            "signal_received",
            "a",
            {"signal_id": 1, "kind": "answer", "data": {"action": "retry"}},
        ),
    )
    assert folded(asked, answered).answers == {"a": {"action": "retry"}}
    assert folded(asked, answered, ("step_started", "a")).answers == {}
    assert folded(answered, asked).answers == {}


def test_a_wish_is_remembered_until_it_is_carried_out():
    pause = ("signal_received", "", {"signal_id": 1, "kind": "pause"})
    resume = ("signal_received", "", {"signal_id": 2, "kind": "resume"})
    cancel = ("signal_received", "", {"signal_id": 3, "kind": "cancel"})
    assert folded(pause).wish == "pause"
    assert folded(pause, resume).wish == ""
    assert folded(cancel).wish == "cancel"
    assert folded(cancel, ("run_cancelled",)).wish == ""


def test_saved_money_is_added_up():
    state = folded(
        ("step_succeeded", "a", {"saved_usd": "0.02"}, True),
        ("step_succeeded", "b", {"saved_usd": "0.03"}, True),
    )
    assert state.saved_usd == Decimal("0.05")


def test_a_damaged_result_counts_as_cut_off_until_it_is_made_anew():
    state = folded(("step_started", "a"), ("step_succeeded", "a", {}, True))
    apply(state, DamagedEvent(2, "step_succeeded", "a", "a", "not JSON"))
    assert find(state.root, "a").was_cut_off
    assert state.repaired == {"a"}
    (again,) = events([("step_succeeded", "a", {}, True)])
    apply(state, again)
    assert state.repaired == set()


def test_a_damaged_row_that_tells_nothing_is_passed_over():
    state = folded(("run_started",))
    apply(state, DamagedEvent(2, None, None, None, "unreadable"))
    assert (state.status, state.seq) == ("running", 2)


async def test_replaying_takes_outputs_known_to_be_damaged_as_lost():
    async def stored():
        for event in events([("step_started", "a"), ("step_succeeded", "a", {}, True)]):
            yield event

    assert find((await replay(stored())).root, "a").status == "succeeded"
    assert find((await replay(stored(), {2})).root, "a").was_cut_off
