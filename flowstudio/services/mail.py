"""Mail to people: by SMTP, or as files for whoever holds the machine when no server is set."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from flowstudio.clock import Clock
from flowstudio.errors import FlowStudioError
from flowstudio.graph.ids import new_id
from flowstudio.nodes.outgoing.mail import OutgoingMail
from flowstudio.nodes.outgoing.message import Letter, compose
from flowstudio.settings import Settings

_LOG = logging.getLogger(__name__)
_MOST_FILES = 1_000
_MOST_WAITING = 500
_FALLBACK_SENDER = "flowstudio@localhost"
_SEND_S = 30.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail.

    Attributes:
        place: the file it was written to.
        problem: why the mail server did not take it, one sentence.
    """

    kind: Literal["smtp", "file", "failed"]
    place: Path | None = None
    problem: str = ""


class MailService:
    """Sends text mails of FlowStudio itself."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        outgoing: Callable[[Settings], OutgoingMail] = OutgoingMail,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._outgoing = outgoing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._places = threading.BoundedSemaphore(_MOST_WAITING)

    def close(self) -> None:
        """Let the mail on its way go out; what waits behind it is dropped."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    @property
    def folder(self) -> Path:
        """Where mails go when there is no mail server."""
        return self._settings.data_dir / "outbox"

    async def send(self, to: str, subject: str, text: str, key: str = "") -> Delivery:
        """Send a mail; what the mail server says against it is in the delivery, and logged.

        Two with the same `key` have the same Message-ID, so that mail systems can tell that the
        second is the first again.
        """
        try:
            return await self._send(to, subject, text, key or new_id())
        except (FlowStudioError, OSError) as error:
            _LOG.warning("A mail could not be sent: %s", error)
            return Delivery("failed", problem=str(error))

    def post(self, to: str, subject: str, text: str) -> None:
        """Send a mail later, so that who waits for a reply cannot tell whether there was one."""
        if not self._places.acquire(blocking=False):
            _LOG.warning("A mail was dropped: %s wait to be sent already.", _MOST_WAITING)
            return
        self._thread.submit(self._post, to, subject, text)

    def flush(self) -> None:
        """Wait until everything posted so far is on its way."""
        self._thread.submit(lambda: None).result()

    def _post(self, to: str, subject: str, text: str) -> None:
        try:
            asyncio.run(self.send(to, subject, text))
        finally:
            self._places.release()

    async def _send(self, to: str, subject: str, text: str, key: str) -> Delivery:
        if not self._settings.smtp_url.get_secret_value():
            mail = self._compose(Letter(self._settings.smtp_from, [to], subject, text), key)
            # Somebody reads the file as it is, so links must stay in one piece.
            mail.set_content(text, cte="8bit")
            return Delivery("file", await asyncio.to_thread(_keep, self.folder, mail))
        outgoing = self._outgoing(self._settings)
        mail = self._compose(Letter(outgoing.server.sender, [to], subject, text), key)
        await outgoing.send(mail, outgoing.server, _SEND_S)
        return Delivery("smtp")

    def _compose(self, letter: Letter, key: str) -> EmailMessage:
        letter = replace(letter, sender=letter.sender or _FALLBACK_SENDER)
        return compose(letter, self._clock.now(), key)


def _keep(folder: Path, mail: EmailMessage) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Names begin with the time, so the first ones are the oldest.
    for old in sorted(folder.glob("*.eml"))[: -_MOST_FILES + 1]:
        old.unlink(missing_ok=True)
    path = folder / f"{new_id()}.eml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(mail.as_bytes())
    return path
