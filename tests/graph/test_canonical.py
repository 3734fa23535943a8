"""One JSON text per value."""

import datetime
import math

import pytest

from flowstudio.errors import StepError
from flowstudio.graph.canonical import dump, dump_in_order, hash_value, load


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_the_order_of_keys_does_not_matter():
    assert hash_value({"a": 1, "b": [{"c": 2, "d": 3}]}) == hash_value(
        {"b": [{"d": 3, "c": 2}], "a": 1}
    )


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, "1"), (0, None), ([], {}), ("", None)])
def test_different_values_have_different_hashes(one, other):
    assert hash_value(one) != hash_value(other)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1.5, "é\n\u2028", [], {}, {"a": [1, {"b": None}]}, 2**63, 10**40, -(10**40)],
)
def test_a_value_reads_back_as_it_was(value):
    back = load(dump([value]))[0]
    assert (back, type(back)) == (value, type(value))
    assert load(dump(value).decode()) == value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [None, {"a": math.inf}],
        {"a": (-math.inf,)},
        {1, 2},
        b"bytes",
        object(),
        datetime.datetime.now(datetime.UTC),
        {"a": "\ud800"},
        {(1, 2): 3},
        nested(400),
        nested(100_000),
        {"big": 10**40, "nan": math.nan},
    ],
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(StepError, match="cannot be kept as JSON"):
        dump(value)


def test_a_null_is_no_nan():
    assert dump([None, "null"]) == b'[null,"null"]'


def test_lists_of_usual_depth_are_kept():
    assert load(dump(nested(200))) == nested(200)


def test_in_order_keys_stay_as_they_stand_and_mean_the_same() -> None:
    value = {"b": 1, "a": {"d": 2**70, "c": None}}
    assert dump_in_order(value) == b'{"b":1,"a":{"d":1180591620717411303424,"c":null}}'
    assert hash_value(load(dump_in_order(value))) == hash_value(value)
