"""The door every event handler passes: who acts, what they may do, and whether the payload fits.

Each public method of a Reflex State is a remote endpoint that anyone with the page's address can
call, with any arguments. `guarded` marks the ones meant to be called; a test refuses the rest.
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import reflex as rx
from pydantic import StringConstraints, ValidationError, create_model
from reflex.event import EventSpec

from flowstudio.errors import (
    AccessDeniedError,
    FlowStudioError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.services.access import RULES, Actor
from flowstudio.services.log_context import note
from flowstudio.ui.backend import backend
from flowstudio.ui.live import ask_to_sign_in, toast
from flowstudio.ui.visitors import find_actor

#: Longest text of an argument that is just `str`; forms are as long as the socket takes.
_LONGEST_TEXT = 10_000
_MARK = "__flowstudio_guard__"
_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


@dataclass(frozen=True, slots=True)
class Guard:
    """What a handler does, in the words of `services.access.RULES`."""

    verb: str


class _PayloadError(Exception):
    """The arguments of a call do not fit the handler."""


def current_actor(state: rx.State) -> Actor:  # noqa: ARG001 - says whose
    """Who is behind the event being handled.

    Raises:
        LookupError: no guarded handler is running.
    """
    actor = _acting.get()
    if actor is None:
        message = "current_actor() was called outside of a guarded handler."
        raise LookupError(message)
    return actor


async def check_again(state: rx.State, verb: str) -> Actor:
    """Derive the actor anew, for a handler that goes on for long; `current_actor` follows.

    Raises:
        NotSignedInError: the session has ended since.
        AccessDeniedError: the actor has lost the verb.
    """
    actor = await find_actor(state.router.headers.raw_headers, verb)
    _acting.set(actor)
    note(user_id=actor.id, request_id=actor.request_id)
    return actor


def guard_of(handler: Callable[..., Any]) -> Guard | None:
    """The mark of a guarded handler."""
    return getattr(handler, _MARK, None)


def guarded(verb: str, *, background: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Make a State method an endpoint: it finds out who calls, and checks what they send.

    Whoever is not signed in is asked to, unless the verb is for anyone. Arguments are checked
    against the method's annotations; those that do not fit are refused without running it. A
    domain error becomes a toast.

    Args:
        verb: what the handler does, as the service it calls asks.
        background: run without holding the state, as `rx.event(background=True)`.

    Raises:
        KeyError: there is no such verb.
    """
    if verb not in RULES:
        raise KeyError(f"There is no verb {verb!r} in services/access.py.")

    def decorate(handler: Callable[..., Any]) -> Any:
        check = _checker(handler)
        wrap = _wrap_stream if inspect.isasyncgenfunction(handler) else _wrap
        wrapper = wrap(handler, check, verb)
        setattr(wrapper, _MARK, Guard(verb))
        return rx.event(background=background)(wrapper)

    return decorate


def _wrap(
    handler: Callable[..., Any], check: Callable[..., dict[str, Any]], verb: str
) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(self: rx.State, /, *args: Any, **kwargs: Any) -> Any:
        before = _acting.get()
        try:
            with backend().runs.span(f"event {handler.__qualname__}", {"flowstudio.verb": verb}):
                await check_again(self, verb)
                return await handler(self, **check(*args, **kwargs))
        except AccessDeniedError as error:
            # A page that is not theirs to see; of an action, the page stays.
            told = _answer(error)
            return [told, rx.redirect("/")] if handler.__name__ == "load" else told
        except (_PayloadError, FlowStudioError) as error:
            return _answer(error)
        finally:
            _acting.set(before)

    return call


def _wrap_stream(
    handler: Callable[..., Any], check: Callable[..., dict[str, Any]], verb: str
) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(self: rx.State, /, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        before = _acting.get()
        try:
            await check_again(self, verb)
            async for event in handler(self, **check(*args, **kwargs)):
                yield event
        except NotFoundError as error:
            # It was there when the stream began: the person may not see it any more.
            yield [toast(str(error), tone="error"), rx.redirect("/")]
        except (_PayloadError, FlowStudioError) as error:
            yield _answer(error)
        finally:
            _acting.set(before)

    return call


def _answer(error: Exception) -> EventSpec:
    if isinstance(error, NotSignedInError):
        return ask_to_sign_in()
    if isinstance(error, _PayloadError):
        return toast("The page sent something this action does not understand.", tone="error")
    return toast(str(error), tone="error")


def _short(hint: Any) -> Any:
    return Annotated[str, StringConstraints(max_length=_LONGEST_TEXT)] if hint is str else hint


def _checker(handler: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    signature = inspect.signature(handler)
    hints = get_type_hints(handler)
    fields: dict[str, Any] = {
        name: (
            _short(hints[name]),
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in list(signature.parameters.items())[1:]
    }
    model = create_model(f"{handler.__name__}_payload", **fields)

    def check(*args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            given = list(signature.bind(None, *args, **kwargs).arguments.items())[1:]
        except TypeError as error:
            raise _PayloadError from error
        try:
            return dict(model.model_validate(dict(given)))
        except ValidationError as error:
            raise _PayloadError from error

    return check
