"""How messages travel to the editor's page."""

from typing import Any

from flowstudio.ui.editor.telling import frames_of
from flowstudio.ui.live import push


def text(node: str, words: str, part: str = "") -> dict[str, Any]:
    return {"t": "text", "node": node, "text": words} | ({"part": part} if part else {})


def step(node: str) -> dict[str, Any]:
    return {"t": "step", "node": node, "status": "running"}


def test_text_travels_in_frames_of_its_own_and_in_order() -> None:
    told = [
        step("a"),
        text("a", "one "),
        text("a", "two"),
        step("b"),
        step("c"),
        text("b", "three"),
    ]
    assert list(frames_of(told)) == [
        [("edit", "", step("a"))],
        [("t", "a", "one two")],
        [("edit", "", step("b")), ("edit", "", step("c"))],
        [("t", "b", "three")],
    ]


def test_parts_of_a_text_are_named_with_each_piece() -> None:
    told = [text("a", "x", "m1"), text("a", "y", "m2"), text("b", "z")]
    assert list(frames_of(told)) == [
        [("t", "a", ["x", "m1"])],
        [("t", "a", ["y", "m2"])],
        [("t", "b", "z")],
    ]


def test_a_text_that_begins_anew_takes_the_place_of_what_was_there() -> None:
    told = [text("a", "one"), text("a", "") | {"begins": True}, text("a", "two")]
    assert list(frames_of(told)) == [[("t", "a", "one")], [("t", "a", None)], [("t", "a", "two")]]
    told = [text("a", "one"), text("a", "two") | {"begins": True}, text("a", " three")]
    assert list(frames_of(told)) == [
        [("t", "a", "one")],
        [("t", "a", None)],
        [("t", "a", "two three")],
    ]


def test_nothing_is_told_of_nothing() -> None:
    assert list(frames_of([])) == []


def value_of(event: Any) -> str:
    return str(next(value for name, value in event.args if str(name) == "value")._var_value)


def test_a_piece_of_text_is_sent_as_such() -> None:
    assert value_of(push(("t", "speak", 'größer\n"x"'))) == 'speak größer\n"x"'


def test_what_else_is_pushed_holds_no_needless_byte() -> None:
    assert value_of(push(("t", "a", ["x", "m1"]), ("toast", "info", "größer"))) == (
        '[["t","a",["x","m1"]],["toast","info","größer"]]'
    )


def test_of_what_a_tab_says_of_its_person_only_the_last_travels() -> None:
    def here(user: str, tab: str, x: int, *, answer: bool = True) -> dict[str, Any]:
        return {"t": "people", "user_id": user, "tab": tab, "cursor": {"x": x}, "answer": answer}

    told = [here("ann", "1", 0, answer=False), here("bob", "1", 7), step("a")]
    told += [here("ann", "1", x) for x in range(1, 100)]
    assert list(frames_of(told)) == [
        [
            ("edit", "", step("a")),
            # The first of these asked the others to answer.
            ("edit", "", here("ann", "1", 99, answer=False)),
            ("edit", "", here("bob", "1", 7)),
        ]
    ]
