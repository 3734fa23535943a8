"""What the account page shows, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowstudio.services.access import SCOPES
from flowstudio.ui.widgets import words

#: What programs need most often: start a workflow and follow it.
USUAL_SCOPES = "workflows:read runs:read runs:write"
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One sign-in."""

    id: str
    device: str
    text: str
    is_this: bool
    action: str


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One account elsewhere."""

    id: str
    provider: str
    text: str
    action: str


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """One provider that can be linked; `href` starts it."""

    name: str
    label: str
    action: str


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One API key, without the key."""

    id: str
    name: str
    prefix: str
    text: str
    scopes: str
    state: str
    tone: str
    action: str
    rotate: str


def session_line(session: Any, this_id: str, now: datetime) -> SessionLine:
    """A sign-in as a row of the list."""
    where = f"{session.address} · " if session.address else ""
    return SessionLine(
        id=session.id,
        device=device(session.user_agent),
        text=f"{where}signed in {words.since(session.created_at, now)}, "
        f"last seen {words.since(session.refreshed_at, now)}",
        is_this=session.id == this_id,
        action=f"/api/v1/me/sessions/{session.id}",
    )


def device(user_agent: str) -> str:
    """Browser and system, as far as the browser tells; it may tell anything."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "A program" if user_agent else "An unknown device"


def key_line(key: Any, projects: Mapping[str, str], now: datetime) -> KeyLine:
    """A key as a row of the list."""
    state, tone = _state(key, now)
    used = f"last used {words.since(key.last_used_at, now)}" if key.last_used_at else "never used"
    project = projects.get(key.project_id, "one project") if key.project_id else "all my projects"
    return KeyLine(
        id=key.id,
        name=key.name,
        prefix=f"fsk_{key.id}_…",
        text=f"{project} · {used}",
        scopes=", ".join(sorted(key.scopes)),
        state=state,
        tone=tone,
        action=f"/api/v1/keys/{key.id}",
        rotate=f"/api/v1/keys/{key.id}/rotate",
    )


def _state(key: Any, now: datetime) -> tuple[str, str]:
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked", "bad"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired", "bad"
    if key.revoked_at is not None:
        return f"ends {words.moment(key.revoked_at)}", "warn"
    if key.expires_at is not None:
        return f"until {words.moment(key.expires_at)}", "plain"
    return "no end", "plain"


def scope_options() -> list[dict[str, str]]:
    """The scopes a key may have, as choices."""
    return [{"value": scope, "label": scope} for scope in SCOPES]


def project_options(projects: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The projects a key may be limited to, as choices."""
    return [
        {"value": "", "label": "All my projects"},
        *({"value": id_, "label": name} for id_, name in projects),
    ]
