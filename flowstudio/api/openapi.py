"""The OpenAPI document: what the routes say, and what holds for every one of them."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from flowstudio.api.problems import responses
from flowstudio.api.routing import VERB
from flowstudio.services.access import RULES, Rule

_SAFE = frozenset({"get", "head", "options"})
_METHODS = ("get", "put", "post", "delete", "patch")
_FROM_FASTAPI = ("HTTPValidationError", "ValidationError")
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of POST /api/v1/auth/login, or an API key (fsk_…).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "fs_at",
        "description": "The cookie a browser gets; its name begins with __Host- on HTTPS.",
    },
}
_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "The kind of problem, for programs."},
        "title": {"type": "string", "description": "The kind of problem, for people."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "request_id": {"type": "string", "description": "By which the server's log knows it."},
        "problems": {
            "type": "array",
            "description": "Everything that is wrong with the input.",
            "items": {
                "type": "object",
                "required": ["where", "what"],
                "properties": {
                    "where": {"type": "string"},
                    "what": {"type": "string"},
                    "code": {"type": "string"},
                    "mend": {"type": "object", "description": "A change that removes it."},
                },
            },
        },
    },
    "example": {
        "type": "/api/docs#not-found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "There is no such workflow.",
        "request_id": "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e",
    },
}


def build_document(app: FastAPI) -> dict[str, Any]:
    """The document of all routes."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FROM_FASTAPI:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = _SCHEMES
    for path, method, operation in operations(document):
        _complete(path, method, operation)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method in lower case, and what the document says of each operation."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    rule = RULES[operation[VERB]]
    operation["security"] = _security(rule)
    operation["x-level"], operation["x-least-role"] = rule.level, rule.least
    operation["x-scope"] = rule.scope
    given: dict[str, Any] = operation.setdefault("responses", {})
    given.pop("422", None)
    for status, told in responses(*_statuses(path, method, operation, rule)).items():
        given.setdefault(str(status), told)
    operation["responses"] = dict(sorted(given.items()))


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    needed: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
    return [{}, *needed] if rule.level == "anyone" else needed


def _statuses(path: str, method: str, operation: dict[str, Any], rule: Rule) -> Iterator[int]:
    yield from (401, 429, 503)
    if rule.level != "anyone" or method not in _SAFE:
        yield 403
    if "{" in path:
        yield 404
    if method not in _SAFE:
        yield from (413, 415)
    if "parameters" in operation or "requestBody" in operation:
        yield 422
