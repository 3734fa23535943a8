"""Links in mail: secrets that prove an address, and what the mails around them say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from flowstudio.errors import InvalidInputError
from flowstudio.security.tokens import fingerprint, new_secret
from flowstudio.store import users
from flowstudio.store.users import MailToken

Purpose = Literal["verify", "reset"]


@dataclass(frozen=True, slots=True)
class _Kind:
    lives: timedelta
    subject: str
    text: str


_KINDS: dict[Purpose, _Kind] = {
    "verify": _Kind(
        timedelta(hours=24),
        "Confirm your e-mail address",
        "Somebody, probably you, gave this address to FlowStudio at {base}.\n\n"
        "Confirm that it is yours within 24 hours:\n\n{link}\n\n"
        "If it was not you, do nothing.\n",
    ),
    "reset": _Kind(
        timedelta(hours=1),
        "Choose a new password",
        "Somebody, probably you, asked for a new password for FlowStudio at {base}.\n\n"
        "Choose one within an hour:\n\n{link}\n\n"
        "If it was not you, do nothing; your password stays as it is.\n",
    ),
}


@dataclass(frozen=True, slots=True)
class LinkMail:
    """A mail that holds a link."""

    to: str
    subject: str
    text: str


def make_link(
    session: Session, base_url: str, purpose: Purpose, token: tuple[str, str], now: datetime
) -> LinkMail:
    """Keep a new secret, inside a work that writes, and write the mail that holds it.

    Args:
        session: of that work.
        base_url: where people reach this server; never taken from a request.
        purpose: what the link is for; earlier links of the person for it end.
        token: whose it is (their id), and the address it goes to.
        now: when.
    """
    secret, kind, (user_id, email) = new_secret(), _KINDS[purpose], token
    kept = MailToken(purpose, user_id, email, expires_at=now + kind.lives)
    users.add_mail_token(session, fingerprint(secret), kept, now)
    link = f"{base_url}/{purpose}?token={secret}"
    return LinkMail(email, kind.subject, kind.text.format(base=base_url, link=link))


def look_at_link(session: Session, secret: str, purpose: Purpose, now: datetime) -> MailToken:
    """What a link is for.

    Raises:
        InvalidInputError: it is unknown, was used, or is too old.
    """
    found = users.find_mail_token(session, fingerprint(secret), purpose, now)
    if found is None:
        raise InvalidInputError(
            ["This link is not valid any more: it was used, or is too old. Ask for a new one."]
        )
    return found


def take_link(session: Session, secret: str, purpose: Purpose, now: datetime) -> MailToken:
    """Use a link up, inside a work that writes.

    Raises:
        InvalidInputError: it is unknown, was used, or is too old.
    """
    found = look_at_link(session, secret, purpose, now)
    users.use_mail_token(session, fingerprint(secret), now)
    return found
