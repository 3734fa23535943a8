"""Documents of older formats."""

import pytest

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.upgrade import FORMAT, upgrade


def step(to):
    return lambda value: {**value, "format": to, "way": [*value.get("way", []), to]}


UPGRADES = {
    "old/1": step("old/2"),
    "old/2": step("new"),
    "round": step("again"),
    "again": step("round"),
}


def test_upgrades_follow_each_other_up_to_the_target():
    assert upgrade({"format": "old/1"}, UPGRADES, "new")["way"] == ["old/2", "new"]


def test_the_given_document_is_not_changed():
    given = {"format": "old/2"}
    upgrade(given, UPGRADES, "new")
    assert given == {"format": "old/2"}


def test_a_present_document_is_returned_as_it_is():
    given = {"format": FORMAT}
    assert upgrade(given) is given


@pytest.mark.parametrize("found", ["round", "future/9", None, 7, ["old/1"], {"a": 1}])
def test_a_format_that_leads_nowhere_is_refused(found):
    with pytest.raises(InvalidDocumentError):
        upgrade({"format": found}, UPGRADES, "new")
