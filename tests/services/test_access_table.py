"""The table of access, asked about everybody there is.

`TABLE` is written down here a second time on purpose: who changes a rule has to change it here too.
"""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from flowstudio.errors import AccessDeniedError, NotFoundError, NotSignedInError
from flowstudio.services.access import (
    NOBODY,
    OPERATOR,
    RULES,
    SCOPES,
    Actor,
    Target,
    authorize,
    is_allowed,
)
from flowstudio.services.access_page import access_page

#: Verb, where it is decided, the least role there, and the scope a key needs.
TABLE = """
account.delete     own       guest   -
account.edit       own       guest   -
account.export     own       guest   -
account.read       own       guest   account:read
account.recover    anyone    -       -
account.register   anyone    -       -
answer_link.answer anyone    -       -
answer_link.look   anyone    -       -
audit.read         instance  admin   admin:read
backup.create      instance  admin   -
backup.restore     instance  admin   -
comment.read       project   viewer  workflows:read
comment.write      project   viewer  workflows:write
credential.create  project   editor  credentials:write
credential.delete  project   editor  credentials:write
credential.edit    project   editor  credentials:write
credential.read    project   editor  credentials:read
dead_run.steer     own       user    runs:write
draft.edit         project   editor  workflows:write
draft.read         project   viewer  workflows:read
draft.run          project   runner  runs:write
health.look        anyone    -       -
health.read        instance  admin   admin:read
identity.link      own       guest   -
identity.read      own       guest   -
identity.unlink    own       guest   -
instance.look      anyone    -       -
instance.setup     anyone    -       -
invitation.answer  own       guest   -
invitation.create  project   owner   projects:write
invitation.look    anyone    -       -
invitation.read    project   owner   projects:read
invitation.revoke  project   owner   projects:write
key.create         own       user    -
key.read           own       guest   account:read
key.revoke         own       guest   -
key.rotate         own       user    -
leftover.remove    instance  admin   -
member.edit        project   owner   projects:write
member.leave       project   viewer  -
member.read        project   viewer  projects:read
member.remove      project   owner   projects:write
metrics.read       instance  admin   admin:read
model.read         own       guest   workflows:read
node_type.read     own       guest   workflows:read
notification.edit  own       guest   -
notification.read  own       guest   account:read
preview.make       project   editor  runs:read
project.audit      project   owner   projects:read
project.create     own       user    projects:write
project.delete     project   owner   projects:write
project.edit       project   owner   projects:write
project.list       own       guest   projects:read
project.read       project   viewer  projects:read
project.transfer   project   owner   -
queue.edit         instance  admin   admin:write
queue.read         instance  admin   admin:read
run.answer         project   runner  runs:write
run.assign         project   runner  runs:write
run.delete         project   editor  runs:write
run.document       project   editor  runs:write
run.list           own       guest   runs:read
run.prune          instance  admin   admin:write
run.read           project   viewer  runs:read
run.steer          project   runner  runs:write
schedule.edit      project   editor  runs:write
schedule.list      own       guest   runs:read
schedule.preview   own       guest   runs:read
schedule.read      project   viewer  runs:read
schedule.run       project   runner  runs:write
secret.rotate      instance  admin   -
session.close      anyone    -       -
session.open       anyone    -       -
session.prove      own       guest   -
session.read       own       guest   account:read
session.refresh    anyone    -       -
session.revoke     own       guest   -
setting.edit       instance  admin   admin:write
setting.read       instance  admin   admin:read
template.read      own       guest   workflows:read
user.create        instance  admin   -
user.delete        instance  admin   -
user.edit          instance  admin   admin:write
user.password      instance  admin   -
user.read          instance  admin   admin:read
version.create     project   editor  workflows:write
version.read       project   viewer  workflows:read
version.restore    project   editor  workflows:write
webhook.call       anyone    -       -
webhook.edit       project   editor  workflows:write
webhook.read       project   viewer  workflows:read
workflow.check     project   viewer  workflows:read
workflow.create    project   editor  workflows:write
workflow.delete    project   editor  workflows:write
workflow.edit      project   editor  workflows:write
workflow.export    project   editor  workflows:read
workflow.list      own       guest   workflows:read
workflow.publish   project   editor  workflows:write
workflow.read      project   viewer  workflows:read
workflow.restore   project   editor  workflows:write
workflow.run       project   runner  runs:write
"""
RANKS = {
    "own": ("guest", "user", "admin"),
    "instance": ("guest", "user", "admin"),
    "project": ("viewer", "runner", "editor", "owner"),
}
HERE, ELSEWHERE, ME, OTHER = "p-here", "p-elsewhere", "u-me", "u-other"


@dataclass(frozen=True)
class Line:
    verb: str
    level: str
    least: str
    scope: str


LINES = [Line(*line.split()) for line in TABLE.split("\n") if line]


def rank(line: Line, role: str) -> int:
    return RANKS[line.level].index(role)


