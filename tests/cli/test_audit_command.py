"""The audit log on the command line."""

import csv
import io
import json
import sqlite3
from contextlib import closing

from tests.cli.flowstudio_command import CommandLine


def fill(command: CommandLine) -> None:
    """Two entries, by way of the command that changes the secret key."""
    for _ in range(2):
        code, _, err = command.run("secrets", "rotate")
        assert code == 0, err


def test_a_whole_log_is_proved_also_without_the_secret_key(command: CommandLine) -> None:
    code, out, _ = command.run("audit", "verify")
    assert (code, out) == (0, "All 0 entries are as they were written, and none is missing.\n")
    fill(command)
    (command.data / "secret.key").unlink()
    code, out, _ = command.run("audit", "verify")
    assert (code, out) == (0, "All 2 entries are as they were written, and none is missing.\n")


def test_a_broken_log_ends_with_exit_code_1_and_a_sentence(command: CommandLine) -> None:
    fill(command)
    with closing(sqlite3.connect(command.data / "flowstudio.db")) as database, database:
        database.execute("DROP TRIGGER audit_entry_no_update")
        database.execute("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2")
    code, out, err = command.run("audit", "verify")
    assert (code, out, err) == (1, "", "Entry 2 was changed after it was written.\n")


def test_the_log_is_printed_as_lines_of_json_or_as_csv(command: CommandLine) -> None:
    fill(command)
    code, out, _ = command.run("audit", "export")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["seq"] for row in rows]) == (0, [2, 1])
    assert {row["actor"] for row in rows} == {"operator"}
    _, out, _ = command.run("audit", "export", "--csv", "--since", "2020-01-01")
    head, *lines = list(csv.reader(io.StringIO(out)))
    assert [dict(zip(head, line, strict=True))["hash"] for line in lines] == [
        row["hash"] for row in rows
    ]
    _, out, _ = command.run("audit", "export", "--since", "2100-01-01T00:00+02:00")
    assert out == ""
    code, _, err = command.run("audit", "export", "--since", "yesterday")
    assert code == 2
    assert "such as 2026-11-24" in err
