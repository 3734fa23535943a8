"""Projects: made, found, renamed, deleted and handed on."""

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    ProofNeededError,
)
from flowstudio.services.access import NOBODY
from flowstudio.services.keys import KeyService, NewKey
from flowstudio.services.projects import ProjectService
from flowstudio.store.members import put_member
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.credentials import CredentialRow
from flowstudio.store.tables.keys import ApiKeyRow
from flowstudio.store.tables.projects import InvitationRow, MemberRow, ProjectRow
from flowstudio.store.tables.runs import (
    DocumentRow,
    ModelCallRow,
    RunEventRow,
    RunRow,
    SignalRow,
)
from flowstudio.store.tables.workflows import WorkflowRow
from tests.parts import studio_parts
from tests.people import HERE, actor_of, long_ago, person, project_of

ROLES = ("viewer", "runner", "editor", "owner")


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def projects(parts):
    return ProjectService(parts)


@pytest.fixture
def ann(parts):
    return person(parts)


def joined(parts, project_id, role, email="bob@example.com", instance_role="user"):
    """Somebody else with a role in the project."""
    other = person(parts, email, instance_role)
    now = parts.clock.now()
    parts.records.write_now(lambda session: put_member(session, project_id, other.id, role, now))
    return actor_of(parts, other.id)


def rows(parts, table):
    return parts.records.read_now(lambda session: list(session.exec(select(table))))


def verbs(parts):
    return [row.verb for row in sorted(rows(parts, AuditRow), key=lambda row: row.seq)]


def add_run(parts, project_id, run_id, status):
    """A run with a line of everything that hangs on it."""
    now = parts.clock.now()

    def work(session):
        session.merge(DocumentRow(hash="d", body=b"{}"))
        session.flush()
        session.add(
            RunRow(
                id=run_id,
                document_hash="d",
                workflow="w",
                project_id=project_id,
                status=status,
                inputs="{}",
                trigger="{}",
                created_at=now,
            )
        )
        session.flush()
        session.add(
            RunEventRow(run_id=run_id, seq=1, at=now, type="t", node="n", path="p", data="{}")
        )
        session.add(SignalRow(run_id=run_id, kind="cancel", at=now))
        session.add(
            ModelCallRow(
                run_id=run_id,
                path="p",
                config_key="c",
                model="m",
                prompt_tokens=1,
                completion_tokens=1,
                predicted_usd="0",
                cost_usd="0",
                at=now,
            )
        )

    parts.records.write_now(work)


