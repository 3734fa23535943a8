import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flowstudio.engine.costs import CostRange
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.pill import LABELS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "free"),
        ("0.00004", "< $0.0001"),
        ("0.0031", "$0.0031"),
        ("1.2", "$1.20"),
        ("1234.5", "$1,234.50"),
    ],
)
def test_money_shows_the_digits_that_matter(usd: str, text: str) -> None:
    assert words.money(Decimal(usd)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.084, "84 ms"), (6.24, "6.2 s"), (130, "2 m 10 s"), (11_100, "3 h 5 m")],
)
def test_durations_grow_into_larger_units(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=10), "now"),
        (timedelta(minutes=6), "6 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2), "20 Nov"),
        (timedelta(days=400), "18 Oct 2025"),
    ],
)
def test_moments_become_coarser_with_age(back: timedelta, text: str) -> None:
    assert words.ago(NOW - back, NOW) == text


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=6), "6 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2), "on 20 Nov"),
    ],
)
def test_moments_after_a_verb_are_words_of_a_sentence(back: timedelta, text: str) -> None:
    assert words.since(NOW - back, NOW) == text


def test_one_is_not_plural() -> None:
    assert (words.count(1, "node"), words.count(2, "node")) == ("1 node", "2 nodes")


def test_a_prediction_says_who_answers_and_what_it_costs() -> None:
    cost = CostRange(Decimal("0.001"), Decimal("0.003"), Decimal("0.01"), calls=2)
    endless = CostRange(Decimal("0.001"), Decimal("0.003"), Decimal("0.01"), 2, is_open=True)
    assert words.predicted(cost, calls_models=True, is_free=False) == "about $0.0030 a run"
    assert words.predicted(endless, calls_models=True, is_free=False) == "from $0.0010 a run"
    assert words.predicted(cost, calls_models=True, is_free=True) == "free · built-in model"
    assert words.predicted(cost, calls_models=False, is_free=False) == "free · no model calls"


def test_the_editor_calls_states_and_mends_by_the_names_that_pages_use() -> None:
    scripts = Path("assets/components/editor")
    faces = (scripts / "faces.js").read_text()
    said = dict(re.findall(r'(\w+): "([^"]+)"', faces.partition("RUN_LABELS")[2].partition("}")[0]))
    assert said == {status: LABELS[status] for status in said}
    said = dict(
        re.findall(r'(\w+): "([^"]+)"', faces.partition("STEP_LABELS")[2].partition("}")[0])
    )
    del said["idle"], said["waiting"]
    assert said == {status: LABELS[status] for status in said}
    for name in ("inspector", "drawer"):
        assert "MENDS[problem.mend.kind]" in (scripts / f"{name}.jsx").read_text()
