"""A line of the log for each request: never its query, its body or a secret."""

import logging
from typing import Any

from starlette.types import Scope

log = logging.getLogger(__name__)


def write_line(scope: Scope, status: int, took_s: float) -> None:
    """Log a request that was answered; a status of 0 says that it was not."""
    if not log.isEnabledFor(logging.INFO):
        return
    state = scope["state"]
    actor, origin = state.get("actor"), state.get("origin")
    line = {
        "request_id": state["request_id"],
        "method": scope["method"][:10],
        "path": _path(scope),
        "ids": _ids(scope),
        "status": status,
        "took_ms": round(took_s * 1000, 1),
        "user_id": actor.id if actor else "",
        "key_id": actor.key_id if actor else "",
        "address": origin.address if origin else "",
        "user_agent": origin.user_agent if origin else "",
    }
    log.info("Request", extra={"fields": line})


def _path(scope: Scope) -> str:
    # A path may carry a secret, such as an invitation's; its pattern cannot.
    route = scope.get("route")
    if route is None:
        return "(none)"
    path: str = route.path
    return path


def _ids(scope: Scope) -> dict[str, str]:
    params: dict[str, Any] = scope.get("path_params", {})
    return {name: str(value)[:100] for name, value in params.items() if name.endswith("_id")}
