"""Accounts: how they come to be, how they change, and how they end."""

import json

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    ProofNeededError,
    ThrottledError,
)
from flowstudio.graph.ids import new_id
from flowstudio.security.throttle import Throttle
from flowstudio.security.tokens import fingerprint
from flowstudio.services.access import NOBODY
from flowstudio.services.accounts import NewPerson
from flowstudio.services.instance import InstanceService
from flowstudio.store import users
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.projects import InvitationRow, MemberRow, ProjectRow
from flowstudio.store.tables.runs import DocumentRow, RunRow
from flowstudio.store.tables.users import UserRow
from flowstudio.store.tables.workflows import WorkflowRow
from tests.accounts import Desk, desk
from tests.parts import studio_parts
from tests.people import (
    HERE,
    PASSWORD,
    actor_of,
    long_ago,
    person,
    project_of,
    sign_in,
)

ANN = NewPerson("ann@example.com", "Ann", PASSWORD)
BETTER = "a short way up the hill"


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock, registration="open") as parts:
        yield parts


@pytest.fixture
def office(parts):
    with desk(parts) as office:
        yield office


@pytest.fixture
def admin(parts):
    return person(parts, "admin@example.com", "admin")


def rows(parts, table):
    return parts.records.read_now(lambda session: session.exec(select(table)).all())


def add(parts, *rows):
    parts.records.write_now(lambda session: [session.add(row) for row in rows] and None)


# Setting up


async def test_the_first_visitor_of_a_loopback_server_becomes_its_admin(office: Desk):
    assert await office.accounts.needs_setup()
    assert office.accounts.setup_token() is None
    sign = await office.accounts.set_up(NOBODY, ANN, HERE)
    actor = await office.sessions.actor(sign.access_token, HERE)
    assert (actor.name, actor.role) == ("ann@example.com", "admin")
    assert list(actor.memberships.values()) == ["owner"]
    assert not await office.accounts.needs_setup()


async def test_a24_setup_works_once(office: Desk):
    await office.accounts.set_up(NOBODY, ANN, HERE)
    with pytest.raises(ConflictError):
        await office.accounts.set_up(NOBODY, NewPerson("eve@example.com", "Eve", PASSWORD), HERE)
    assert len(rows(office.parts, UserRow)) == 1


@pytest.mark.parametrize(
    "reach",
    [
        {"host": "0.0.0.0"},  # noqa: S104 - the point
        {"public_url": "https://flows.example.com"},
        {"trusted_proxies": ("127.0.0.1",)},
    ],
)
async def test_a24_a_server_others_can_reach_is_set_up_by_who_reads_its_output_alone(
    tmp_path, clock, reach
):
    with studio_parts(tmp_path, clock, **reach) as parts, desk(parts) as office:
        token = office.accounts.setup_token()
        assert token
        for wrong in ("", "guess", token[:-1], "\ud800"):
            with pytest.raises(AccessDeniedError):
                await office.accounts.set_up(NOBODY, ANN, HERE, wrong)
        assert await office.accounts.set_up(NOBODY, ANN, HERE, token)
        assert office.accounts.setup_token() is None


async def test_two_setups_at_once_make_one_admin(office: Desk):
    outcomes = await office.together(
        lambda number: office.accounts.set_up(
            NOBODY, NewPerson(f"p{number}@example.com", "P", PASSWORD), HERE
        ),
        4,
    )
    assert sum(not isinstance(outcome, ConflictError) for outcome in outcomes) == 1
    assert len(rows(office.parts, UserRow)) == 1


# Registering


async def test_nobody_registers_before_there_is_an_admin(office: Desk):
    with pytest.raises(AccessDeniedError):
        await office.accounts.register(NOBODY, ANN, HERE)


