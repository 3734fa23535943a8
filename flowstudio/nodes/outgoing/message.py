"""A mail as text: its addresses, its headers, its parts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from flowstudio.errors import StepError
from flowstudio.nodes.outgoing.text import brief, has_control


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
    sender = mail_address(letter.sender, "The sender (FLOWSTUDIO_SMTP_FROM)")
    if has_control(letter.subject):
        message = "The subject holds a line break; remove it."
        raise StepError(message, retryable=False)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = [mail_address(text, "to") for text in letter.to]
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(sent_at)
    local = hashlib.sha256(key.encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{local}@{_ascii_domain(sender.domain)}>"
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    return mail


def mail_address(text: str, what: str) -> MailAddress:
    """Read exactly one address, with or without a name before it.

    Raises:
        StepError: it is none, several, or holds a line break.
    """
    shown = brief(text, 80)
    name, spec = parseaddr(text)
    if has_control(text) or spec.count("@") != 1 or not all(spec.split("@")):
        raise StepError(f"{what}: {shown!r} is not one mail address.", retryable=False)
    try:
        address = MailAddress(name, addr_spec=spec)
    except (ValueError, HeaderParseError, IndexError) as error:
        raise StepError(f"{what}: {shown!r} is not one mail address.", retryable=False) from error
    # parseaddr stops at a comma, so whatever it left out shows here.
    if "," in text.replace(name, "", 1):
        raise StepError(
            f"{what}: {shown!r} holds more than one address; give a list instead.", retryable=False
        )
    return address


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return "localhost"
