"""Invitations: by mail to one person, or as a link that works once."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    FlowStudioError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.services.access import NOBODY, SCOPES
from flowstudio.services.invitations import InvitationService
from flowstudio.services.mail import MailService
from flowstudio.store import users
from flowstudio.store.members import put_member
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.projects import InvitationRow
from tests.parts import studio_parts
from tests.people import actor_of, person, project_of

ROLES = ("viewer", "runner", "editor", "owner")


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock, public_url="https://flows.example.com") as parts:
        yield parts


@pytest.fixture
def mail(parts):
    mail = MailService(parts.settings, parts.clock)
    yield mail
    mail.close()


@pytest.fixture
def invitations(parts, mail):
    return InvitationService(parts, mail)


@pytest.fixture
def ann(parts):
    return person(parts)


@pytest.fixture
def bob(parts):
    return person(parts, "bob@example.com")


def token_of(made) -> str:
    return made.link.partition("?token=")[2]


def letters(mail) -> list:
    mail.flush()
    files = sorted(mail.folder.glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def mailed_token(mail) -> str:
    return re.findall(r"\?token=(\S+)", letters(mail)[-1].get_content())[0]


def entries(parts):
    found = parts.records.read_now(lambda session: list(session.exec(select(AuditRow))))
    return [row.verb for row in found]


def role_of(parts, actor, project_id):
    return actor_of(parts, actor.id).memberships.get(project_id)


def joined(parts, project_id, role, email):
    other = person(parts, email)
    now = parts.clock.now()
    parts.records.write_now(lambda session: put_member(session, project_id, other.id, role, now))
    return actor_of(parts, other.id)


async def test_a_link_is_shown_once_and_only_its_hash_is_kept(parts, invitations, ann):
    made = await invitations.create(ann, project_of(ann), "runner")
    token = token_of(made)
    assert made.link.startswith("https://flows.example.com/invitation?token=")
    assert len(token) >= 43
    assert token not in repr(made)
    database = parts.settings.database_path
    stored = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    assert token.encode() not in stored
    assert made.invitation.id.encode() in stored
    assert made.invitation.expires_at - made.invitation.created_at == timedelta(days=7)


async def test_who_opens_a_link_first_gets_the_role_and_nobody_after(parts, invitations, ann, bob):
    made = await invitations.create(ann, project_of(ann), "runner")
    assert await invitations.accept(bob, token_of(made)) == project_of(ann)
    assert role_of(parts, bob, project_of(ann)) == "runner"
    eve = person(parts, "eve@example.com")
    for attempt in (
        invitations.accept(eve, token_of(made)),
        invitations.accept(bob, token_of(made)),
        invitations.decline(eve, token_of(made)),
    ):
        with pytest.raises(ConflictError, match="was accepted already"):
            await attempt
    assert role_of(parts, eve, project_of(ann)) is None
    assert entries(parts) == ["invitation.create", "invitation.accept"]


async def test_of_many_who_open_a_link_at_once_one_gets_in(parts, invitations, ann):
    token = token_of(await invitations.create(ann, project_of(ann), "viewer"))
    people = [person(parts, f"p{number}@example.com") for number in range(10)]

    async def attempt(actor):
        try:
            return await invitations.accept(actor, token)
        except FlowStudioError as error:
            return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(actor)) for actor in people]
    outcomes = [task.result() for task in tasks]
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 9
    assert outcomes.count(project_of(ann)) == 1


async def test_a_mailed_invitation_is_known_to_its_reader_alone(parts, invitations, mail, ann, bob):
    made = await invitations.create(ann, project_of(ann), "editor", email=" Bob@Example.com ")
    assert made.link is None
    assert made.invitation.email == "bob@example.com"
    (letter,) = letters(mail)
    assert letter["To"] == "bob@example.com"
    eve = person(parts, "eve@example.com")
    for attempt in (
        invitations.accept(eve, mailed_token(mail)),
        invitations.decline(eve, mailed_token(mail)),
    ):
        with pytest.raises(ConflictError, match="another e-mail address"):
            await attempt
    assert await invitations.accept(bob, mailed_token(mail)) == project_of(ann)
    assert role_of(parts, bob, project_of(ann)) == "editor"


async def test_who_has_a_mailed_invitation_has_shown_that_the_address_is_theirs(
    parts, invitations, mail, ann
):
    bob = person(parts, "bob@example.com", is_verified=False)

    def verified(actor):
        found = parts.records.read_now(lambda session: users.get_user(session, actor.id))
        return found.email_verified_at is not None

    await invitations.accept(
        bob, token_of(await invitations.create(ann, project_of(ann), "viewer"))
    )
    assert not verified(bob)
    await invitations.create(ann, project_of(ann), "runner", email="eve@example.com")
    eve = person(parts, "eve@example.com", is_verified=False)
    await invitations.accept(eve, mailed_token(mail))
    assert verified(eve)


async def test_what_a_link_offers_can_be_seen_without_an_account_and_nothing_else(invitations, ann):
    made = await invitations.create(ann, project_of(ann), "runner")
    offer = await invitations.look(NOBODY, token_of(made))
    assert (offer.project_name, offer.role, offer.invited_by, offer.email, offer.state) == (
        "Ann's project",
        "runner",
        "Ann",
        "",
        "open",
    )
    told = repr(offer)
    for secret in (project_of(ann), ann.id, made.invitation.id, ann.name, token_of(made)):
        assert secret not in told


async def test_an_invitation_says_how_it_ended(parts, invitations, clock, ann, bob):
    project_id = project_of(ann)
    made = {
        state: await invitations.create(ann, project_id, "viewer")
        for state in ("accepted", "declined", "withdrawn", "expired")
    }
    await invitations.accept(bob, token_of(made["accepted"]))
    await invitations.decline(bob, token_of(made["declined"]))
    await invitations.revoke(ann, project_id, made["withdrawn"].invitation.id)
    clock.turn(7 * 24 * 3600)
    eve = person(parts, "eve@example.com")
    for state, invitation in made.items():
        offer = await invitations.look(NOBODY, token_of(invitation))
        assert offer.state == state
        says = "too old" if state == "expired" else f"was {state} already"
        for attempt in (invitations.accept, invitations.decline):
            with pytest.raises(ConflictError, match=says):
                await attempt(eve, token_of(invitation))
    assert role_of(parts, eve, project_id) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 200, "' OR 1=1--", "é\ud83d", "\x00"])
async def test_a_token_that_was_never_given_is_not_found(invitations, ann, token):
    await invitations.create(ann, project_of(ann), "viewer")
    for attempt in (
        invitations.look(NOBODY, token),
        invitations.accept(ann, token),
        invitations.decline(ann, token),
    ):
        with pytest.raises(NotFoundError):
            await attempt


@pytest.mark.parametrize(
    ("life", "is_good"),
    [
        (timedelta(hours=1), True),
        (timedelta(days=30), True),
        (timedelta(minutes=59), False),
        (timedelta(days=30, seconds=1), False),
        (timedelta(days=-1), False),
    ],
)
async def test_an_invitation_lasts_from_an_hour_to_30_days(invitations, clock, ann, life, is_good):
    attempt = invitations.create(ann, project_of(ann), "viewer", life=life)
    if not is_good:
        with pytest.raises(InvalidInputError):
            await attempt
        return
    made = await attempt
    clock.turn(life.total_seconds() - 1)
    assert (await invitations.look(NOBODY, token_of(made))).state == "open"
    clock.turn(1)
    assert (await invitations.look(NOBODY, token_of(made))).state == "expired"


@pytest.mark.parametrize(
    "email", ["x", "@example.com", "a@b", "a@example.com\nBcc: all@x.com", "a b@example.com"]
)
async def test_an_address_that_is_none_is_refused_and_nothing_sent(
    parts, invitations, mail, ann, email
):
    with pytest.raises(InvalidInputError):
        await invitations.create(ann, project_of(ann), "viewer", email=email)
    assert letters(mail) == []
    assert entries(parts) == []


async def test_who_is_a_member_already_is_not_invited_and_loses_no_role(parts, invitations, ann):
    project_id = project_of(ann)
    bob = joined(parts, project_id, "editor", "bob@example.com")
    with pytest.raises(ConflictError, match="member already"):
        await invitations.create(ann, project_id, "viewer", email="bob@example.com")
    await invitations.accept(bob, token_of(await invitations.create(ann, project_id, "viewer")))
    assert role_of(parts, bob, project_id) == "editor"
    await invitations.accept(bob, token_of(await invitations.create(ann, project_id, "owner")))
    assert role_of(parts, bob, project_id) == "owner"


@pytest.mark.parametrize("role", ROLES)
async def test_a23_only_owners_invite_see_and_withdraw_invitations(
    parts, invitations, mail, ann, role
):
    project_id = project_of(ann)
    made = await invitations.create(ann, project_id, "viewer")
    bob = joined(parts, project_id, role, "bob@example.com")
    attempts = [
        invitations.create(bob, project_id, "owner"),
        invitations.create(bob, project_id, "owner", email="eve@example.com"),
        invitations.list_invitations(bob, project_id),
        invitations.revoke(bob, project_id, made.invitation.id),
    ]
    for attempt in attempts:
        if role == "owner":
            await attempt
        else:
            with pytest.raises(AccessDeniedError):
                await attempt
    assert len(letters(mail)) == (role == "owner")


async def test_a19_outsiders_and_owners_of_other_projects_learn_nothing(
    parts, invitations, mail, ann, bob
):
    made = await invitations.create(ann, project_of(ann), "viewer")
    admin = person(parts, "admin@example.com", "admin")
    for who in (bob, admin, person(parts, "guest@example.com", "guest")):
        for attempt in (
            invitations.create(who, project_of(ann), "owner", email="eve@example.com"),
            invitations.create(who, "", "owner"),
            invitations.list_invitations(who, project_of(ann)),
            invitations.revoke(who, project_of(ann), made.invitation.id),
        ):
            with pytest.raises(NotFoundError):
                await attempt
    # By way of a project of one's own.
    with pytest.raises(NotFoundError):
        await invitations.revoke(bob, project_of(bob), made.invitation.id)
    assert (await invitations.look(NOBODY, token_of(made))).state == "open"
    assert letters(mail) == []
    assert entries(parts) == ["invitation.create"]


async def test_open_invitations_are_listed_in_pieces_without_their_secrets(
    invitations, clock, ann, bob
):
    project_id = project_of(ann)
    await invitations.create(ann, project_id, "viewer", life=timedelta(hours=1))
    gone = await invitations.create(ann, project_id, "viewer")
    await invitations.accept(bob, token_of(gone))
    clock.turn(3600)
    made = [await invitations.create(ann, project_id, "viewer") for _ in range(3)]
    first = await invitations.list_invitations(ann, project_id, limit=2)
    second = await invitations.list_invitations(ann, project_id, limit=2, after=first.next)
    assert [item.id for item in first.items + second.items] == [one.invitation.id for one in made]
    assert second.next is None
    for one in made:
        assert token_of(one) not in repr(first) + repr(second)


async def test_a_withdrawn_invitation_is_withdrawn_once(invitations, ann):
    made = await invitations.create(ann, project_of(ann), "viewer")
    await invitations.revoke(ann, project_of(ann), made.invitation.id)
    with pytest.raises(ConflictError):
        await invitations.revoke(ann, project_of(ann), made.invitation.id)
    with pytest.raises(NotFoundError):
        await invitations.revoke(ann, project_of(ann), "nothing")


async def test_nobody_and_no_key_answers_an_invitation(invitations, ann, bob):
    token = token_of(await invitations.create(ann, project_of(ann), "viewer"))
    program = replace(bob, scopes=frozenset(SCOPES), key_id="0123456789")
    for who, error in ((NOBODY, NotSignedInError), (program, AccessDeniedError)):
        for attempt in (invitations.accept(who, token), invitations.decline(who, token)):
            with pytest.raises(error):
                await attempt


async def test_a_guest_who_is_invited_as_owner_is_a_viewer(parts, invitations, ann):
    guest = person(parts, "guest@example.com", "guest")
    await invitations.accept(
        guest, token_of(await invitations.create(ann, project_of(ann), "owner"))
    )
    assert actor_of(parts, guest.id).role_in(project_of(ann)) == "viewer"


async def test_no_secret_of_an_invitation_is_in_the_audit_log(parts, invitations, mail, ann, bob):
    link = token_of(await invitations.create(ann, project_of(ann), "viewer"))
    await invitations.create(ann, project_of(ann), "viewer", email="bob@example.com")
    await invitations.accept(bob, mailed_token(mail))
    found = parts.records.read_now(lambda session: list(session.exec(select(AuditRow))))
    kept = parts.records.read_now(lambda session: list(session.exec(select(InvitationRow))))
    told = repr([row.model_dump() for row in found])
    for secret in (link, mailed_token(mail), *(row.hash for row in kept)):
        assert secret not in told