@pytest.mark.usefixtures("admin")
async def test_who_registers_is_signed_in_and_asked_to_confirm_the_address(office: Desk):
    sign = await office.accounts.register(NOBODY, ANN, HERE)
    actor = await office.sessions.actor(sign.access_token, HERE)
    assert actor.role == "user"
    assert list(actor.memberships.values()) == ["owner"]
    user = await office.accounts.get(actor)
    assert user.email_verified_at is None
    assert await office.accounts.verify_email(NOBODY, office.token("verify"), HERE) == ANN.email
    assert (await office.accounts.get(actor)).email_verified_at is not None


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("email", "name", "password", "told"),
    [
        ("", "", "", 3),
        ("no address", "Ann", PASSWORD, 1),
        ("ann@", "Ann", PASSWORD, 1),
        ("ann@example.com\nBcc: all@example.com", "Ann", PASSWORD, 1),
        ("a" * 300 + "@example.com", "Ann", PASSWORD, 1),
        ("ann@example.com", "A\nnn", PASSWORD, 1),
        ("ann@example.com", "\u202eAnn", PASSWORD, 1),
        ("ann@example.com", "A" * 101, PASSWORD, 1),
        ("ann@example.com", "Ann", "password1234", 1),
        ("annabel@example.com", "Ann", "annabel was here", 1),
    ],
)
async def test_everything_that_is_wrong_is_told_at_once(office: Desk, email, name, password, told):
    with pytest.raises(InvalidInputError) as caught:
        await office.accounts.register(NOBODY, NewPerson(email, name, password), HERE)
    assert len(caught.value.problems) == told


@pytest.mark.usefixtures("admin")
async def test_an_address_has_one_account_however_it_is_written(office: Desk):
    await office.accounts.register(NOBODY, ANN, HERE)
    for email in ("ann@example.com", " ANN@Example.com "):
        with pytest.raises(ConflictError):
            await office.accounts.register(NOBODY, NewPerson(email, "Ann", PASSWORD), HERE)


async def test_registration_follows_what_an_admin_chose_and_else_the_setting(tmp_path, clock):
    with studio_parts(tmp_path, clock, registration="closed") as parts, desk(parts) as office:
        admin, instance = person(parts, "admin@example.com", "admin"), InstanceService(parts)
        assert (await instance.look(NOBODY)).registration == "closed"
        with pytest.raises(AccessDeniedError):
            await office.accounts.register(NOBODY, ANN, HERE, "an invitation")
        await instance.set_registration(admin, "invitation")
        with pytest.raises(AccessDeniedError):
            await office.accounts.register(NOBODY, ANN, HERE)
        await instance.set_registration(admin, "open")
        assert (await instance.look(NOBODY)).registration == "open"
        assert await office.accounts.register(NOBODY, ANN, HERE)


async def test_registration_is_chosen_by_admins_alone(parts, admin):
    instance = InstanceService(parts)
    for actor, error in ((person(parts), AccessDeniedError), (NOBODY, NotSignedInError)):
        with pytest.raises(error):
            await instance.set_registration(actor, "open")
        with pytest.raises(error):
            await instance.registration(actor)
    assert await instance.registration(admin) == "open"


def invite(parts, admin, email="", **values):
    now = parts.clock.now()
    secret = f"secret {new_id()}"
    row = {"expires_at": now.replace(year=now.year + 1)} | values
    add(
        parts,
        InvitationRow(
            id=new_id(),
            project_id=project_of(admin),
            email=email,
            role="editor",
            hash=fingerprint(secret),
            invited_by=admin.id,
            created_at=now,
            **row,
        ),
    )
    return secret


async def test_an_invitation_lets_somebody_register_and_into_its_project(tmp_path, clock):
    with studio_parts(tmp_path, clock, registration="invitation") as parts, desk(parts) as office:
        admin = person(parts, "admin@example.com", "admin")
        secret = invite(parts, admin)
        sign = await office.accounts.register(NOBODY, ANN, HERE, secret)
        actor = await office.sessions.actor(sign.access_token, HERE)
        assert actor.role_in(project_of(admin)) == "editor"


