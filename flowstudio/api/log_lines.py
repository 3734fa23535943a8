"""The log as lines of JSON, each an object of its own."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

#: The longest text of one field.
MOST = 4_000


class JsonLines(logging.Formatter):
    """Writes a record as one line; what a record has as `fields` stands beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII: nothing in it can begin another line or colour a terminal."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:MOST],
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)[-MOST:]
        return json.dumps(line, ensure_ascii=True, default=str)


def open_log(level: str) -> None:
    """Send the log of FlowStudio, and of nothing it uses, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    ours = logging.getLogger("flowstudio")
    ours.addHandler(handler)
    ours.setLevel(level.upper())
    # Libraries would repeat addresses with their queries.
    ours.propagate = False
