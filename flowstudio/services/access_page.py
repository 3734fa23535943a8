"""`docs/access.md`, printed from the table of access.

Run it anew after a rule has changed: `python -m flowstudio.services.access_page > docs/access.md`.
"""

import sys
from collections.abc import Iterable, Sequence

from flowstudio.services.access import INSTANCE_ROLES, PROJECT_ROLES, RULES, SCOPES, Rule

_HEAD = """\
# Who may do what

Printed from `RULES` in `flowstudio/services/access.py` by `python -m flowstudio.services.access_page`.
REST, the pages, the command line and background work all ask this one table.

- A verb is a noun and what is done with it. Roles are lowest first; each has what those before it have.
- What belongs to a project one is no member of, or to somebody else, is answered like something that does not exist.
- Admins of the installation have no way into projects of others. What the command line ran by itself
  belongs to no project, and is seen by admins alone.
- Guests make no projects and no keys, and are viewers at most in any project, whatever role they were given.
- An API key does what its owner may do now, within its scopes. One that is limited to a project sees no
  other, makes none, and has no say over the installation. Verbs without a scope are for people alone.
- Handing a project on, and making a key or replacing it, need a password given in the last 15 minutes.
- Whoever holds the machine may do everything by the command line.
"""


def access_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(
        [
            _HEAD,
            *_section("In a project", "project", PROJECT_ROLES),
            *_section("Of the person alone", "own", INSTANCE_ROLES),
            *_section("Of the whole installation", "instance", INSTANCE_ROLES),
            "## Without an account\n",
            f"{_code(verb for verb, _ in _rules('anyone'))}.\n",
            "## Scopes of API keys\n",
            *_table(("scope", "lets a key"), [(f"`{scope}`", _of(scope)) for scope in SCOPES]),
        ]
    )


def _section(title: str, level: str, roles: Sequence[str]) -> list[str]:
    rows = []
    for verb, rule in _rules(level):
        least = roles.index(rule.least)
        marks = ("✓" if number >= least else "" for number in range(len(roles)))
        rows.append((f"`{verb}`", *marks, f"`{rule.scope}`" if rule.scope else "no key"))
    return [f"## {title}\n", *_table(("verb", *roles, "scope"), rows), ""]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rules(level: str) -> list[tuple[str, Rule]]:
    return [(verb, RULES[verb]) for verb in sorted(RULES) if RULES[verb].level == level]


def _of(scope: str) -> str:
    return _code(sorted(verb for verb, rule in RULES.items() if rule.scope == scope))


def _code(verbs: Iterable[str]) -> str:
    return ", ".join(f"`{verb}`" for verb in verbs)


if __name__ == "__main__":
    sys.stdout.write(f"{access_page()}\n")
