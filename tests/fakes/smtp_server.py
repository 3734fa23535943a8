"""A real SMTP server on 127.0.0.1 that keeps the mail it is handed."""

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    message: EmailMessage


@dataclass
class SmtpServer:
    """Speaks enough SMTP for a client.

    Attributes:
        starttls: offered with this certificate; None offers none.
        tls: encrypted from the first byte.
        password: wanted from everybody as user `ada`; "" wants none and offers no AUTH.
        replies: instead of the usual one, by command or by recipient.
    """

    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    password: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    hang_up_on: str = ""
    mails: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    encrypted: bool = False

    async def __aenter__(self) -> "SmtpServer":
        self._tasks: set[asyncio.Task] = set()
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.tls, **_patience(self.tls)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.encrypted = self.tls is not None
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks) if self._tasks else None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            await _Session(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(asyncio.current_task())


class _Session:
    def __init__(self, server: SmtpServer, reader, writer) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.sender = ""
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.say("220 mail.test ready")
        while line := (await self.reader.readline()).decode("utf-8").rstrip("\r\n"):
            self.server.commands.append(line)
            command = line.split(":")[0].split()[0].upper()
            if command == self.server.hang_up_on:
                return
            if command in self.server.replies:
                await self.say(self.server.replies[command])
            else:
                await getattr(self, f"on_{command.lower()}")(line)
            if command == "QUIT":
                return

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def on_ehlo(self, _: str) -> None:
        offers = ["mail.test", "8BITMIME"]
        offers += ["STARTTLS"] if self.server.starttls and not self.server.encrypted else []
        offers += ["AUTH PLAIN"] if self.server.password else []
        await self.say(*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}")

    async def on_starttls(self, _: str) -> None:
        await self.say("220 go ahead")
        await self.writer.start_tls(self.server.starttls)
        self.server.encrypted = True

    async def on_auth(self, line: str) -> None:
        given = base64.b64decode(line.split()[2]).decode()
        good = given == f"\0ada\0{self.server.password}"
        await self.say("235 welcome" if good else f"535 no such account {given}")

    async def on_mail(self, line: str) -> None:
        self.sender = line.partition("<")[2].partition(">")[0]
        await self.say("250 ok")

    async def on_rcpt(self, line: str) -> None:
        recipient = line.partition("<")[2].partition(">")[0]
        reply = self.server.replies.get(recipient, "250 ok")
        if reply.startswith("250"):
            self.recipients.append(recipient)
        await self.say(reply)

    async def on_data(self, _: str) -> None:
        await self.say("354 go ahead")
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.mails.append(Mail(self.sender, self.recipients, message))
        await self.say("250 taken")

    async def on_quit(self, _: str) -> None:
        await self.say("221 bye")

    async def on_rset(self, _: str) -> None:
        await self.say("250 ok")


def _patience(tls: ssl.SSLContext | None) -> dict[str, float]:
    # A client that just leaves shall not hold the server's end up.
    return {"ssl_shutdown_timeout": 0.1} if tls else {}
