"""The secret key on the command line, and the start without it."""

import hashlib
from pathlib import Path

import pytest

from tests.cli.flowstudio_command import CommandLine


def content(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_keys_are_listed_and_changed_without_being_shown(command: CommandLine) -> None:
    code, first = command.json("secrets", "list")
    assert (code, len(first), first[0]["credentials"]) == (0, 1, 0)
    code, done = command.json("secrets", "rotate")
    assert (code, done["kept"]) == (0, [first[0]["id"]])
    assert [key["id"] for key in command.json("secrets", "list")[1]] == [
        done["key_id"],
        first[0]["id"],
    ]
    code, told, _ = command.run("secrets", "rotate", "--prune")
    assert code == 0
    keys = (command.data / "secret.key").read_text().split()
    assert len(keys) == 1
    assert keys[0] not in told
    assert done["key_id"] in told


@pytest.mark.parametrize("way", ["lost", "wrong"])
def test_f20_no_command_starts_a_server_without_the_right_key(
    command: CommandLine, way: str
) -> None:
    assert command.run("secrets", "list")[0] == 0
    path = command.data / "secret.key"
    if way == "lost":
        path.unlink()
    else:
        path.write_text("another key that is long enough to be one\n")
    before = content(command.data)
    for arguments in (("start",), ("secrets", "rotate"), ("secrets", "list")):
        code, out, err = command.run(*arguments)
        assert (code, out) == (1, "")
        assert err.startswith("Error: The secret key")
        assert err.count("\n") == 1
        assert "Traceback" not in err
    code, findings = command.json("doctor")
    (finding,) = [found for found in findings if found["what"] == "Secret key"]
    assert (code, finding["is_well"]) == (1, False)
    assert "Nothing was changed" in finding["says"]
    assert content(command.data) == before


def test_the_doctor_finds_the_key_and_makes_none(command: CommandLine) -> None:
    _, findings = command.json("doctor")
    (finding,) = [found for found in findings if found["what"] == "Secret key"]
    assert finding["is_well"]
    assert "the first start makes" in finding["says"]
    assert not (command.data / "secret.key").exists()
