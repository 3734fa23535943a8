"""The door of public forms: `/f/<token>`, and `/f/<token>/<receipt>` for what came of one."""

import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.api.form_page import (
    FIELD,
    POLICY,
    RECEIPT,
    Filled,
    fields_of,
    form_page,
    message_page,
    result_page,
    title_of,
)
from flowstudio.api.hooks import Pattern, TooLargeError, read_request
from flowstudio.errors import (
    ConflictError,
    FlowStudioError,
    InvalidInputError,
    NotFoundError,
    QueueClosedError,
    ThrottledError,
)
from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime
from flowstudio.services.access import NOBODY
from flowstudio.services.field_texts import value_of
from flowstudio.services.webhook_calls import FORM_KEY, WebhookCalls
from flowstudio.services.webhook_inputs import Received
from flowstudio.services.webhook_links import Link
from flowstudio.services.webhook_requests import Noted

log = logging.getLogger(__name__)

PREFIX = "/f/"
_RECEIPT = re.compile(r"[A-Za-z0-9_-]{32}")
_RECEIPT_BYTES = 24
_MOST_FIELDS = 1_000
_ROUTE = Pattern("/f/{token}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_FORM = "application/x-www-form-urlencoded"
_CLOSED = "This form is closed at the moment. Ask whoever gave you the link."
_NOTHING = "There is no form at this address. Check that the link is whole."


class Forms:
    """Answers people at forms, and passes everything else on."""

    def __init__(self, site: ASGIApp, runtime_of: Callable[[], Runtime]) -> None:
        self._site = site
        self._runtime_of = runtime_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._site(scope, receive, send)
            return
        scope["route"] = _ROUTE
        try:
            reply = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        except NotFoundError:
            reply = HTMLResponse(message_page("There is nothing here", _NOTHING), 404)
        except ConflictError:
            reply = HTMLResponse(message_page("Closed", _CLOSED), 409)
        except Exception:
            log.exception("A form could not be answered")
            says = "Something went wrong on the server. Try again later."
            reply = HTMLResponse(message_page("That did not work", says), 500)
        reply.headers.update(_HEADERS)
        await reply(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        runtime = self._runtime_of()
        calls = runtime.studio.webhook_calls
        token, _, receipt = scope["path"].removeprefix(PREFIX).partition("/")
        link = await calls.find(NOBODY, token)
        if link.record.kind != "form":
            raise NotFoundError(_NOTHING)
        path, method = f"{PREFIX}{token}", scope["method"]
        if method in ("GET", "HEAD"):
            return await _shown(calls, link, path, receipt)
        if method != "POST" or receipt:
            says = "Open the form and send it from there."
            return HTMLResponse(message_page("Not like this", says), 405, {"Allow": "GET, POST"})
        return await self._sent(runtime, link, path, scope, receive)

    async def _sent(
        self, runtime: Runtime, link: Link, path: str, scope: Scope, receive: Receive
    ) -> Response:
        filled = Filled(_new_receipt())
        try:
            sent = await read_request(scope, receive, runtime)
            texts = _texts(sent)
            receipt = texts.get(RECEIPT, "")
            filled = Filled(_new_receipt(), _fields(texts))
            if not _RECEIPT.fullmatch(receipt):
                return _again(link, path, filled, ["Please send it once more."], 422)
            return await _begun(runtime, link, path, _as_json(link, sent, filled.texts, receipt))
        except TooLargeError:
            most = f"{runtime.settings.webhook_max_bytes:,}"
            return _again(link, path, filled, [f"That is too much: at most {most} bytes."], 413)
        except (ThrottledError, QueueClosedError) as error:
            reply = _again(link, path, filled, [_LATER[type(error)]], _STATUSES[type(error)])
            reply.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
            return reply
        except InvalidInputError as error:
            return _again(link, path, filled, error.problems, 422)


async def _begun(runtime: Runtime, link: Link, path: str, received: Received) -> Response:
    calls, run_id, status, detail = runtime.studio.webhook_calls, new_id(), 303, ""
    try:
        await calls.admit(link, received)
        run_id = (await calls.start(link, received, run_id)).run_id
    except FlowStudioError as error:
        run_id, status, detail = "", _STATUSES.get(type(error), 500), str(error)
        raise
    finally:
        noted = Noted(status, detail, run_id)
        runtime.studio.webhook_requests.note(link, received, noted, is_test=False)
    return RedirectResponse(f"{path}/{received.header(FORM_KEY)}", 303)


_STATUSES = {InvalidInputError: 422, ThrottledError: 429, ConflictError: 409, QueueClosedError: 503}
_LATER: Mapping[type[FlowStudioError], str] = {
    ThrottledError: "Too many people are here. Try again later.",
    QueueClosedError: "Nothing new is taken at the moment. Try again later.",
}


async def _shown(calls: WebhookCalls, link: Link, path: str, receipt: str) -> Response:
    if receipt:
        result = await calls.result(link, receipt)
        return HTMLResponse(result_page(_title(link), result.status, path, result.outputs))
    if link.document is None:
        raise ConflictError(_CLOSED)
    return HTMLResponse(form_page(_title(link), link.schema, path, Filled(_new_receipt())))


def _again(
    link: Link, path: str, filled: Filled, problems: tuple[str, ...] | list[str], status: int
) -> Response:
    sorted_out = _by_field(fields_of(link.schema), problems)
    drawn = Filled(filled.receipt, filled.texts, sorted_out)
    return HTMLResponse(form_page(_title(link), link.schema, path, drawn), status)


def _by_field(
    fields: Mapping[str, Mapping[str, Any]], problems: tuple[str, ...] | list[str]
) -> dict[str, list[str]]:
    """Sentences at the fields they name, which they call by their titles."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        name = next((name for name in fields if f"'{name}'" in problem), "")
        says = problem
        if name:
            says = problem.replace(f"The input '{name}'", "This").replace(f"'{name}'", "This", 1)
            says = says.replace("This is missing", f"{title_of(name, fields[name])} is missing")
        found.setdefault(name, []).append(says)
    return found


def _texts(sent: Received) -> dict[str, str]:
    if sent.header("content-type").partition(";")[0].strip().lower() != _FORM:
        message = "The form did not arrive as a form."
        raise InvalidInputError([message])
    try:
        return dict(
            parse_qsl(
                sent.body.decode(),
                keep_blank_values=True,
                max_num_fields=_MOST_FIELDS,
                errors="strict",
            )
        )
    except ValueError as error:
        message = "The form could not be read."
        raise InvalidInputError([message]) from error


def _fields(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(FIELD): text.replace("\r\n", "\n")
        for name, text in texts.items()
        if name.startswith(FIELD)
    }


def _as_json(link: Link, sent: Received, texts: Mapping[str, str], receipt: str) -> Received:
    """The form as a request with a JSON body, which is what all links take."""
    inputs: dict[str, Any] = {}
    for name, part in fields_of(link.schema).items():
        text = texts.get(name, "")
        if part.get("type") == "boolean":
            inputs[name] = bool(text)
        elif text:
            inputs[name] = _parsed(text) if _is_nested(part) else value_of(part, text)
    headers = (("content-type", "application/json"), (FORM_KEY, receipt))
    return Received(sent.method, headers, (), json.dumps(inputs).encode(), sent.address)


def _is_nested(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("object", "array")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _title(link: Link) -> str:
    return link.record.name


def _new_receipt() -> str:
    return secrets.token_urlsafe(_RECEIPT_BYTES)
