"""docs/attacks.md: every row has a test, and every test named after a row finds it there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_ROW = re.compile(r"^\| (A\d+[a-h]?) \|", re.MULTILINE)
_NAMED = re.compile(r"def test((?:_a\d+[a-h]?)+)_\w+\(")
_CASE = re.compile(r"[\"'](A\d+[a-h]?)-")


def _tested() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        text = file.read_text()
        for names in _NAMED.findall(text):
            found |= {f"A{name}" for name in names.split("_a")[1:]}
        found |= set(_CASE.findall(text))
    return found


def test_every_attack_has_a_test_and_a_row() -> None:
    rows = _ROW.findall((ROOT / "docs" / "attacks.md").read_text())
    assert len(rows) == len(set(rows))
    assert set(rows) == _tested()
