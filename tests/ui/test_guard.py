from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.runtime import Runtime
from flowstudio.services.access import INSTANCE_ROLES, PROJECT_ROLES, RULES
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import members, sessions, users
from flowstudio.ui import backend, visitors
from flowstudio.ui.guard import check_again, current_actor, guard_of, guarded
from tests.people import person, project_of, sign_in
from tests.ui.handlers import registered_handlers, short

#: The only handlers that whoever has not signed in reaches.
PUBLIC = {"entry_state.load", "lost_state.load"}


def test_every_endpoint_of_the_page_is_guarded_with_a_verb_of_the_table() -> None:
    handlers = registered_handlers()
    assert len(handlers) >= 10
    unguarded = [name for name, handler in handlers.items() if guard_of(handler) is None]
    assert unguarded == []
    assert {guard_of(handler).verb for handler in handlers.values()} <= set(RULES)


def test_the_handlers_for_anyone_are_these() -> None:
    found = {
        short(name)
        for name, handler in registered_handlers().items()
        if RULES[guard_of(handler).verb].level == "anyone"
    }
    assert found == PUBLIC


def test_an_unknown_verb_is_refused_when_the_handler_is_defined() -> None:
    with pytest.raises(KeyError, match=r"run\.fly"):
        guarded("run.fly")


def test_no_state_has_a_setter_that_setvar_could_call() -> None:
    names = [name for name in registered_handlers() if name.rsplit(".", 1)[1].startswith("set_")]
    assert names == []


@dataclass
class Caller:
    """As much of a State as the guard looks at: the headers of its socket's handshake."""

    headers: dict[str, str] = field(default_factory=dict)

    @property
    def router(self) -> Any:
        return SimpleNamespace(headers=SimpleNamespace(raw_headers=self.headers))


class Payloads(Caller):
    @guarded("template.read")
    async def take(self, number: int, *, text: str = "") -> int:
        return number + len(text)

    @guarded("template.read")
    async def clash(self) -> None:
        message = "The run has ended already."
        raise ConflictError(message)

    @guarded("run.steer")
    async def steer(self) -> str:
        return current_actor(self).name

    @guarded("user.read")
    async def administer(self) -> str:
        return current_actor(self).name

    @guarded("instance.look")
    async def look(self) -> str:
        return current_actor(self).role

    @guarded("run.read", background=True)
    async def stream(self) -> AsyncIterator[str]:
        yield current_actor(self).name
        yield (await check_again(self, "run.read")).name

    @guarded("run.read", background=True)
    async def lose(self) -> AsyncIterator[str]:
        yield "shown"
        message = "There is no such run."
        raise NotFoundError(message)


def fn(handler: object) -> Any:
    return getattr(handler, "fn", handler)


