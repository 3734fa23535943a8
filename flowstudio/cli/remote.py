"""Another machine's FlowStudio, through its API."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
import httpx

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    FlowStudioError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    QueueClosedError,
)
from flowstudio.graph.problems import Mend, Problem

_ATTEMPTS = 5
_LONGEST_WAIT_S = 60
_TIMEOUT = httpx.Timeout(60, connect=10)
_ERRORS: dict[int, type[FlowStudioError]] = {
    401: NotSignedInError,
    403: AccessDeniedError,
    404: NotFoundError,
    409: ConflictError,
}


class Server:
    """The server that `--server` names; errors come back as those of this machine."""

    def __init__(self, address: str, key: str, project: str) -> None:
        self.client = httpx.Client(
            base_url=f"{_checked(address)}/api/v1/",
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=_TIMEOUT,
        )
        self._project = project

    def get(self, path: str, **query: Any) -> Any:
        """What a GET of the path gives."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", path, params=given).json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """What a POST gives; None if it says nothing."""
        reply = self._ask("POST", path, json=body if body is not None else {}, headers=headers)
        return reply.json() if reply.content else None

    def pages(self, path: str, most: int, **query: Any) -> Iterator[dict[str, Any]]:
        """The first of a list, piece by piece."""
        after, left = None, most
        while left:
            page = self.get(path, limit=min(left, 200), after=after, **query)
            yield from page["items"][:left]
            left -= len(page["items"])
            after = page["next"]
            if after is None or left <= 0:
                return

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[httpx.Response]:
        """A reply that is read as it comes."""
        headers["Accept"] = "text/event-stream"
        timeout = httpx.Timeout(_LONGEST_WAIT_S, connect=10)
        with self.client.stream("GET", path, headers=headers, timeout=timeout) as reply:
            if reply.is_error:
                reply.read()
                _refuse(reply)
            yield reply

    @property
    def project_id(self) -> str:
        """The project that was chosen, or the only one there is.

        Raises:
            InvalidInputError: there are several.
        """
        if self._project:
            return self._project
        projects = list(self.pages("projects", 20))
        if len(projects) != 1:
            names = ", ".join(f"{one['id']} ({one['name']})" for one in projects)
            raise InvalidInputError([f"Choose a project with --project: {names or 'none yet'}."])
        found: str = projects[0]["id"]
        return found

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        for attempt in range(_ATTEMPTS):
            try:
                reply = self.client.request(method, path, **options)
            except httpx.TransportError as error:
                raise _unreachable(self.client, error) from error
            if reply.status_code != 429 or attempt == _ATTEMPTS - 1:
                break
            time.sleep(min(_LONGEST_WAIT_S, float(reply.headers.get("retry-after", 1))))
        if reply.is_error:
            _refuse(reply)
        if reply.is_redirect or "json" not in reply.headers.get("content-type", "json"):
            message = f"{self.client.base_url} does not answer as FlowStudio does."
            raise FlowStudioError(message)
        return reply


def current_server() -> Server:
    """The server of the command that runs.

    Raises:
        click.UsageError: there is no key.
    """
    chosen: dict[str, Any] = click.get_current_context().find_root().params
    if not chosen["key"]:
        message = "Set FLOWSTUDIO_KEY to an API key of your account on that server."
        raise click.UsageError(message)
    server = Server(chosen["server"], chosen["key"], chosen["project"] or "")
    click.get_current_context().call_on_close(server.client.close)
    return server


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        message = "--server is an address such as https://flows.example.com."
        raise click.UsageError(message)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _unreachable(client: httpx.Client, error: httpx.TransportError) -> FlowStudioError:
    reason = str(error) or type(error).__name__
    return FlowStudioError(f"{client.base_url.host} cannot be reached: {reason}")


def _refuse(reply: httpx.Response) -> NoReturn:
    try:
        told = reply.json()
        detail, found = str(told["detail"]), told.get("problems", [])
    except (ValueError, KeyError, TypeError):
        raise FlowStudioError(f"The server answered {reply.status_code}.") from None
    if reply.status_code == 422 and str(told.get("type", "")).endswith("#invalid-document"):
        raise InvalidDocumentError([_problem(one) for one in found])
    if reply.status_code == 422:
        raise InvalidInputError([_sentence(one) for one in found] or [detail])
    if str(told.get("type", "")).endswith("#queue-closed"):
        raise QueueClosedError(detail)
    raise _ERRORS.get(reply.status_code, FlowStudioError)(detail)


def _problem(told: dict[str, Any]) -> Problem:
    mend = Mend(**told["mend"]) if told.get("mend") else None
    return Problem(
        told.get("code", ""), told["what"], told.get("node", ""), told.get("path", ""), mend
    )


def _sentence(told: dict[str, Any]) -> str:
    return f"{told['where']}: {told['what']}" if told["where"] else str(told["what"])
