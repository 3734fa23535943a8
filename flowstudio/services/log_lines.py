"""The log: lines of JSON, each an object of its own, or lines for people."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from flowstudio.nodes.outgoing.masking import MASK, mask_text
from flowstudio.services.log_context import noted
from flowstudio.settings import Settings

#: The longest text of one field.
MOST = 4_000
#: Secrets that nobody has named beforehand: API keys, tokens in headers, passwords in addresses.
_TELLING = re.compile(
    r"\b(?:fsk_|sk-or-|sk-)[\w.-]{8,}|(?<=[Bb]earer )[\w.~+/=-]{8,}|(?<=://)[^\s/@]*:[^\s/@]+(?=@)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
#: Libraries that write to standard error by themselves, too.
_TALKATIVE = ("engineio.server", "socketio.server")
#: How Granian is told to leave its lines to the log of the process.
SERVER_LINES = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


class JsonLines(logging.Formatter):
    """Writes a record as one line; what a record has as `fields` stands beside its message."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII: nothing in it can begin another line or colour a terminal."""
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage())[:MOST],
        }
        line |= noted()
        line |= {name: self._field(value) for name, value in _fields(record).items()}
        if record.exc_info:
            line["error"] = self.clean(self.formatException(record.exc_info), _BUT_BREAKS)[-MOST:]
        return json.dumps(line, ensure_ascii=True, default=str)

    def clean(self, text: str, unwanted: re.Pattern[str] = _CONTROL) -> str:
        """Text without secrets and control characters."""
        text = _TELLING.sub(MASK, mask_text(text, self._secrets))
        return unwanted.sub("\N{REPLACEMENT CHARACTER}", text)

    def _field(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)[:MOST]
        if isinstance(value, dict):
            return {str(name)[:100]: self._field(inner) for name, inner in value.items()}
        return value


class TextLines(JsonLines):
    """The same for people: each record begins a line, and whatever follows it is indented."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and below it the lines of an error."""
        known = noted() | _fields(record)
        told = " ".join(f"{name}={self._short(value)}" for name, value in known.items() if value)
        message = self._short(record.getMessage())
        line = f"{_moment(record)} {record.levelname:<7} {record.name}: {message}"
        line = f"{line}  {told}" if told else line
        if record.exc_info:
            error = self.clean(self.formatException(record.exc_info), _BUT_BREAKS)[-MOST:]
            line += "".join(f"\n    {part}" for part in error.splitlines())
        return line

    def _short(self, value: Any) -> str:
        return self.clean(str(value))[:MOST]


def open_log(settings: Settings) -> None:
    """Send the log to standard error: of FlowStudio as much as is set, of libraries what went wrong.

    All of it goes through one formatter, so that no line has another form and none has a secret.
    """
    kind = JsonLines if settings.log_format == "json" else TextLines
    lines, level = kind(known_secrets(settings)), logging.getLevelName(settings.log_level.upper())
    ours = logging.getLogger("flowstudio")
    ours.addHandler(_handler(lines, level))
    ours.setLevel(level)
    ours.propagate = False
    # What libraries say of their daily work repeats addresses with their queries.
    logging.getLogger().addHandler(_handler(lines, max(level, logging.WARNING)))
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        # With a level of its own, it is given no handler later.
        theirs.setLevel(logging.ERROR)


def _handler(lines: logging.Formatter, level: int) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(lines)
    handler.setLevel(level)
    return handler


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret among the settings, the longest first: one may be a part of another."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    texts = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    parts = {part.strip() for text in texts for part in (text, *text.split(","))}
    return tuple(sorted(filter(None, parts), key=len, reverse=True))


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return found