@pytest.fixture
def parts(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> StudioParts:
    monkeypatch.setattr(backend, "_open", [runtime])
    return runtime.studio.parts


@pytest.fixture
def ann(parts: StudioParts) -> Payloads:
    """The socket of a person with a project of their own."""
    return socket_of(parts, "user")


def socket_of(parts: StudioParts, role: str) -> Payloads:
    tokens = sign_in(parts, person(parts, f"{role}@example.com", role))
    return Payloads({"cookie": f"fs_at={tokens.access_token}"})


NOBODY = Payloads()


@pytest.mark.usefixtures("parts")
async def test_a24_nobody_is_asked_to_sign_in_before_anything_runs() -> None:
    for handler in (Payloads.take, Payloads.steer, Payloads.administer):
        assert "sign_in" in str(await fn(handler)(NOBODY))
    assert ["sign_in" in str(event) async for event in fn(Payloads.stream)(NOBODY)] == [True]


@pytest.mark.usefixtures("parts")
async def test_a_handler_for_anyone_sees_that_it_is_nobody() -> None:
    assert await fn(Payloads.look)(NOBODY) == "nobody"
    stale = Payloads({"cookie": "fs_at=not.a.token"})
    assert await fn(Payloads.look)(stale) == "nobody"


async def test_the_actor_is_the_person_of_the_cookie(ann: Payloads) -> None:
    assert await fn(Payloads.steer)(ann) == "user@example.com"


def test_there_is_no_actor_outside_of_a_handler() -> None:
    with pytest.raises(LookupError):
        current_actor(NOBODY)


async def test_the_actor_is_gone_after_the_handler(ann: Payloads) -> None:
    await fn(Payloads.steer)(ann)
    with pytest.raises(LookupError):
        current_actor(ann)


@pytest.mark.parametrize("role", INSTANCE_ROLES)
@pytest.mark.parametrize("verb", sorted(RULES))
async def test_a23_no_role_passes_the_guard_with_a_verb_above_it(
    parts: StudioParts, role: str, verb: str
) -> None:
    rule = RULES[verb]
    wanted = rule.level != "instance" and rule.level != "own"
    allowed = wanted or INSTANCE_ROLES.index(role) >= INSTANCE_ROLES.index(rule.least)
    headers = socket_of(parts, role).headers
    try:
        await visitors.find_actor(headers, verb)
        assert allowed
    except visitors.AccessDeniedError:
        assert not allowed


@pytest.mark.parametrize("role", PROJECT_ROLES)
async def test_a23_a_member_has_no_verb_above_their_role(parts: StudioParts, role: str) -> None:
    owner, member = person(parts, "owner@example.com"), person(parts, "member@example.com")
    now, theirs = parts.clock.now(), project_of(member)

    def move(session: Any) -> None:
        members.put_member(session, project_of(owner), member.id, role, now)
        members.remove_member(session, theirs, member.id)

    parts.records.write_now(move)
    headers = {"cookie": f"fs_at={sign_in(parts, member).access_token}"}
    for verb, rule in RULES.items():
        if rule.level != "project":
            continue
        allowed = PROJECT_ROLES.index(role) >= PROJECT_ROLES.index(rule.least)
        try:
            await visitors.find_actor(headers, verb)
            assert allowed, verb
        except visitors.AccessDeniedError:
            assert not allowed, verb


async def test_a_session_that_ended_ends_the_stream(parts: StudioParts, ann: Payloads) -> None:
    stream = fn(Payloads.stream)(ann)
    assert await anext(stream) == "user@example.com"
    user = parts.records.read_now(lambda s: users.find_user_by_email(s, "user@example.com"))
    parts.records.write_now(lambda s: sessions.revoke_sessions(s, user.id, parts.clock.now()))
    assert "sign_in" in str(await anext(stream))


async def test_a_deleted_person_is_nobody_at_the_next_event(
    parts: StudioParts, ann: Payloads
) -> None:
    user = parts.records.read_now(lambda s: users.find_user_by_email(s, "user@example.com"))
    parts.records.write_now(lambda s: users.remove_user(s, user.id))
    assert "sign_in" in str(await fn(Payloads.steer)(ann))


async def test_a_stream_of_what_is_lost_meanwhile_leads_home(ann: Payloads) -> None:
    shown, end = [event async for event in fn(Payloads.lose)(ann)]
    assert shown == "shown"
    assert [event.handler.fn.__qualname__ for event in end][-1:] == ["_redirect"]


async def test_an_argument_of_another_type_never_reaches_the_handler(ann: Payloads) -> None:
    reply = await fn(Payloads.take)(ann, {"a": 1})
    assert isinstance(reply, rx.event.EventSpec)


@pytest.mark.parametrize("extra", [{"more": 1}, {"number": 1, "self": 2}])
async def test_unknown_arguments_are_refused(ann: Payloads, extra: dict[str, int]) -> None:
    reply = await fn(Payloads.take)(ann, 1, **extra)
    assert isinstance(reply, rx.event.EventSpec)


async def test_a_fitting_argument_reaches_the_handler(ann: Payloads) -> None:
    assert await fn(Payloads.take)(ann, 7, text="x") == 8


async def test_a_text_longer_than_any_field_is_refused(ann: Payloads) -> None:
    reply = await fn(Payloads.take)(ann, 1, text="x" * 10_001)
    assert isinstance(reply, rx.event.EventSpec)


async def test_a_domain_error_becomes_a_toast_with_its_words(ann: Payloads) -> None:
    reply = await fn(Payloads.clash)(ann)
    assert "The run has ended already." in str(reply)
