"""Admins and everybody else."""

import pytest

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.services.access import NOBODY, OPERATOR
from flowstudio.services.users import NewUser
from flowstudio.store.tables.projects import MemberRow
from tests.accounts import desk
from tests.parts import studio_parts
from tests.people import HERE, PASSWORD, actor_of, person, project_of, sign_in

BETTER = "a short way up the hill"


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def office(parts):
    with desk(parts) as office:
        yield office


@pytest.fixture
def admin(parts):
    return person(parts, "admin@example.com", "admin")


async def test_people_are_listed_in_pieces_and_found_by_name_and_address(office, admin):
    for number in range(5):
        person(office.parts, f"p{number}@example.com", name=f"Person {number}")
    person(office.parts, "o%_dd@example.com", "guest", name="ÉMILE")
    first = await office.users.list_users(admin, limit=4)
    second = await office.users.list_users(admin, limit=4, after=first.next)
    assert [len(first.items), len(second.items), second.next] == [4, 3, None]
    assert len({user.id for user in first.items + second.items}) == 7

    async def found(**filters):
        page = await office.users.list_users(admin, **filters)
        return [user.email for user in page.items]

    assert await found(search="P3@") == ["p3@example.com"]
    assert await found(search="person 4") == ["p4@example.com"]
    assert await found(search="%_") == ["o%_dd@example.com"]
    assert await found(search="' OR 1=1--") == []
    assert await found(role="guest") == ["o%_dd@example.com"]
    assert await found(search="x", after="x") == []


@pytest.mark.parametrize("role", ["guest", "user"])
async def test_a23_nobody_but_admins_sees_or_changes_people(office, admin, role):
    actor = person(office.parts, "some@example.com", role)
    for who, error in ((actor, AccessDeniedError), (NOBODY, NotSignedInError)):
        for attempt in (
            office.users.list_users(who),
            office.users.get(who, admin.id),
            office.users.edit(who, who.id, role="admin"),
            office.users.set_password(who, admin.id, BETTER),
            office.users.delete(who, admin.id),
            office.users.create(who, NewUser("a@example.com", "A", "admin", BETTER)),
        ):
            with pytest.raises(error):
                await attempt


async def test_a_new_role_holds_at_once_and_ends_open_sessions(office, admin):
    ann = person(office.parts)
    sign = sign_in(office.parts, ann)
    await office.users.edit(admin, ann.id, role="admin")
    with pytest.raises(NotSignedInError):
        await office.sessions.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await office.sessions.refresh(sign.refresh_token, HERE)
    assert actor_of(office.parts, ann.id).role == "admin"


async def test_an_edit_that_changes_nothing_ends_no_session(office, admin):
    ann = person(office.parts)
    sign = sign_in(office.parts, ann)
    await office.users.edit(admin, ann.id, role="user", is_active=True)
    await office.users.edit(admin, ann.id)
    assert await office.sessions.actor(sign.access_token, HERE)


async def test_somebody_shut_out_is_out_and_can_be_let_in_again(office, admin):
    ann = person(office.parts)
    sign = sign_in(office.parts, ann)
    await office.users.edit(admin, ann.id, is_active=False)
    with pytest.raises(NotSignedInError):
        await office.sessions.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)
    await office.users.edit(admin, ann.id, is_active=True)
    assert await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)


async def test_a_guest_who_becomes_a_user_gets_a_project_of_their_own(office, admin):
    guest = person(office.parts, "guest@example.com", "guest")
    assert guest.memberships == {}
    await office.users.edit(admin, guest.id, role="user")
    assert list(actor_of(office.parts, guest.id).memberships.values()) == ["owner"]


async def test_a23b_the_last_active_admin_is_neither_demoted_nor_shut_out_nor_removed(
    office, admin
):
    second = person(office.parts, "second@example.com", "admin")
    await office.users.edit(admin, second.id, is_active=False)
    for attempt in (
        office.users.edit(admin, admin.id, role="user"),
        office.users.edit(admin, admin.id, is_active=False),
        office.users.delete(admin, admin.id),
    ):
        with pytest.raises(ConflictError):
            await attempt
    await office.users.edit(admin, second.id, is_active=True)
    await office.users.edit(admin, admin.id, role="user")


async def test_a23b_of_two_admins_who_demote_each_other_at_once_one_stays(office, admin):
    second = person(office.parts, "second@example.com", "admin")
    pairs = [(admin, second.id), (second, admin.id)]
    outcomes = await office.together(
        lambda number: office.users.edit(pairs[number][0], pairs[number][1], role="user"), 2
    )
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 1


async def test_a_person_is_removed_unless_a_project_of_others_would_have_no_owner(office, admin):
    ann, bob = person(office.parts), person(office.parts, "bob@example.com")
    now = office.parts.clock.now()
    place = MemberRow(project_id=project_of(ann), user_id=bob.id, role="viewer", joined_at=now)
    office.parts.records.write_now(lambda session: session.add(place))
    with pytest.raises(ConflictError):
        await office.users.delete(admin, ann.id)
    await office.users.delete(admin, bob.id)
    await office.users.delete(admin, ann.id)
    assert [user.email for user in (await office.users.list_users(admin)).items] == [
        "admin@example.com"
    ]


async def test_who_is_not_there_cannot_be_changed(office, admin):
    for attempt in (
        office.users.get(admin, "nobody"),
        office.users.edit(admin, "nobody", role="user"),
        office.users.set_password(admin, "nobody", BETTER),
        office.users.delete(admin, "nobody"),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_whoever_holds_the_machine_makes_people_and_gives_new_passwords(office):
    made = await office.users.create(OPERATOR, NewUser("Ann@example.com", "Ann", "admin", PASSWORD))
    assert made.email == "ann@example.com"
    assert made.email_verified_at is not None
    sign = sign_in(office.parts, actor_of(office.parts, made.id))
    await office.users.set_password(OPERATOR, made.id, BETTER)
    with pytest.raises(NotSignedInError):
        await office.sessions.actor(sign.access_token, HERE)
    assert await office.sessions.log_in(NOBODY, "ann@example.com", BETTER, HERE)
    assert (await office.users.find_by_email(OPERATOR, " ANN@example.com")).id == made.id
    assert await office.users.find_by_email(OPERATOR, "bob@example.com") is None
    with pytest.raises(InvalidInputError):
        await office.users.set_password(OPERATOR, made.id, "password1234")
    with pytest.raises(InvalidInputError):
        await office.users.create(OPERATOR, NewUser("b", "B", "user", PASSWORD))