def enough(line: Line, role: str) -> bool:
    return rank(line, role) >= rank(line, line.least)


def expected(line: Line, role: str, member: str, key: str, whose: str) -> str:
    """What somebody must hear, worked out from the line alone.

    `member` is their role in the project the target is of, `key` the key they use, and `whose`
    says whether the target is theirs, another's, or nobody's in particular.
    """
    if line.level == "anyone":
        return "yes"
    if line.level == "project":
        heard = expected_in_project(line, role, member, key, whose)
    elif whose == "another's" and line.level == "own":
        heard = "hidden"
    elif line.level == "instance" and "limited" in key:
        heard = "denied"
    else:
        heard = "yes" if enough(line, role) else "denied"
    if heard == "yes" and key and (line.scope == "-" or key == "without scope"):
        return "denied"
    return heard


def expected_in_project(line: Line, role: str, member: str, key: str, whose: str) -> str:
    if whose == "no project":
        return "yes" if role == "admin" and "limited" not in key else "hidden"
    if not member or key == "limited elsewhere":
        return "hidden"
    return "yes" if enough(line, "viewer" if role == "guest" else member) else "denied"


def outcome(actor: Actor, line: Line, target: Target) -> str:
    try:
        authorize(actor, line.verb, target)
    except NotSignedInError:
        return "sign in"
    except NotFoundError:
        return "hidden"
    except AccessDeniedError:
        return "denied"
    return "yes"


def target_of(line: Line, whose: str) -> Target:
    if line.level == "project":
        return Target("thing", "id", "" if whose == "no project" else HERE)
    return Target("thing", "id", user_id={"mine": ME, "another's": OTHER, "no project": ""}[whose])


def actor_with(line: Line, role: str, member: str, key: str) -> Actor:
    places = {HERE: member, ELSEWHERE: "owner"} if member else {ELSEWHERE: "owner"}
    actor = Actor("me@example.com", role, ME, places)
    if not key:
        return replace(actor, session_id="s")
    without = frozenset(SCOPES) - {line.scope}
    limited = {"limited here": HERE, "limited elsewhere": ELSEWHERE}.get(key, "")
    scopes = without if key == "without scope" else frozenset(SCOPES)
    return replace(actor, key_id="k", scopes=scopes, project_id=limited)


def test_the_table_is_written_down_here_too():
    assert {line.verb: (line.level, line.least, line.scope) for line in LINES} == {
        verb: (rule.level, rule.least or "-", rule.scope or "-") for verb, rule in RULES.items()
    }
    assert [line.verb for line in LINES] == sorted(RULES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.verb)
def test_a19_a21_a23_a35_everybody_may_do_what_the_table_says_and_no_more(line):
    roles, members = ("guest", "user", "admin"), ("", "viewer", "runner", "editor", "owner")
    keys = ("", "with scope", "without scope", "limited here", "limited elsewhere")
    whoses = ("mine", "another's", "no project")
    asked = 0
    for role, member, key, whose in product(roles, members, keys, whoses):
        actor = actor_with(line, role, member, key)
        heard = outcome(actor, line, target_of(line, whose))
        assert heard == expected(line, role, member, key, whose), (role, member, key, whose)
        asked += 1
    assert asked == 225


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.verb)
def test_a24_nobody_is_asked_to_sign_in_and_who_holds_the_machine_is_not(line):
    for whose in ("mine", "another's", "no project"):
        target = target_of(line, whose)
        assert outcome(NOBODY, line, target) == ("yes" if line.level == "anyone" else "sign in")
        assert outcome(OPERATOR, line, target) == "yes"


def test_every_scope_is_good_for_something_and_none_is_unknown():
    assert {line.scope for line in LINES if line.scope != "-"} == set(SCOPES)


def test_reading_scopes_let_nothing_be_changed():
    changing = {"create", "edit", "delete", "remove", "revoke", "run", "steer", "answer", "rotate"}
    changing |= {"transfer", "leave", "link", "unlink", "password", "document", "prove"}
    for line in LINES:
        if line.scope.endswith(":read"):
            assert line.verb.partition(".")[2] not in changing, line


def test_docs_access_is_printed_from_the_table():
    page = Path(__file__).parents[2] / "docs" / "access.md"
    assert page.read_text() == f"{access_page()}\n", (
        "Run: python -m flowstudio.services.access_page > docs/access.md"
    )


def test_what_is_offered_is_what_is_allowed() -> None:
    here, nowhere = Target("run", "r", "p"), Target("run", "r")
    admin = Actor("a@example.com", "admin", "a")
    runner = Actor("b@example.com", "user", "b", memberships={"p": "runner"})
    assert is_allowed(admin, "run.steer", nowhere)
    assert not is_allowed(admin, "run.steer", here)
    assert is_allowed(runner, "run.steer", here)
    assert not is_allowed(runner, "run.delete", here)
    assert not is_allowed(runner, "run.steer", nowhere)
    assert not is_allowed(NOBODY, "run.steer", here)
