"""Messages as NOTIFY carries them: many in one payload, or one cut over several.

A payload is shorter than 8,000 bytes. It is `ORIGIN NUMBER MARK TEXT`; TEXT is lines of JSON, and
MARK says whether its last line goes on in the origin's next payload, whose NUMBER is one higher. The
number also keeps two payloads of one transaction apart, since PostgreSQL drops a repeated one.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

MOST_BYTES = 7_900
#: What a longer message would say is asked for anew instead.
MOST_MESSAGE_BYTES = 1_000_000
_GOES_ON = "+"
_ENDS = "."


def to_line(message: Any) -> bytes:
    """A message as JSON without a line break."""
    try:
        return orjson.dumps(message)
    except TypeError:
        # Half of a surrogate pair, which a model may well stream.
        return json.dumps(message, separators=(",", ":")).encode()


def _from_line(line: str) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line)


class Writer:
    """Makes the payloads of one process."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._number = 0

    def payloads(self, lines: Iterable[bytes]) -> list[str]:
        """As few payloads as carry these lines, in their order."""
        made = []
        for mark, text in _packed(lines, MOST_BYTES - len(self._origin) - 24):
            self._number += 1
            made.append(f"{self._origin} {self._number} {mark} {text.decode()}")
        return made


def _packed(lines: Iterable[bytes], most: int) -> Iterator[tuple[str, bytes]]:
    held = b""
    for line in lines:
        if held and len(held) + 1 + len(line) > most:
            yield _ENDS, held
            held = b""
        if len(line) > most:
            *pieces, held = _cut(line, most)
            for piece in pieces:
                yield _GOES_ON, piece
        else:
            held = b"\n".join((held, line)) if held else line
    if held:
        yield _ENDS, held


def _cut(line: bytes, most: int) -> list[bytes]:
    """Pieces of at most so many bytes, never in the middle of a character."""
    pieces = []
    start = 0
    while start < len(line):
        end = min(start + most, len(line))
        while end < len(line) and line[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(line[start:end])
        start = end
    return pieces


class Reader:
    """Reads the payloads of all processes."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[int, str]] = {}

    def messages(self, payload: str) -> tuple[str, list[Any]]:
        """Who sent it, and the messages that are whole with it."""
        origin, number, mark, text = payload.split(" ", 3)
        before, begun = self._begun.pop(origin, (0, ""))
        if int(number) == before + 1:
            text = begun + text
        if mark == _GOES_ON:
            self._begun[origin] = (int(number), text)
            return origin, []
        return origin, [_from_line(line) for line in text.split("\n")]

    def clear(self) -> None:
        """Forget what has begun: its end was missed."""
        self._begun.clear()
