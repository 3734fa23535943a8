"""A mail as text: its addresses, its headers, its parts."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.utils import format_datetime

from flowstudio.errors import StepError
from flowstudio.nodes.outgoing.text import brief, has_control

_SPEC = r"[^\s<>@,;:\"()\[\]\\]+@[^\s<>@,;:\"()\[\]\\]+"
# Stricter than the standard's own grammar, in which one text can hold lists, groups and comments.
_ADDRESS = re.compile(
    rf"""(?P<name>"[^"\\]*"\ ?|[^"<>@,;:\\]*)<(?P<spec>{_SPEC})>|(?P<bare>{_SPEC})"""
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says.

    Attributes:
        sender: one address; to: one each, so that no text can add a recipient.
        html: shown instead of the text where possible; may be empty.
    """

    sender: str
    to: Sequence[str]
    subject: str
    text: str
    html: str = ""


def compose(letter: Letter, sent_at: datetime, key: str) -> EmailMessage:
    """Write a mail.

    Args:
        letter: what it says.
        sent_at: for its date.
        key: makes its Message-ID; the same for every attempt, so that mail systems can tell a copy
            from a second message.

    Raises:
        StepError: an address is none, or a header would hold a line break.
    """
    sender = _read_address(letter.sender, "The sender (FLOWSTUDIO_SMTP_FROM)")
    if has_control(letter.subject):
        message = "The subject holds a line break; remove it."
        raise StepError(message, retryable=False)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = read_recipients(letter.to)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(sent_at)
    local = hashlib.sha256(key.encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{local}@{_ascii_domain(sender.domain)}>"
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    return mail


def read_recipients(texts: Sequence[str]) -> list[MailAddress]:
    """Read addresses, exactly one from each text, with or without a name before it.

    Raises:
        StepError: there is none, or a text is no address, several, or holds a line break.
    """
    if not texts:
        message = "to: give at least one mail address."
        raise StepError(message, retryable=False)
    return [_read_address(text, "to") for text in texts]


def _read_address(text: str, what: str) -> MailAddress:
    is_odd = len(text) > 1000 or has_control(text)
    found = None if is_odd else _ADDRESS.fullmatch(text.strip())
    problem = f"{what}: {brief(text, 80)!r} is not one mail address."
    if found is None:
        raise StepError(problem, retryable=False)
    name = (found["name"] or "").strip().strip('"')
    try:
        return MailAddress(name, addr_spec=found["spec"] or found["bare"])
    except (ValueError, HeaderParseError, IndexError) as error:
        raise StepError(problem, retryable=False) from error


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return "localhost"
