"""The account services over parts of a test's own, and the mail they send."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from flowstudio.errors import FlowStudioError
from flowstudio.security.passwords import Passwords
from flowstudio.security.throttle import Throttle
from flowstudio.services.accounts import AccountService
from flowstudio.services.mail import MailService
from flowstudio.services.sessions import SessionService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.users import UserService


@dataclass
class Desk:
    """The services, and the folder their mail ends in."""

    parts: StudioParts
    accounts: AccountService
    sessions: SessionService
    users: UserService
    mail: MailService

    def mails(self) -> list[EmailMessage]:
        """Everything sent so far, the oldest first."""
        self.mail.flush()
        files = sorted(self.mail.folder.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def token(self, purpose: str) -> str:
        """The secret of the link in the latest mail."""
        (found,) = re.findall(rf"/{purpose}\?token=(\S+)", self.mails()[-1].get_content())
        return str(found)

    async def together(self, work: Callable[[int], Awaitable[Any]], count: int) -> list[Any]:
        """Outcomes of so many attempts at once: what they gave, or their error of ours."""

        async def attempt(number: int) -> Any:
            try:
                return await work(number)
            except FlowStudioError as error:
                return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt(number)) for number in range(count)]
        return [task.result() for task in tasks]


@contextmanager
def desk(parts: StudioParts, throttle: Throttle | None = None) -> Iterator[Desk]:
    """The services; unless given, their throttle lets everybody try as often as they like."""
    passwords, mail = Passwords(), MailService(parts.settings, parts.clock)
    throttle = throttle or Throttle(parts.clock, per_account=1000, per_address=1000)
    sessions = SessionService(parts, passwords, throttle)
    accounts = AccountService(parts, sessions, passwords, throttle, mail)
    try:
        yield Desk(parts, accounts, sessions, UserService(parts, passwords), mail)
    finally:
        mail.close()
        sessions.close()
