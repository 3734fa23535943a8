"""The ASGI layer that answers `/a/<token>`: who has such a link needs no account and no script.

Reading it never answers, however often it is done: mail scanners and link previews follow links.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    FlowStudioError,
    InvalidInputError,
    NotFoundError,
    ThrottledError,
)
from flowstudio.graph.ids import new_id
from flowstudio.services.access import NOBODY
from flowstudio.services.addresses import client_address
from flowstudio.services.answer_links import Ask
from flowstudio.services.origin import Origin
from flowstudio.ui.answer_link.page import ask_page, message_page
from flowstudio.ui.backend import backend
from flowstudio.ui.widgets.fields import Field, read_form, with_problems

_PREFIX = "/a/"
_MOST_BYTES = 200_000
_MOST_FIELDS = 500
_FORM = "application/x-www-form-urlencoded"
#: The token stands in the address: it goes nowhere else, and nothing but the form acts.
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
_STATUSES: tuple[tuple[type[FlowStudioError], int, str], ...] = (
    (NotFoundError, 404, "This link is not valid"),
    (AccessDeniedError, 403, "You are not asked any more"),
    (ConflictError, 409, "There is nothing to answer"),
)


class AnswerDoor:
    """Answers links of mails and notifications; everything else goes on to the site."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the question, or take the answer."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._site(scope, receive, send)
            return
        request = Request(scope, receive)
        token = scope["path"].removeprefix(_PREFIX)
        try:
            response = await _respond(request, token)
        except FlowStudioError as error:
            response = _refusal(error)
        response.headers.update(_HEADERS)
        await response(scope, receive, send)


async def _respond(request: Request, token: str) -> Response:
    links, origin = backend().studio.answer_links, _origin(request)
    if request.method in {"GET", "HEAD"}:
        return HTMLResponse(ask_page(await links.look(NOBODY, token, origin)))
    if request.method != "POST":
        page = message_page("This cannot be done", "Open the link, and answer there.")
        return HTMLResponse(page, 405, {"allow": "GET, HEAD, POST"})
    typed = await _typed(request)
    if typed is None:
        page = message_page("This answer is too long", "Shorten it, and send it again.")
        return HTMLResponse(page, 413)
    return await _take(token, await links.look(NOBODY, token, origin), typed, origin)


async def _take(token: str, ask: Ask, typed: Mapping[str, str], origin: Origin) -> Response:
    if ask.waiting is None:
        return HTMLResponse(ask_page(ask), 409)
    fields: list[Field] | None = None
    if ask.waiting.kind == "approval":
        verdict = typed.get("verdict", "")
        if verdict not in {"approve", "reject"}:
            return HTMLResponse(ask_page(ask, problems=["Choose to approve or to reject."]), 422)
        answer = {"approved": verdict == "approve", "comment": typed.get("comment", "")}
    else:
        given = {
            key.removeprefix("field-"): text
            for key, text in typed.items()
            if key.startswith("field-")
        }
        reading = read_form(ask.waiting.fields or {}, given)
        fields = reading.fields
        if not reading.is_valid:
            return HTMLResponse(ask_page(ask, fields=fields), 422)
        answer = reading.values
    try:
        await backend().studio.answer_links.answer(NOBODY, token, answer, origin)
    except InvalidInputError as error:
        fields, rest = with_problems(fields or [], list(error.problems))
        comment = typed.get("comment", "")
        return HTMLResponse(ask_page(ask, fields=fields, comment=comment, problems=rest), 422)
    # Loading the page again shows that it is answered, and sends nothing.
    return RedirectResponse(f"{_PREFIX}{quote(token)}", 303)


async def _typed(request: Request) -> dict[str, str] | None:
    """What was typed, the last of each name; None when it is too much."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return {}
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    try:
        found = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return None
    return {name: texts[-1] for name, texts in found.items()}


def _refusal(error: FlowStudioError) -> Response:
    if isinstance(error, ThrottledError):
        headers = {"retry-after": str(max(1, round(error.retry_after_s)))}
        return HTMLResponse(message_page("Too many tries", str(error)), 429, headers)
    for kind, status, title in _STATUSES:
        if isinstance(error, kind):
            return HTMLResponse(message_page(title, str(error)), status)
    return HTMLResponse(message_page("This did not work", str(error)), 503)


def _origin(request: Request) -> Origin:
    address = client_address(request.scope, backend().settings.trusted_proxies)
    agent = request.headers.get("user-agent", "")[:200]
    return Origin(address=address, user_agent=agent, request_id=new_id())
