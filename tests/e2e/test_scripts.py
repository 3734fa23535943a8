"""What the scripts of the pages say, as the packages they are built with read it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("site")
def test_no_script_uses_a_name_that_nobody_gave_it_or_imports_one_for_nothing() -> None:
    node = Path(sys.executable).parent / "node"
    script = Path(__file__).with_name("unknown_names.mjs")
    told = subprocess.run(
        [node, script, ROOT / ".web" / "node_modules", ROOT / "assets"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == ""
