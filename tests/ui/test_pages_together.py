"""Open editors over lines that break agree with the server in the end, and nothing typed is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

NODE = str(Path(sys.executable).parent / "node")
SCRIPT = Path(__file__).with_name("pages_together.mjs")
#: FLOWSTUDIO_LONG=1 asks for more of it.
PLAYS = 300 if os.environ.get("FLOWSTUDIO_LONG") else 8  # noqa: TID251 - not a setting


def test_whatever_breaks_the_pages_agree_and_nothing_typed_is_lost() -> None:
    told = json.dumps({"seeds": list(range(1, PLAYS + 1)), "steps": 400})
    done = subprocess.run(
        [NODE, "--experimental-vm-modules", "--no-warnings", SCRIPT],
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
