"""`flowstudio users`, as whoever holds the machine runs it."""

import json

import pytest

PASSWORD = "a long walk by the river"  # noqa: S105 - for tests


def test_people_are_made_listed_and_made_admins(command):
    code, out, err = command.run("users", "create", "Ann@example.com", typed=f"{PASSWORD}\n")
    assert (code, out, err) == (0, "Made the account ann@example.com (user).\n", "")
    code, told = command.json("users", "create", "bob@example.com", "--generate", "--role", "guest")
    assert code == 0
    assert len(told["password"]) >= 20
    assert command.run("users", "make-admin", "ann@example.com")[0] == 0
    code, out, _ = command.run("users", "list", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["email"], row["role"], row["is_active"]) for row in rows] == [
        ("ann@example.com", "admin", True),
        ("bob@example.com", "guest", True),
    ]
    code, out, _ = command.run("users", "list", "--search", "bob")
    assert out.split()[:2] == ["guest", "bob@example.com"]
    code, out, _ = command.run("users", "reset-password", "ann@example.com", "--generate")
    assert code == 0
    assert out.splitlines()[1].startswith("Password: ")


@pytest.mark.parametrize(
    ("arguments", "text", "code", "told"),
    [
        (("create", "no address"), PASSWORD, 2, "does not read"),
        (("create", "ann@example.com"), "short", 2, "12 to 200 characters"),
        (("make-admin", "nobody@example.com"), "", 1, "Nobody has the address"),
        (("reset-password", "nobody@example.com"), PASSWORD, 1, "Nobody has the address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(command, arguments, text, code, told):
    found, out, err = command.run("users", *arguments, typed=text)
    assert (found, out) == (code, "")
    assert told in err
    assert "Traceback" not in err