async def test_an_invitation_that_is_unknown_for_another_or_over_makes_no_account(tmp_path, clock):
    with studio_parts(tmp_path, clock, registration="invitation") as parts, desk(parts) as office:
        admin = person(parts, "admin@example.com", "admin")
        bad = [
            "unknown",
            invite(parts, admin, "bob@example.com"),
            invite(parts, admin, expires_at=clock.now()),
            invite(parts, admin, ended_at=clock.now(), outcome="withdrawn"),
        ]
        for secret in bad:
            with pytest.raises((NotFoundError, ConflictError, AccessDeniedError)):
                await office.accounts.register(NOBODY, ANN, HERE, secret)
        assert len(rows(parts, UserRow)) == 1


# Profile and password


async def test_a_name_is_changed_at_once_and_an_address_when_its_link_was_opened(office: Desk):
    ann = person(office.parts)
    changed = await office.accounts.edit(ann, name=" Ann B. ", email="Ann.B@example.com")
    assert (changed.name, changed.email) == ("Ann B.", "ann@example.com")
    mail = office.mails()[-1]
    assert mail["To"] == "ann.b@example.com"
    assert await office.accounts.verify_email(NOBODY, office.token("verify"), HERE)
    user = await office.accounts.get(ann)
    assert (user.email, user.name) == ("ann.b@example.com", "Ann B.")
    assert await office.sessions.log_in(NOBODY, "ann.b@example.com", PASSWORD, HERE)


async def test_a_new_address_needs_the_password_given_lately(office: Desk):
    ann = person(office.parts)
    with pytest.raises(ProofNeededError):
        await office.accounts.edit(long_ago(ann), email="mallory@example.com")
    assert (await office.accounts.edit(long_ago(ann), name="Anna")).name == "Anna"
    assert office.mails() == []


async def test_an_address_somebody_else_has_is_refused_also_when_they_got_it_in_between(
    office: Desk,
):
    ann = person(office.parts)
    await office.accounts.edit(ann, email="bob@example.com")
    token = office.token("verify")
    person(office.parts, "bob@example.com")
    with pytest.raises(ConflictError):
        await office.accounts.verify_email(NOBODY, token, HERE)
    with pytest.raises(ConflictError):
        await office.accounts.edit(ann, email="bob@example.com")
    assert (await office.accounts.get(ann)).email == "ann@example.com"


async def test_changing_the_password_keeps_this_session_and_ends_all_others(office: Desk):
    ann = person(office.parts)
    other, mine = sign_in(office.parts, ann), sign_in(office.parts, ann)
    actor = await office.sessions.actor(mine.access_token, HERE)
    renewed = await office.accounts.change_password(actor, PASSWORD, BETTER)
    after = await office.sessions.actor(renewed.access_token, HERE)
    assert after.session_id == actor.session_id
    for ended in (other, mine):
        with pytest.raises(NotSignedInError):
            await office.sessions.actor(ended.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await office.sessions.refresh(other.refresh_token, HERE)
    assert await office.sessions.refresh(renewed.refresh_token, HERE)
    assert await office.sessions.log_in(NOBODY, "ann@example.com", BETTER, HERE)
    with pytest.raises(NotSignedInError):
        await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)


async def test_a_password_is_changed_by_who_knows_it_and_to_a_good_one_alone(office: Desk):
    actor = await office.sessions.actor(
        sign_in(office.parts, person(office.parts)).access_token, HERE
    )
    with pytest.raises(ProofNeededError):
        await office.accounts.change_password(actor, "a guess of mine", BETTER)
    with pytest.raises(InvalidInputError):
        await office.accounts.change_password(actor, PASSWORD, "password1234")
    assert await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)


async def test_a30b_an_open_session_is_no_way_to_guess_the_password(parts):
    with desk(parts, throttle=Throttle(parts.clock)) as office:
        ann = person(parts)
        for _ in range(5):
            with pytest.raises(ProofNeededError):
                await office.sessions.prove(ann, "a guess of mine")
        with pytest.raises(ThrottledError):
            await office.accounts.delete(ann, PASSWORD)


# Export


