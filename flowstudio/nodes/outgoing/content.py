"""Bodies as JSON values: what a node sends, and what it makes of a reply."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal, NoReturn
from urllib.parse import urlencode

from flowstudio.errors import StepError
from flowstudio.nodes.outgoing.http import Reply
from flowstudio.nodes.outgoing.masking import mask, mask_bytes, mask_text
from flowstudio.nodes.outgoing.text import brief, decode

Expect = Literal["auto", "json", "text", "bytes"]

_TEXTUAL = (
    "text/",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
)


def pack(body: Any, headers: Mapping[str, str]) -> tuple[bytes, str]:
    """A value as bytes, and their content type.

    Text is sent as it is, an object under the header `Content-Type: application/x-www-form-urlencoded`
    as a form, anything else as JSON, null as nothing.

    Raises:
        StepError: the value is not JSON.
    """
    if body is None:
        return b"", ""
    if isinstance(body, str):
        return body.encode(errors="replace"), "text/plain; charset=utf-8"
    given = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    if isinstance(body, dict) and given.startswith("application/x-www-form-urlencoded"):
        return urlencode(body, doseq=True).encode(), given
    return pack_json(body), "application/json"


def pack_json(value: Any) -> bytes:
    """A value as JSON.

    Raises:
        StepError: it is not JSON.
    """
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StepError(f"The body cannot be sent as JSON: {error}.", retryable=False) from error


def unpack(reply: Reply, expect: Expect, secrets: tuple[str, ...] = ()) -> Any:
    """A reply's body as a JSON value, with secrets masked.

    `auto` goes by the content type: JSON, else text, else bytes as
    `{"base64": …, "type": content type}`. An empty body is null, or "" for `text`.

    Raises:
        StepError: `json` was expected and something else came.
    """
    content_type = reply.headers.get("content-type", "")
    essence, _, parameters = content_type.partition(";")
    essence = essence.strip().lower()
    if expect == "bytes" or (expect == "auto" and reply.content and _is_binary(essence, reply)):
        content = mask_bytes(reply.content, secrets)
        return {"base64": base64.b64encode(content).decode(), "type": content_type}
    text = decode(reply.content, _charset(parameters))
    masked = mask_text(text, secrets)
    if expect == "text":
        return masked
    if not text.strip():
        return None
    is_json = essence == "application/json" or essence.endswith("+json")
    if expect == "json" or is_json:
        try:
            return mask(json.loads(text, parse_constant=_no_constant), secrets)
        except (ValueError, RecursionError) as error:
            if expect == "json":
                raise StepError(
                    f"The reply is not JSON ({brief(str(error), 80)}): {brief(masked, 120)}",
                    retryable=False,
                ) from error
    return masked


def _is_binary(essence: str, reply: Reply) -> bool:
    if essence.startswith(_TEXTUAL) or essence.endswith(("json", "+xml")):
        return False
    if essence and essence != "application/octet-stream":
        return True
    try:
        return "\0" in reply.content.decode()
    except UnicodeDecodeError:
        return True


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("'\"")
    return "utf-8"


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number"
    raise ValueError(message)
