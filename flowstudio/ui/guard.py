"""The door every event handler passes: who acts, what they may do, and whether the payload fits.

Each public method of a Reflex State is a remote endpoint that anyone with the page's address can
call, with any arguments. `guarded` marks the ones meant to be called; a test refuses the rest.
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

import reflex as rx
from pydantic import ValidationError, create_model
from reflex.event import EventSpec

from flowstudio.errors import FlowStudioError
from flowstudio.services.access import OPERATOR, Actor
from flowstudio.ui.live import toast

_MARK = "__flowstudio_guard__"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a handler does, in the words of the service layer."""

    verb: str


class _PayloadError(Exception):
    """The arguments of a call do not fit the handler."""


def current_actor(state: rx.State) -> Actor:  # noqa: ARG001 - accounts will read the session here
    """Who is behind this browser."""
    return OPERATOR


def guard_of(handler: Callable[..., Any]) -> Guard | None:
    """The mark of a guarded handler."""
    return getattr(handler, _MARK, None)


def guarded(verb: str, *, background: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Make a State method an endpoint and check its arguments against its annotations.

    A domain error becomes a toast; arguments that do not fit are refused without running the
    handler.

    Args:
        verb: what the handler does, as the service it calls asks.
        background: run without holding the state, as `rx.event(background=True)`.
    """

    def decorate(handler: Callable[..., Any]) -> Any:
        check = _checker(handler)
        wrap = _wrap_stream if inspect.isasyncgenfunction(handler) else _wrap
        wrapper = wrap(handler, check)
        setattr(wrapper, _MARK, Guard(verb))
        return rx.event(background=background)(wrapper)

    return decorate


def _wrap(handler: Callable[..., Any], check: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(self: rx.State, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return await handler(self, **check(*args, **kwargs))
        except _PayloadError:
            return _refusal()
        except FlowStudioError as error:
            return toast(str(error), tone="error")

    return call


def _wrap_stream(
    handler: Callable[..., Any], check: Callable[..., dict[str, Any]]
) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def call(self: rx.State, /, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            async for event in handler(self, **check(*args, **kwargs)):
                yield event
        except _PayloadError:
            yield _refusal()
        except FlowStudioError as error:
            yield toast(str(error), tone="error")

    return call


def _checker(handler: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    signature = inspect.signature(handler)
    hints = get_type_hints(handler)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
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


def _refusal() -> EventSpec:
    return toast("The page sent something this action does not understand.", tone="error")
