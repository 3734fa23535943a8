"""Where a command works: on this machine, or on the server that `--server` names."""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any, ParamSpec

import click

P = ParamSpec("P")


def chosen_server() -> str:
    """The address given with `--server`; empty for this machine."""
    address: str = click.get_current_context().find_root().params.get("server") or ""
    return address


def or_at_server(target: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Let `module:function` do a command's work when a server was chosen.

    It takes the same parameters, and loads only then.
    """

    def decorate(here: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(here)
        def command(*args: P.args, **kwargs: P.kwargs) -> None:
            if not chosen_server():
                here(*args, **kwargs)
                return
            module, _, name = target.partition(":")
            there: Callable[..., Any] = getattr(import_module(module), name)
            there(*args, **kwargs)

        return command

    return decorate