async def test_who_makes_a_project_owns_it(parts, projects, ann):
    made = await projects.create(ann, "  Customer mail ")
    assert made.name == "Customer mail"
    assert actor_of(parts, ann.id).memberships[made.id] == "owner"
    assert verbs(parts) == ["project.create"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[31mred", "a\u202eb"])
async def test_a_name_is_one_line_of_1_to_100_characters(parts, projects, ann, name):
    for attempt in (
        projects.create(ann, name),
        projects.rename(ann, project_of(ann), name),
    ):
        with pytest.raises(InvalidInputError):
            await attempt
    assert verbs(parts) == []


async def test_guests_make_no_projects(parts, projects):
    guest = person(parts, "guest@example.com", "guest")
    with pytest.raises(AccessDeniedError):
        await projects.create(guest, "Mine")
    with pytest.raises(NotSignedInError):
        await projects.create(NOBODY, "Mine")


async def test_projects_are_listed_in_pieces_and_only_ones_own(parts, projects, ann):
    person(parts, "bob@example.com")
    made = [project_of(ann)] + [(await projects.create(ann, f"P{n}")).id for n in range(4)]
    ann = actor_of(parts, ann.id)
    first = await projects.list_projects(ann, limit=3)
    second = await projects.list_projects(ann, limit=3, after=first.next)
    assert [item.id for item in first.items + second.items] == made
    assert second.next is None


async def test_a19_a_project_of_others_is_not_there_for_anybody_else(parts, projects, ann):
    project_id = project_of(ann)
    outsiders = [
        person(parts, "bob@example.com"),
        person(parts, "guest@example.com", "guest"),
        person(parts, "admin@example.com", "admin"),
    ]
    for outsider in outsiders:
        for there in (project_id, "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e", ""):
            for attempt in (
                projects.get(outsider, there),
                projects.rename(outsider, there, "Mine"),
                projects.delete(outsider, there),
                projects.transfer(outsider, there, outsider.id),
            ):
                with pytest.raises(NotFoundError, match=r"There is no such project\."):
                    await attempt
    assert rows(parts, AuditRow) == []
    assert (await projects.get(ann, project_id)).name == "Ann's project"


@pytest.mark.parametrize("role", ROLES)
async def test_members_see_a_project_and_only_owners_change_it(parts, projects, ann, role):
    project_id = project_of(ann)
    bob = joined(parts, project_id, role)
    assert (await projects.get(bob, project_id)).id == project_id
    if role == "owner":
        assert (await projects.rename(bob, project_id, "Ours")).name == "Ours"
        await projects.delete(bob, project_id)
        return
    for attempt in (
        projects.rename(bob, project_id, "Mine"),
        projects.transfer(bob, project_id, bob.id),
        projects.delete(bob, project_id),
    ):
        with pytest.raises(AccessDeniedError):
            await attempt


async def test_deleting_takes_everything_in_a_project_along_and_nothing_else(parts, projects, ann):
    project_id, other = project_of(ann), (await projects.create(ann, "Other")).id
    ann = actor_of(parts, ann.id)
    now = parts.clock.now()
    for number, place in enumerate((project_id, other)):
        add_run(parts, place, f"run{number}", "succeeded")
        await KeyService(parts).create(ann, NewKey("program", ["runs:read"], place))

        def work(session, place=place, number=number):
            common = {"project_id": place, "created_at": now}
            session.add(
                WorkflowRow(id=f"w{number}", name="w", document=b"", updated_at=now, **common)
            )
            session.add(
                CredentialRow(
                    id=f"c{number}", name="c", kind="bearer", hosts="[]", shown="{}",
                    key_id="k", sealed=b"", updated_at=now, **common,
                )
            )  # fmt: skip
            session.add(
                InvitationRow(
                    id=f"i{number}", email="", role="viewer", hash=f"h{number}", invited_by=ann.id,
                    expires_at=now, **common,
                )
            )  # fmt: skip

        parts.records.write_now(work)
    await projects.delete(ann, project_id)
    left = {
        table: [getattr(row, name) for row in rows(parts, table)]
        for table, name in (
            (ProjectRow, "id"),
            (MemberRow, "project_id"),
            (RunRow, "project_id"),
            (WorkflowRow, "project_id"),
            (CredentialRow, "project_id"),
            (InvitationRow, "project_id"),
            (ApiKeyRow, "project_id"),
        )
    }
    assert left == {table: [other] for table in left}
    for table in (RunEventRow, SignalRow, ModelCallRow):
        assert [row.run_id for row in rows(parts, table)] == ["run1"]
    assert verbs(parts)[-1] == "project.delete"


@pytest.mark.parametrize("status", ["queued", "running", "waiting", "paused"])
async def test_a_project_in_which_something_runs_stays_and_says_how_much(
    parts, projects, ann, status
):
    project_id = project_of(ann)
    add_run(parts, project_id, "run0", status)
    with pytest.raises(ConflictError, match=r"^1 run has not ended"):
        await projects.delete(ann, project_id)
    add_run(parts, project_id, "run1", status)
    add_run(parts, project_id, "run2", "failed")
    add_run(parts, "", "run3", "running")
    with pytest.raises(ConflictError, match=r"^2 runs have not ended"):
        await projects.delete(ann, project_id)
    assert len(rows(parts, RunRow)) == 4
    assert verbs(parts) == []


async def test_a_project_is_handed_on_to_another_member(parts, projects, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "viewer")
    await projects.transfer(ann, project_id, bob.id)
    roles = {who.id: actor_of(parts, who.id).memberships[project_id] for who in (ann, bob)}
    assert roles == {ann.id: "editor", bob.id: "owner"}
    with pytest.raises(NotFoundError):
        await projects.transfer(ann, project_id, bob.id)


async def test_a_project_is_handed_on_only_by_who_gave_a_password_lately(parts, projects, ann):
    bob = joined(parts, project_of(ann), "editor")
    with pytest.raises(ProofNeededError):
        await projects.transfer(long_ago(ann), project_of(ann), bob.id)


async def test_a_project_is_not_handed_on_to_outsiders_guests_or_oneself(parts, projects, ann):
    project_id = project_of(ann)
    outsider = person(parts, "eve@example.com")
    guest = joined(parts, project_id, "editor", "guest@example.com", "guest")
    for heir, error in (
        (outsider.id, NotFoundError),
        ("nobody", NotFoundError),
        (guest.id, ConflictError),
        (ann.id, ConflictError),
    ):
        with pytest.raises(error):
            await projects.transfer(ann, project_id, heir)
    assert actor_of(parts, ann.id).memberships[project_id] == "owner"
    assert actor_of(parts, guest.id).role_in(project_id) == "viewer"
    assert verbs(parts) == []


async def test_a35_a_key_of_one_project_neither_sees_others_nor_makes_any(parts, projects, ann):
    other = (await projects.create(ann, "Other")).id
    ann = actor_of(parts, ann.id)
    new = NewKey("program", ["projects:read", "projects:write"], project_of(ann))
    made = await KeyService(parts).create(ann, new)
    program = await KeyService(parts).actor(made.key, HERE)
    seen = await projects.list_projects(program)
    assert [item.id for item in seen.items] == [project_of(ann)]
    with pytest.raises(NotFoundError):
        await projects.get(program, other)
    with pytest.raises(AccessDeniedError):
        await projects.create(program, "Third")
