"""Members: their roles, and that a project is never left without an owner."""

import asyncio

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    FlowStudioError,
    NotFoundError,
)
from flowstudio.services.access import OPERATOR
from flowstudio.services.members import MemberService
from flowstudio.store.members import put_member
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.users import UserRow
from tests.parts import studio_parts
from tests.people import actor_of, person, project_of

ROLES = ("viewer", "runner", "editor", "owner")


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def members(parts):
    return MemberService(parts)


@pytest.fixture
def ann(parts):
    return person(parts)


def joined(parts, project_id, role, email="bob@example.com", instance_role="user"):
    """Somebody else with a role in the project."""
    other = person(parts, email, instance_role)
    now = parts.clock.now()
    parts.records.write_now(lambda session: put_member(session, project_id, other.id, role, now))
    return actor_of(parts, other.id)


def change_user(parts, user_id, **values):
    def work(session):
        row = session.get_one(UserRow, user_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)

    parts.records.write_now(work)


def entries(parts):
    found = parts.records.read_now(lambda session: list(session.exec(select(AuditRow))))
    return [(row.verb, row.object_id) for row in found]


async def together(*attempts):
    """Outcomes of attempts at the same moment: None, or their error of ours."""

    async def outcome(attempt):
        try:
            await attempt
        except FlowStudioError as error:
            return error
        return None

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(outcome(attempt)) for attempt in attempts]
    return [task.result() for task in tasks]


async def test_members_are_listed_with_name_address_and_role_in_pieces(parts, members, ann):
    project_id = project_of(ann)
    for role in ROLES:
        joined(parts, project_id, role, f"{role}@example.com")
    first = await members.list_members(ann, project_id, limit=3)
    second = await members.list_members(ann, project_id, limit=3, after=first.next)
    found = {item.email: (item.name, item.role) for item in first.items + second.items}
    assert (len(first.items), len(second.items), second.next) == (3, 2, None)
    assert found["runner@example.com"] == ("Runner", "runner")
    assert found["ann@example.com"] == ("Ann", "owner")


@pytest.mark.parametrize("role", ROLES[:-1])
async def test_a23_only_owners_give_roles_and_remove(parts, members, ann, role):
    project_id = project_of(ann)
    bob = joined(parts, project_id, role)
    assert (await members.list_members(bob, project_id)).items
    for attempt in (
        members.set_role(bob, project_id, bob.id, "owner"),
        members.set_role(bob, project_id, ann.id, "viewer"),
        members.remove(bob, project_id, ann.id),
    ):
        with pytest.raises(AccessDeniedError):
            await attempt
    assert entries(parts) == []


async def test_a19_outsiders_and_former_members_learn_nothing(parts, members, ann):
    project_id = project_of(ann)
    former = joined(parts, project_id, "editor")
    await members.remove(ann, project_id, former.id)
    people = [
        actor_of(parts, former.id),
        person(parts, "eve@example.com"),
        person(parts, "guest@example.com", "guest"),
        person(parts, "admin@example.com", "admin"),
    ]
    for who in people:
        for attempt in (
            members.list_members(who, project_id),
            members.list_members(who, ""),
            members.set_role(who, project_id, who.id, "owner"),
            members.set_role(who, project_id, ann.id, "viewer"),
            members.remove(who, project_id, ann.id),
            members.remove(who, project_id, who.id),
        ):
            with pytest.raises(NotFoundError):
                await attempt
    assert entries(parts) == [("member.remove", former.id)]


async def test_a_new_role_holds_from_the_next_request_on(parts, members, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "editor")
    assert (await members.set_role(ann, project_id, bob.id, "viewer")).role == "viewer"
    assert actor_of(parts, bob.id).role_in(project_id) == "viewer"
    with pytest.raises(NotFoundError):
        await members.set_role(ann, project_id, "nobody", "viewer")
    with pytest.raises(NotFoundError):
        await members.remove(ann, project_id, "nobody")
    assert entries(parts) == [("member.edit", bob.id)]


@pytest.mark.parametrize("role", ROLES)
async def test_everybody_may_leave(parts, members, ann, role):
    project_id = project_of(ann)
    bob = joined(parts, project_id, role)
    await members.remove(bob, project_id, bob.id)
    assert project_id not in actor_of(parts, bob.id).memberships
    assert entries(parts) == [("member.leave", bob.id)]


async def test_a23b_the_last_owner_neither_leaves_nor_is_demoted_nor_removed(parts, members, ann):
    project_id = project_of(ann)
    joined(parts, project_id, "editor")
    # Neither a guest nor somebody locked out could take the project over.
    joined(parts, project_id, "owner", "guest@example.com", "guest")
    away = joined(parts, project_id, "owner", "away@example.com")
    change_user(parts, away.id, is_active=False)
    for attempt in (
        members.remove(ann, project_id, ann.id),
        members.set_role(ann, project_id, ann.id, "editor"),
        members.set_role(OPERATOR, project_id, ann.id, "editor"),
        members.remove(OPERATOR, project_id, ann.id),
    ):
        with pytest.raises(ConflictError, match="needs an owner"):
            await attempt
    assert actor_of(parts, ann.id).memberships[project_id] == "owner"
    assert entries(parts) == []


async def test_an_owner_with_another_beside_them_may_go(parts, members, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "owner")
    await members.set_role(bob, project_id, ann.id, "viewer")
    await members.remove(bob, project_id, ann.id)
    with pytest.raises(ConflictError):
        await members.remove(bob, project_id, bob.id)


async def test_others_may_leave_a_project_whose_only_owner_is_locked_out(parts, members, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "viewer")
    change_user(parts, ann.id, is_active=False)
    await members.remove(bob, project_id, bob.id)
    assert entries(parts) == [("member.leave", bob.id)]


@pytest.mark.parametrize("way", ["demote", "remove", "leave"])
async def test_a23b_of_two_owners_who_act_at_the_same_moment_one_stays(parts, members, ann, way):
    for number in range(10):
        project_id = project_of(ann)
        bob = joined(parts, project_id, "owner", f"bob{number}@example.com")
        pair = ((ann, bob), (bob, ann))
        if way == "demote":
            attempts = [members.set_role(one, project_id, two.id, "editor") for one, two in pair]
        elif way == "remove":
            attempts = [members.remove(one, project_id, two.id) for one, two in pair]
        else:
            attempts = [members.remove(one, project_id, one.id) for one, _ in pair]
        outcomes = await together(*attempts)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "ConflictError",
            "NoneType",
        ]
        left = (await members.list_members(OPERATOR, project_id)).items
        assert [item.role for item in left].count("owner") == 1
        ann = person(parts, f"ann{number}@example.com")


async def test_an_owner_who_was_demoted_meanwhile_does_nothing_more(parts, members, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "owner")
    carl = joined(parts, project_id, "viewer", "carl@example.com")
    await members.set_role(ann, project_id, bob.id, "viewer")
    # `bob` is still the actor of before.
    for attempt in (
        members.set_role(bob, project_id, carl.id, "owner"),
        members.remove(bob, project_id, carl.id),
    ):
        with pytest.raises(ConflictError):
            await attempt
    assert actor_of(parts, carl.id).memberships[project_id] == "viewer"