async def test_an_export_holds_what_is_kept_about_somebody_and_no_secret(office: Desk):
    ann, bob = person(office.parts), person(office.parts, "bob@example.com")
    sign = await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)
    now = office.parts.clock.now()
    for number, (owner, project) in enumerate(
        [(ann, project_of(ann)), (bob, project_of(bob)), (ann, project_of(bob))]
    ):
        row = WorkflowRow(
            id=new_id(),
            project_id=project,
            name=f"w{number}",
            document=json.dumps({"name": f"w{number}"}).encode(),
            created_by=owner.id,
            created_at=now,
            updated_at=now,
        )
        add(office.parts, row)
    told = await office.accounts.export(ann)
    assert told["profile"]["email"] == "ann@example.com"
    assert [project["role"] for project in told["projects"]] == ["owner"]
    # What she once made where she does not belong any more is not hers to take.
    assert [flow["document"] for flow in told["workflows"]] == [{"name": "w0"}]
    assert len(told["sessions"]) == 1
    assert [entry["verb"] for entry in told["activity"]] == ["session.open", "account.export"]
    text = json.dumps(told)
    user = office.parts.records.read_now(lambda s: users.get_user(s, ann.id))
    for secret in (user.password_hash, sign.refresh_token, fingerprint(sign.refresh_token)):
        assert secret not in text
    assert "bob@example.com" not in text


# Leaving


async def test_an_account_is_deleted_with_the_projects_nobody_else_is_in(office: Desk, admin):
    ann = person(office.parts)
    sign = sign_in(office.parts, ann)
    project, now = project_of(ann), office.parts.clock.now()
    run = RunRow(
        id=new_id(),
        document_hash="d",
        workflow="w",
        project_id=project,
        status="waiting",
        inputs="{}",
        trigger="",
        created_at=now,
    )
    add(office.parts, DocumentRow(hash="d", body=b"{}"))
    add(office.parts, run)
    with pytest.raises(ProofNeededError):
        await office.accounts.delete(ann, "not her password")
    await office.accounts.delete(ann, PASSWORD)
    with pytest.raises(NotSignedInError):
        await office.sessions.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await office.sessions.log_in(NOBODY, "ann@example.com", PASSWORD, HERE)
    assert [row.id for row in rows(office.parts, ProjectRow)] == [project_of(admin)]
    assert rows(office.parts, RunRow) == []
    (entry,) = [row for row in rows(office.parts, AuditRow) if row.verb == "account.delete"]
    assert (entry.actor, json.loads(entry.details)) == ("ann@example.com", {"projects": [project]})


async def test_a23b_the_last_admin_stays(office: Desk, admin):
    with pytest.raises(ConflictError):
        await office.accounts.delete(admin, PASSWORD)
    person(office.parts, "second@example.com", "admin")
    await office.accounts.delete(admin, PASSWORD)


async def test_the_last_owner_of_a_project_others_are_in_stays(office: Desk):
    ann, bob = person(office.parts), person(office.parts, "bob@example.com")
    now = office.parts.clock.now()
    place = MemberRow(project_id=project_of(ann), user_id=bob.id, role="viewer", joined_at=now)
    add(office.parts, place)
    with pytest.raises(ConflictError, match="Ann's project"):
        await office.accounts.delete(ann, PASSWORD)
    await office.accounts.delete(bob, PASSWORD)
    await office.accounts.delete(ann, PASSWORD)


async def test_a_project_with_a_second_owner_outlives_the_first(office: Desk):
    ann, bob = person(office.parts), person(office.parts, "bob@example.com")
    now = office.parts.clock.now()
    place = MemberRow(project_id=project_of(ann), user_id=bob.id, role="owner", joined_at=now)
    add(office.parts, place)
    await office.accounts.delete(ann, PASSWORD)
    assert actor_of(office.parts, bob.id).role_in(project_of(ann)) == "owner"


async def test_who_has_no_password_leaves_after_having_signed_in_lately(office: Desk):
    ann = person(office.parts)
    office.parts.records.write_now(lambda s: users.change_user(s, ann.id, password_hash=None))
    with pytest.raises(ProofNeededError):
        await office.accounts.delete(long_ago(ann), "")
    await office.accounts.delete(ann, "")


def test_neither_people_nor_their_records_show_passwords():
    assert PASSWORD not in repr(ANN)
