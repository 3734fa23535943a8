"""Marks told by several processes at once: whoever hears has all of them, or knows to ask."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowstudio.services.draft_told import ToldMarks, key_of

FRESH, STALE = {"state": "fresh", "reason": None}, {"state": "stale", "reason": "config"}
Message = dict[str, Any]


class Page:
    """What a page knows, by the rules of `assets/components/editor/draft.js`."""

    def __init__(self) -> None:
        self.marks: Message = {}
        self.key, self.revision = "", 0

    def hear(self, message: Message) -> None:
        whole = message["marks_from"] == ""
        is_next = (whole or message["marks_from"] == self.key) and (
            message["revision"] >= self.revision
        )
        self.marks = message["marks"] if whole else {**self.marks, **message["marks"]}
        self.key = message["marks_key"] if is_next else ""
        self.revision = max(self.revision, message["revision"])


def test_of_what_was_told_before_only_the_difference_is_told() -> None:
    told = ToldMarks()
    whole = told.changed("w", 1, {"a": FRESH, "b": FRESH})
    assert (whole["marks"], whole["marks_from"]) == ({"a": FRESH, "b": FRESH}, "")
    later = told.changed("w", 2, {"a": STALE, "b": FRESH})
    assert (later["marks"], later["marks_from"]) == ({"a": STALE}, whole["marks_key"])
    same = told.changed("w", 3, {"a": STALE, "b": FRESH})
    assert (same["marks"], same["marks_from"]) == ({}, same["marks_key"])


def test_what_another_process_has_told_counts_however_often_it_is_heard() -> None:
    here, there, page = ToldMarks(), ToldMarks(), Page()
    turns = [(here, there, FRESH), (there, here, STALE), (here, there, FRESH)]
    for revision, (teller, hearer, state) in enumerate(turns):
        message = teller.changed("w", revision, {"a": state, "b": FRESH})
        assert message["marks_from"] == page.key
        page.hear(message)
        for _tab in range(3):
            hearer.heard("w", message)
            teller.heard("w", message)
        assert page.marks == {"a": state, "b": FRESH}


class World:
    """Three processes with a page each; what one tells, it hears first, and the others any time later."""

    def __init__(self) -> None:
        self.processes, self.pages = [ToldMarks() for _ in range(3)], [Page() for _ in range(3)]
        self.waiting: list[list[Message]] = [[], [], []]

    def tell(self, who: int, revision: int, marks: Message) -> None:
        message = self.processes[who].changed("w", revision, marks)
        self.pages[who].hear(message)
        for place in {0, 1, 2} - {who}:
            self.waiting[place].append(message)

    def hear(self, place: int, most: int) -> None:
        for message in self.waiting[place][:most]:
            self.pages[place].hear(message)
            self.processes[place].heard("w", message)
            page = self.pages[place]
            assert page.key in ("", key_of(page.marks))
        del self.waiting[place][:most]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.booleans(), st.integers(0, 2)))
)
def test_a_page_has_the_marks_of_the_latest_revision_or_knows_to_ask(
    changes: list[tuple[int, str, bool, int]],
) -> None:
    world, marks = World(), dict.fromkeys("abc", FRESH)
    for place in range(3):
        world.tell(place, 0, marks)
    for revision, (who, name, is_stale, heard) in enumerate(changes, start=1):
        marks = {**marks, name: STALE if is_stale else FRESH}
        world.tell(who, revision, marks)
        world.hear(heard, 2)
    for place in range(3):
        world.hear(place, 1_000)
    assert all(page.marks == marks for page in world.pages if page.key)
