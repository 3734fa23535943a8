"""Errors as RFC 9457 problems: one table from the classes of `flowstudio.errors` to HTTP."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from flowstudio import errors
from flowstudio.graph.form_faults import describe

MEDIA_TYPE = "application/problem+json"
_ADVICE_SIGN_IN = 'Bearer realm="FlowStudio"'


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, the last part of its `type`, and its title."""

    status: int
    slug: str
    title: str


#: Of an error's class and its bases, the first that stands here counts.
KINDS: Mapping[type[Exception], Kind] = {
    errors.InvalidDocumentError: Kind(422, "invalid-document", "The workflow has problems"),
    errors.InvalidInputError: Kind(422, "invalid-input", "The input has problems"),
    errors.NotFoundError: Kind(404, "not-found", "There is no such thing"),
    errors.StaleRevisionError: Kind(412, "stale-revision", "It was changed since you read it"),
    errors.ConflictError: Kind(409, "conflict", "Its state does not allow this"),
    errors.NotSignedInError: Kind(401, "not-signed-in", "Sign in first"),
    errors.ProofNeededError: Kind(403, "proof-needed", "Give your password again first"),
    errors.AccessDeniedError: Kind(403, "access-denied", "You may not do this"),
    errors.ThrottledError: Kind(429, "throttled", "Too many requests"),
    errors.QueueClosedError: Kind(503, "queue-closed", "The queue takes no new runs now"),
    errors.SecretKeyError: Kind(503, "secret-key", "The secret key does not fit"),
    errors.StepError: Kind(502, "upstream", "Another service failed"),
    errors.JournalError: Kind(503, "storage", "The database cannot be used now"),
}
#: What the door itself refuses, by status.
DOOR_KINDS: Mapping[int, Kind] = {
    400: Kind(400, "malformed-request", "The request cannot be read"),
    403: Kind(403, "foreign-origin", "This origin is not allowed"),
    404: Kind(404, "no-such-path", "There is nothing at this path"),
    405: Kind(405, "no-such-method", "This path does not know the method"),
    408: Kind(408, "too-slow", "The body came too slowly"),
    413: Kind(413, "too-large", "The body is too large"),
    415: Kind(415, "not-json", "The body is not JSON"),
    422: Kind(422, "invalid-input", "The input has problems"),
    428: Kind(428, "revision-needed", "Say which revision you read"),
    500: Kind(500, "unforeseen", "Something went wrong on the server"),
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's document says of failures; 401, 403, 413, 415, 422, 429 and 503 come by themselves."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def problem(
    kind: Kind,
    detail: str,
    request_id: str,
    *,
    problems: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """The reply that tells a problem; `more` are members of its own (RFC 9457, section 3.2)."""
    body = {
        "type": f"/api/docs#{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id,
        **(more or {}),
    }
    if problems:
        body["problems"] = list(problems)
    return Response(
        json.dumps(body, ensure_ascii=True, default=str),
        status_code=kind.status,
        headers=dict(headers or {}) | {"Cache-Control": "no-store"},
        media_type=MEDIA_TYPE,
    )


def door_problem(status: int, detail: str, request_id: str, **headers: str) -> Response:
    """A refusal of the door itself."""
    return problem(DOOR_KINDS[status], detail, request_id, headers=headers)


class MalformedBodyError(HTTPException):
    """The body is not JSON that can be taken."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, detail)


class RevisionNeededError(HTTPException):
    """The request must say which revision it is based on."""

    def __init__(self) -> None:
        super().__init__(428, "Send If-Match with the ETag of the revision you read.")


def add_handlers(app: FastAPI) -> None:
    """Teach the application to answer every error with a problem."""
    app.add_exception_handler(errors.FlowStudioError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)


def request_id(request: Request) -> str:
    """By which logs know this request."""
    found: str = getattr(request.state, "request_id", "")
    return found


def _ours(request: Request, error: Exception) -> Response:
    return problem_of(error, request_id(request))


def problem_of(error: Exception, request_id: str) -> Response:
    """The reply that tells of an error of ours.

    Raises:
        Exception: the error itself, if it is not one that was foreseen.
    """
    kind = next((KINDS[base] for base in type(error).__mro__ if base in KINDS), None)
    if kind is None:
        raise error
    headers = {}
    if kind.status == 401:
        headers["WWW-Authenticate"] = _ADVICE_SIGN_IN
    if isinstance(error, (errors.ThrottledError, errors.QueueClosedError)):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return problem(kind, str(error), request_id, problems=_problems(error), headers=headers)


def _problems(error: Exception) -> list[dict[str, Any]]:
    if isinstance(error, errors.InvalidDocumentError):
        return [_of_document(found.as_json()) for found in error.problems]
    if isinstance(error, errors.InvalidInputError):
        return [{"where": "", "what": str(found)} for found in error.problems]
    return []


def _of_document(found: dict[str, Any]) -> dict[str, Any]:
    where = ".".join(part for part in (found["node"], found["path"]) if part)
    told = {"where": where, "what": found["message"]}
    return told | {key: value for key, value in found.items() if key != "message"}


def _invalid(request: Request, error: Exception) -> Response:
    # What was sent is never repeated: it may be a password.
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    problems = [
        {"where": _where(details["loc"]), "what": describe(details), "code": details["type"]}
        for details in error.errors()
    ]
    detail = "; ".join(f"{found['where']}: {found['what']}" for found in problems[:5])
    return problem(DOOR_KINDS[422], detail, request_id(request), problems=problems)


def _where(location: Sequence[str | int]) -> str:
    return ".".join(str(part)[:100] for part in location)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    kind = DOOR_KINDS.get(error.status_code)
    if kind is None:
        phrase = HTTPStatus(error.status_code).phrase
        kind = Kind(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    detail = _DETAILS.get(error.status_code, str(error.detail))
    return problem(kind, detail, request_id(request), headers=error.headers)


_DETAILS = {
    404: "There is nothing at this path; /api/docs lists what there is.",
    405: "This path does not know the method; the header Allow lists those it knows.",
}
