"""Bodies of `multipart/form-data`, taken apart."""

from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_MOST_BOUNDARY = 70


class NotPartsError(Exception):
    """The body is no `multipart/form-data`; the message says why."""


@dataclass(slots=True)
class Part:
    """A field of a form, or a file."""

    name: str = ""
    file_name: str | None = None
    content: bytearray = field(default_factory=bytearray, repr=False)


def read_parts(body: bytes, content_type: str, most: int) -> list[Part]:
    """The parts in their order.

    Raises:
        NotPartsError: it does not read, or has more than so many parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 0 < len(boundary) <= _MOST_BOUNDARY:
        message = "Its Content-Type names no boundary, or too long a one."
        raise NotPartsError(message)
    reader = _Reader(most)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        message = "It is not well-formed multipart/form-data."
        raise NotPartsError(message) from error
    if not reader.has_ended:
        message = "It ends before its last boundary."
        raise NotPartsError(message)
    return reader.parts


class _Reader:
    """Gathers what the parser tells of."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.has_ended = False
        self._most = most
        self._header = bytearray()
        self._value = bytearray()

    def callbacks(self) -> Any:
        # Their type is there for checkers alone.
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_header_field": self._name_of_header,
            "on_header_value": self._value_of_header,
            "on_header_end": self._end_header,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == self._most:
            message = f"It has more than {self._most:,} parts."
            raise NotPartsError(message)
        self.parts.append(Part())

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _name_of_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _value_of_header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        header, value = bytes(self._header).lower(), bytes(self._value)
        self._header.clear()
        self._value.clear()
        if header != b"content-disposition":
            return
        options = parse_options_header(value)[1]
        part = self.parts[-1]
        part.name = _text(options.get(b"name", b""))
        if b"filename" in options:
            part.file_name = _text(options[b"filename"])

    def _end_part(self) -> None:
        if not self.parts[-1].name:
            message = "A part has no name."
            raise NotPartsError(message)

    def _end(self) -> None:
        self.has_ended = True


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        message = "A part's name is not UTF-8."
        raise NotPartsError(message) from error
