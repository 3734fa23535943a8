import pytest

from flowstudio.errors import ExpressionError
from flowstudio.expressions.paths import walk

NAMES = {
    "search": {"results": [{"title": "First"}, {"title": "Second"}], "odd key": 1},
    "inputs": {"topic": "bees", "count": 3, "ready": True, "nothing": None},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("inputs",), NAMES["inputs"]),
        (("inputs", "topic"), "bees"),
        (("inputs", "nothing"), None),
        (("inputs", "topic", 0), "b"),
        (("search", "results", 0, "title"), "First"),
        (("search", "results", -1, "title"), "Second"),
        (("search", "odd key"), 1),
    ],
)
def test_a_path_leads_to_its_value(path, value):
    assert walk(path, NAMES) == value


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            ("search", "result"),
            "`search.result`: 'search' has no 'result'; it has: results, odd key.",
        ),
        (
            ("search", "results", 0, "name", "x"),
            "`search.results[0].name.x`: 'search.results[0]' has no 'name'; it has: title.",
        ),
        (
            ("search", "results", 2),
            "`search.results[2]`: 'search.results' has 2 entries, so there is no [2].",
        ),
        (
            ("search", "results", "title"),
            "`search.results.title`: 'search.results' is a list, so it has no 'title'; "
            "pick an entry, such as [0].",
        ),
        (("search", "new key"), "`search['new key']`: 'search' has no 'new key'; it has: results"),
        (("search", 0), "`search[0]`: 'search' has no [0]; it has: results, odd key."),
        (
            ("inputs", "nothing", "x"),
            "`inputs.nothing.x`: 'inputs.nothing' is null, so it has no 'x'.",
        ),
        (("inputs", "nothing", 0), "'inputs.nothing' is null, so it has no [0]."),
        (("inputs", "topic", "x"), "'inputs.topic' is text, so it has no 'x'."),
        (("inputs", "topic", 9), "'inputs.topic' is text, so it has no [9]."),
        (("inputs", "count", "x"), "'inputs.count' is a number, so it has no 'x'."),
        (("inputs", "ready", 0), "'inputs.ready' is true or false, so it has no [0]."),
        (("nobody", "x"), "'nobody' is not known here"),
    ],
)
def test_a_missing_key_says_what_exists(path, message):
    with pytest.raises(ExpressionError) as caught:
        walk(path, NAMES)
    assert message in str(caught.value)


def test_only_the_first_keys_of_a_large_object_are_listed():
    with pytest.raises(ExpressionError) as caught:
        walk(("big", "x"), {"big": {f"key{number}": 0 for number in range(1000)}})
    assert str(caught.value).endswith("key18, key19, ….")


def test_an_empty_object_has_nothing():
    with pytest.raises(ExpressionError, match="it has: nothing"):
        walk(("empty", "x"), {"empty": {}})
