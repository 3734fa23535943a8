"""Which outputs still hold, and why the others do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.staleness import (
    FRESH,
    MAYBE,
    NEVER,
    PINNED,
    LastRun,
    Mark,
    Present,
    mark_nodes,
)
from tests.graph.documents import document, loop, node

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PRESENT = Present(NOW, versions={"task": 1})
#: a → b → c, and d beside them.
CHAIN = document(*map(node, "abcd"), paths=("a b c",))
SEEN = {"b": {"a": "out-a"}, "c": {"b": "out-b"}}


def runs(given=CHAIN, seen=SEEN):
    """Each node has run, and has seen the outputs there are."""
    return {
        n.id: LastRun(
            config_key=config_key(n),
            output_hash=f"out-{n.id}",
            fingerprint=f"key-{n.id}",
            seen=seen.get(n.id, {}),
        )
        for n in given.nodes
    }


def changed(node_id, **fields):
    known = runs()
    return {**known, node_id: replace(known[node_id], **fields)}


def stale(reason):
    return Mark("stale", reason)


def test_after_a_full_run_everything_is_fresh():
    assert set(mark_nodes(CHAIN, runs(), PRESENT).values()) == {FRESH}


def test_what_never_ran_is_neither_fresh_nor_stale():
    assert set(mark_nodes(CHAIN, {}, PRESENT).values()) == {NEVER}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"config_key": "other"}, "config"),
        ({"version": 0}, "code_version"),
        ({"expires_at": NOW}, "expired"),
        ({"failed": True, "output_hash": ""}, "error"),
        ({"seen": {"a": "older"}}, "inputs"),
        ({"seen": {"gone": "x"}}, "inputs"),
        ({"seen": {"a": "older"}, "seen_pinned": frozenset("a")}, "pin"),
    ],
)
def test_a_changed_node_is_stale_with_its_reason_and_all_below_maybe(fields, reason):
    assert mark_nodes(CHAIN, changed("b", **fields), PRESENT) == {
        "a": FRESH,
        "b": stale(reason),
        "c": MAYBE,
        "d": FRESH,
    }


def test_an_output_holds_until_it_expires():
    known = changed("b", expires_at=NOW + timedelta(seconds=1))
    assert mark_nodes(CHAIN, known, PRESENT)["b"] == FRESH


def test_an_edit_of_the_document_is_seen_and_a_cosmetic_one_is_not():
    def edited(**update):
        nodes = [n.model_copy(update=update) if n.id == "b" else n for n in CHAIN.nodes]
        return CHAIN.model_copy(update={"nodes": nodes})

    assert mark_nodes(edited(notes="hi", name="other"), runs(), PRESENT)["b"] == FRESH
    assert mark_nodes(edited(config={"mode": "set"}), runs(), PRESENT)["b"] == stale("config")


def test_other_inputs_make_their_readers_stale():
    known = changed("b", inputs_hash="old")
    assert mark_nodes(CHAIN, known, replace(PRESENT, inputs_hash="new"))["b"] == stale("inputs")
    assert mark_nodes(CHAIN, known, replace(PRESENT, inputs_hash="old"))["b"] == FRESH


def test_an_equal_fingerprint_wins_over_a_changed_output_above():
    known = changed("a", output_hash="new")
    present = replace(PRESENT, fingerprints={"b": "key-b"})
    assert mark_nodes(CHAIN, known, PRESENT)["b"] == stale("inputs")
    assert mark_nodes(CHAIN, known, present)["b"] == FRESH


def test_another_fingerprint_means_other_inputs():
    present = replace(PRESENT, fingerprints={"b": "other"})
    assert mark_nodes(CHAIN, runs(), present)["b"] == stale("inputs")


def test_a_pin_stands_and_what_read_the_output_before_it_is_stale():
    known = changed("a", config_key="other", pinned_hash="pinned")
    assert mark_nodes(CHAIN, known, PRESENT) == {
        "a": PINNED,
        "b": stale("pin"),
        "c": MAYBE,
        "d": FRESH,
    }


def test_a_pin_keeps_staleness_from_what_is_below():
    known = changed("a", config_key="other")
    known["b"] = replace(known["b"], pinned_hash="out-b")
    marks = mark_nodes(CHAIN, known, PRESENT)
    assert (marks["a"], marks["b"], marks["c"]) == (stale("config"), PINNED, FRESH)


def test_a_pin_alone_is_enough_for_a_node_that_never_ran():
    known = {**runs(), "a": LastRun(pinned_hash="out-a")}
    assert mark_nodes(CHAIN, known, PRESENT)["a"] == PINNED


def test_a_disabled_node_is_always_fresh():
    given = document(node("a"), node("b", disabled=True), node("c"), paths=("a b c",))
    marks = mark_nodes(given, {"c": runs()["c"]}, PRESENT)
    assert (marks["a"], marks["b"]) == (NEVER, FRESH)


def test_the_same_output_again_turns_what_is_below_fresh():
    known = changed("a", config_key="other")
    assert mark_nodes(CHAIN, known, PRESENT)["b"] == MAYBE
    again = replace(runs()["a"], fingerprint="another")
    assert set(mark_nodes(CHAIN, {**known, "a": again}, PRESENT).values()) == {FRESH}


def test_another_output_makes_its_readers_stale_wherever_they_stand():
    seen = {"b": {"a": "out-a"}, "c": {"b": "out-b", "a": "out-a"}}
    known = runs(seen=seen)
    new = replace(known["a"], output_hash="new")
    known = {**known, "a": new}
    marks = mark_nodes(CHAIN, known, PRESENT)
    assert (marks["b"], marks["c"]) == (stale("inputs"), stale("inputs"))
    again = replace(known["b"], seen={"a": "new"})
    marks = mark_nodes(CHAIN, {**known, "b": again}, PRESENT)
    assert (marks["b"], marks["c"]) == (FRESH, stale("inputs"))


BOXED = document(
    node("a"),
    loop("l"),
    node("x", parent="l"),
    node("y", parent="l"),
    node("z"),
    paths=("a l z", "x y"),
)


def test_staleness_goes_into_containers_and_out_of_them():
    known = runs(BOXED, {})
    known["a"] = replace(known["a"], failed=True)
    marks = mark_nodes(BOXED, known, PRESENT)
    assert marks == {"a": stale("error"), "l": MAYBE, "x": MAYBE, "y": MAYBE, "z": MAYBE}
    known = runs(BOXED, {})
    known["x"] = replace(known["x"], config_key="other")
    marks = mark_nodes(BOXED, known, PRESENT)
    assert marks == {"a": FRESH, "l": MAYBE, "x": stale("config"), "y": MAYBE, "z": MAYBE}


def test_containers_inside_of_containers_without_end_are_marked_all_the_same():
    deep = [loop("l0"), *(loop(f"l{at}", parent=f"l{at - 1}") for at in range(1, 1_500))]
    marks = mark_nodes(document(*deep), {}, PRESENT)
    assert len(marks) == 1_500
    assert set(marks.values()) == {NEVER}
