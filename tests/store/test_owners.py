import subprocess
import sys

from flowstudio.scale.owners import FileOwners

HOLD = """
import sys
from pathlib import Path
from flowstudio.scale.owners import FileOwners
owners = FileOwners(Path(sys.argv[1]))
print(owners.name, flush=True)
sys.stdin.read()
"""


def test_a_process_is_alive_until_it_is_killed(tmp_path):
    mine = FileOwners(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        name = other.stdout.readline().strip()
        assert mine.is_alive(name)
        other.kill()
        other.wait()
        assert not mine.is_alive(name)
    mine.close()


def test_what_a_dead_process_left_is_cleared_away(tmp_path):
    mine = FileOwners(tmp_path)
    (tmp_path / "gone.lock").touch()
    assert not mine.is_alive("gone")
    assert {path.stem for path in tmp_path.iterdir()} == {mine.name}
    mine.close()
    assert list(tmp_path.iterdir()) == []


def test_a_name_nobody_ever_had_is_not_alive(tmp_path):
    mine = FileOwners(tmp_path)
    assert mine.is_alive(mine.name)
    assert not mine.is_alive("nobody")
    mine.close()
