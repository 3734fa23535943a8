"""What a request at a webhook gives the run as inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flowstudio.errors import InvalidInputError
from flowstudio.graph.strict_json import NotJsonError, read_json
from flowstudio.services.field_texts import value_of
from flowstudio.services.multipart import NotPartsError, read_parts

_MAX_DEPTH = 64
_MOST_FIELDS = 1_000
#: Entries and fields of a JSON body: checking a million of them would hold up everybody else.
_MOST_VALUES = 50_000
_MOST_NAME = 100
_MOST_PROBLEMS = 100
_FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data"
#: Never handed to a run, beside the webhook's own secret.
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "webhook-signature", "x-api-key"}
)

#: Inputs that are given these of the request.
SPECIAL = frozenset({"body", "headers", "query", "method"})

#: How a deduplication key begins that stands in the body: `body.order.id`.
IN_BODY = "body."

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in; names of headers are in lower case."""

    method: str
    headers: Pairs
    query: Pairs
    body: bytes = field(repr=False)
    address: str = ""

    def header(self, name: str) -> str:
        """The value of a header sent once; "" when it was not, or several times."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else ""


def inputs_of(schema: Mapping[str, Any], received: Received, secret_header: str) -> dict[str, Any]:
    """The inputs: fields of the body, or of the query when there is no body, that are declared.

    Inputs named `body`, `headers`, `query` and `method` are given those.

    Raises:
        InvalidInputError: the body does not read.
    """
    declared = schema.get("properties")
    named: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
    is_open = not named or schema.get("additionalProperties", False) is not False
    content = _content(received, named, is_open=is_open)
    fields = content if isinstance(content, dict) else {}
    if not received.body:
        fields = {name: value_of(named.get(name), text) for name, text in received.query}
    inputs = {name: value for name, value in fields.items() if is_open or name in named}
    if "body" in named:
        inputs["body"] = content
    if "headers" in named:
        hidden = _SECRET_HEADERS | {secret_header.lower()}
        inputs["headers"] = {key: text for key, text in received.headers if key not in hidden}
    if "query" in named:
        inputs["query"] = dict(received.query)
    if "method" in named:
        inputs["method"] = received.method
    return inputs


def _content(received: Received, named: Mapping[str, Any], *, is_open: bool) -> Any:
    if not received.body:
        return None
    kind = received.header("content-type").partition(";")[0].strip().lower()
    if not kind or kind == "application/json" or kind.endswith("+json"):
        try:
            content = read_json(received.body, "The body", _MAX_DEPTH)
        except NotJsonError as error:
            raise InvalidInputError([f"body: {error}"]) from error
        if _is_more_than(content, _MOST_VALUES):
            raise InvalidInputError([f"body: It has more than {_MOST_VALUES:,} values."])
        return content
    if kind == _PARTS:
        return _of_parts(received, named, is_open=is_open or "body" in named)
    if kind.startswith("multipart/"):
        message = f"body: Of multipart bodies only {_PARTS} is taken. Or send JSON or text."
        raise InvalidInputError([message])
    try:
        text = received.body.decode()
        if kind != _FORM:
            return text
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        message = f"body: It must be UTF-8 text, and a form of at most {_MOST_FIELDS:,} fields."
        raise InvalidInputError([message]) from error
    return {name: value_of(named.get(name), given) for name, given in pairs}


def _is_more_than(value: Any, most: int) -> bool:
    """Whether lists and objects hold more values than that, all levels together."""
    count, stack = 0, [value]
    while stack:
        part = stack.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        count += len(inner)
        if count > most:
            return True
        stack.extend(inner)
    return False


def _of_parts(received: Received, named: Mapping[str, Any], *, is_open: bool) -> dict[str, Any]:
    """The fields of a form in parts; a file that is no input is left out, as other fields are."""
    try:
        parts = read_parts(received.body, received.header("content-type"), _MOST_FIELDS)
    except NotPartsError as error:
        raise InvalidInputError([f"body: {error}"]) from error
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for part in parts:
        if part.file_name is not None:
            # A browser sends a nameless file where none was chosen.
            if part.file_name and (is_open or part.name in named):
                problems.append(
                    f"{_told(part.name)}: Files are not taken. Send its text, or its address."
                )
            continue
        try:
            fields[part.name] = value_of(named.get(part.name), part.content.decode())
        except UnicodeDecodeError:
            problems.append(f"{_told(part.name)}: It must be UTF-8 text.")
    if problems:
        raise InvalidInputError(problems[:_MOST_PROBLEMS])
    return fields


def _told(name: str) -> str:
    return name if name.isprintable() and len(name) <= _MOST_NAME else repr(name[:_MOST_NAME])


def body_key(received: Received, path: str) -> str:
    """The text or whole number at a path such as `body.orders.0.id`; "" when nothing is there.

    Raises:
        InvalidInputError: something else is there.
    """
    try:
        found = read_json(received.body, "The body", _MAX_DEPTH)
    except NotJsonError:
        return ""
    for name in path.removeprefix(IN_BODY).split("."):
        found = _inside(found, name)
    if found is None or isinstance(found, str):
        return found or ""
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    raise InvalidInputError([f"{path}: Send text or a whole number."])


def _inside(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list) and name.isdecimal() and len(name) < 6 and int(name) < len(value):
        return value[int(name)]
    return None
