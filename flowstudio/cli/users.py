"""`flowstudio users …`, for whoever holds the machine."""

import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import click

from flowstudio.errors import InvalidInputError, NotFoundError
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR, InstanceRole
from flowstudio.services.users import NewUser, UserService
from flowstudio.settings import Settings

_ROLES = ("guest", "user", "admin")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_generate = click.option("--generate", is_flag=True, help="Make a password up, and print it.")


@click.group()
def users() -> None:
    """List people, make accounts and admins, and give new passwords."""


def _with_users(work: Callable[[UserService], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with open_runtime(Settings()) as runtime:
            await work(runtime.studio.users)

    try:
        asyncio.run(opened())
    except InvalidInputError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)


@users.command("list")
@click.option("--search", default="", help="Part of a name or address.")
@_as_json
def list_users(search: str, *, as_json: bool) -> None:
    """List people in the order they came."""

    async def work(service: UserService) -> None:
        after, count = None, 0
        while count == 0 or after is not None:
            page = await service.list_users(OPERATOR, limit=200, after=after, search=search)
            for user in page.items:
                row = {
                    "id": user.id,
                    "email": user.email,
                    "name": user.name,
                    "role": user.role,
                    "is_active": user.is_active,
                }
                state = "" if user.is_active else "  shut out"
                line = f"{user.role:<6} {user.email:<40} {user.name}{state}"
                click.echo(json.dumps(row) if as_json else line)
            after, count = page.next, count + 1

    _with_users(work)


@users.command()
@click.argument("email")
@click.option("--name", help="As others see it; the address up to its @ unless given.")
@click.option("--role", type=click.Choice(_ROLES), default="user", show_default=True)
@_generate
@_as_json
def create(email: str, name: str | None, role: str, *, generate: bool, as_json: bool) -> None:
    """Make an account; its password is asked for, or read from the standard input."""
    password = _password(generate=generate)
    new = NewUser(email, name or email.partition("@")[0], cast("InstanceRole", role), password)

    async def work(service: UserService) -> None:
        made = await service.create(OPERATOR, new)
        shown = {"password": password} if generate else {}
        line = f"Made the account {made.email} ({made.role})."
        _tell(line, {"email": made.email} | shown, as_json=as_json)

    _with_users(work)


@users.command("reset-password")
@click.argument("email")
@_generate
@_as_json
def reset_password(email: str, *, generate: bool, as_json: bool) -> None:
    """Give somebody a new password; their sessions end."""
    password = _password(generate=generate)

    async def work(service: UserService) -> None:
        user_id = await _find(service, email)
        user = await service.set_password(OPERATOR, user_id, password)
        shown = {"password": password} if generate else {}
        line = f"{user.email} has a new password."
        _tell(line, {"email": user.email} | shown, as_json=as_json)

    _with_users(work)


@users.command("make-admin")
@click.argument("email")
def make_admin(email: str) -> None:
    """Make somebody an admin, and let them in again if they were shut out."""

    async def work(service: UserService) -> None:
        user_id = await _find(service, email)
        user = await service.edit(OPERATOR, user_id, role="admin", is_active=True)
        click.echo(f"{user.email} is an admin.")

    _with_users(work)


async def _find(service: UserService, email: str) -> str:
    user = await service.find_by_email(OPERATOR, email)
    if user is None:
        raise NotFoundError(f"Nobody has the address {email}. See: flowstudio users list")
    return user.id


def _password(*, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(15)
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _tell(line: str, told: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(line)
    if "password" in told:
        click.echo(f"Password: {told['password']}")
