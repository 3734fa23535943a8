import pytest
import reflex as rx
from reflex_base.registry import RegistrationContext

import flowstudio.app
from flowstudio.errors import ConflictError
from flowstudio.ui.guard import guard_of, guarded

#: What Reflex registers on every state: `setvar` calls a setter of ours, and there are none.
REFLEX_OWN = {"setvar"}


def handlers_of_ours() -> dict[str, object]:
    registered = RegistrationContext.ensure_context().event_handlers
    return {
        name: entry.handler.fn
        for name, entry in registered.items()
        if ".flowstudio___" in name and name.rsplit(".", 1)[1] not in REFLEX_OWN
    }


def test_every_endpoint_of_the_page_is_guarded() -> None:
    assert flowstudio.app.app
    handlers = handlers_of_ours()
    assert len(handlers) >= 10
    assert [name for name, handler in handlers.items() if guard_of(handler) is None] == []


def test_no_state_has_a_setter_that_setvar_could_call() -> None:
    names = [name for name in handlers_of_ours() if name.rsplit(".", 1)[1].startswith("set_")]
    assert names == []


class Payloads:
    @guarded("run")
    async def take(self, number: int, *, text: str = "") -> int:
        return number + len(text)

    @guarded("run")
    async def clash(self) -> None:
        message = "The run has ended already."
        raise ConflictError(message)


def fn(handler: object) -> object:
    return getattr(handler, "fn", handler)


async def test_an_argument_of_another_type_never_reaches_the_handler() -> None:
    reply = await fn(Payloads.take)(Payloads(), {"a": 1})
    assert isinstance(reply, rx.event.EventSpec)


@pytest.mark.parametrize("extra", [{"more": 1}, {"number": 1, "self": 2}])
async def test_unknown_arguments_are_refused(extra: dict[str, int]) -> None:
    reply = await fn(Payloads.take)(Payloads(), 1, **extra)
    assert isinstance(reply, rx.event.EventSpec)


async def test_a_fitting_argument_reaches_the_handler() -> None:
    assert await fn(Payloads.take)(Payloads(), 7, text="x") == 8


async def test_a_domain_error_becomes_a_toast_with_its_words() -> None:
    reply = await fn(Payloads.clash)(Payloads())
    assert "The run has ended already." in str(reply)
