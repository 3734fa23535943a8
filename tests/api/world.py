"""A project with somebody in every role, its objects, and people who have nothing to do with it.

Objects are made through the API itself. A path parameter that `World.make` does not know, or a
body that `BODIES` and the document's example do not fill, fails the tests that walk all routes.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from sqlmodel import select

from flowstudio.api.app import create_api
from flowstudio.api.docs_examples import example_of
from flowstudio.api.routing import Route
from flowstudio.engine.contract import NodeType
from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.security.tokens import LIFETIME_S
from flowstudio.services.access import OPERATOR, RULES, Actor, Rule
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store import notices
from flowstudio.store.notices import Notice, People
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.users import IdentityRow, UserRow
from tests.people import PASSWORD, actor_of, person, project_of, sign_in
from tests.running import ended

BASE = "http://127.0.0.1:3000"
ROLES = ("viewer", "runner", "editor", "owner")
ASK = "the-node-that-asks"
#: Of a workflow that waits for an answer as soon as it runs.
ASKING = {
    "format": "flowstudio/1",
    "name": "Ask first",
    "nodes": [
        {"id": "s", "type": "start", "name": "start"},
        {
            "id": ASK,
            "type": "task",
            "name": "ask",
            "config": {"mode": "approval", "message": "Go on?"},
        },
        {"id": "e", "type": "end", "name": "end"},
    ],
    "edges": [
        {"id": "1", "source": "s", "target": ASK},
        {"id": "2", "source": ASK, "target": "e"},
    ],
}
#: Columns that change whenever somebody only asks.
_TOUCHED = ("last_seen_at", "last_used_at", "refreshed_at")
_LOGS = ("audit_entry", "audit")


@dataclass(frozen=True)
class Call:
    """One route with one of its methods."""

    route: Route
    method: str

    @property
    def rule(self) -> Rule:
        return RULES[self.route.verb]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters in its path."""
        return tuple(self.route.param_convertors)

    @property
    def objects(self) -> tuple[str, ...]:
        """Those of them that belong to somebody."""
        return tuple(name for name in self.names if name.endswith("_id"))

    @property
    def is_unsafe(self) -> bool:
        return self.method not in {"GET", "HEAD"}

    def __str__(self) -> str:
        return f"{self.method} {self.route.path}"


def calls_of(app: FastAPI) -> list[Call]:
    """Every route of the API, by method."""
    return [
        Call(route, method)
        for route in app.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


@dataclass
class World:
    """Who there is, what there is, and a client to ask with."""

    runtime: Runtime
    client: httpx.AsyncClient
    document: dict[str, Any]
    people: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> StudioParts:
        return self.runtime.studio.parts

    @property
    def project_id(self) -> str:
        return self.ids["project_id"]

    async def ask(
        self, who: str, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """A request by somebody; `nobody` shows nothing."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who in self.tokens:
            sent["authorization"] = f"Bearer {self.tokens[who]}"
        return await self.client.request(
            method, path, headers=sent, json=body if body is not None else None
        )

    async def made(self, who: str, path: str, body: Any = None) -> dict[str, Any]:
        """What a POST that must succeed gives."""
        reply = await self.ask(who, "POST", f"/api/v1{path}", body)
        assert reply.status_code < 300, reply.text
        told: dict[str, Any] = reply.json()
        return told

    def add_person(self, name: str, role: str = "user", member: str = "") -> Actor:
        """Somebody with a session, and a role in the project if given."""
        actor = person(self.parts, f"{name}-{new_id()}@example.com", role)
        if member:
            self.add_member(actor.id, member)
        self.people[name] = replace(actor_of(self.parts, actor.id))
        self.tokens[name] = sign_in(self.parts, actor).access_token
        return self.people[name]

    def renew(self, name: str) -> None:
        """Sign somebody in anew, as a person whose session has ended does."""
        actor = actor_of(self.parts, self.people[name].id)
        self.tokens[name] = sign_in(self.parts, actor).access_token

    def add_member(self, user_id: str, role: str) -> None:
        row = MemberRow(
            project_id=self.project_id,
            user_id=user_id,
            role=role,
            joined_at=self.parts.clock.now(),
        )
        self.parts.records.write_now(lambda session: session.add(row))

    def remove_member(self, user_id: str) -> None:
        found = select(MemberRow).where(
            MemberRow.user_id == user_id, MemberRow.project_id == self.project_id
        )
        self.parts.records.write_now(lambda session: session.delete(session.exec(found).one()))

    def change_user(self, name: str, **values: Any) -> None:
        """Change somebody's row behind the services' back; None as `id` deletes it."""

        def work(session: Any) -> None:
            row = session.get_one(UserRow, self.people[name].id)
            for key, value in values.items():
                setattr(row, key, value)
            session.add(row)

        self.parts.records.write_now(work)

    def delete_user(self, name: str) -> None:
        def work(session: Any) -> None:
            session.delete(session.get_one(UserRow, self.people[name].id))

        self.parts.records.write_now(work)

    async def make(self, name: str) -> str:
        """A new object for a path parameter, in the project or its owner's own; gives its id."""
        made = await MAKERS[name](self)
        self.ids[name] = made
        return made

    async def fill(self, call: Call) -> str:
        """The path of a call on objects made for it."""
        path = call.route.path
        for name in call.names:
            path = path.replace(f"{{{name}}}", await self.make(name))
        operation = self.document["paths"][call.route.path][call.method.lower()]
        for name in NEEDS.get(operation["operationId"], ()):
            await self.make(name)
        if self._is_stream(call):
            # Whoever may follow a run follows it to its end.
            await self.end_run()
        return f"{path}?{urlencode(self._query(call))}"

    async def end_run(self) -> None:
        """Cancel the run there is."""
        await self.runtime.runs.cancel(OPERATOR, self.ids["run_id"])
        await ended(self.runtime, self.ids["run_id"])

    def _is_stream(self, call: Call) -> bool:
        return is_stream(self.document["paths"][call.route.path][call.method.lower()])

    def _query(self, call: Call) -> dict[str, str]:
        operation = self.document["paths"][call.route.path][call.method.lower()]
        needed = [
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query" and parameter.get("required")
        ]
        found = {name: self.ids.get(name, "x") for name in needed}
        return found | QUERIES.get(operation["operationId"], {})

    def body(self, call: Call) -> Any:
        """What to send: `BODIES`, or the example of the document with ids of this world."""
        operation = self.document["paths"][call.route.path][call.method.lower()]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        schemas = self.document["components"]["schemas"]
        example = content.get("example") or example_of(content["schema"], schemas)
        if (given := BODIES.get(operation["operationId"])) is not None:
            example = given(self)
        return self._with_ids(example)

    def _with_ids(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            key: self.ids.get(key, part) if key.endswith("_id") else part
            for key, part in value.items()
        }

    def contents(self) -> dict[str, list[Any]]:
        """Everything stored but logs, and when somebody was last seen."""
        with sqlite3.connect(self.runtime.path) as database:
            database.row_factory = sqlite3.Row
            tables = database.execute("select name from sqlite_master where type = 'table'")
            names = [row["name"] for row in tables if row["name"] not in _LOGS]
            found = {
                name: sorted(
                    repr({key: row[key] for key in row.keys() if key not in _TOUCHED})  # noqa: SIM118 - a Row iterates values
                    for row in database.execute(f'select * from "{name}"')  # noqa: S608 - own names
                )
                for name in names
            }
        database.close()
        return found


def is_stream(operation: Mapping[str, Any]) -> bool:
    """Whether the document says that the reply goes on for as long as there is news."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


class Beginning:
    """What every world begins with: made once for all tests of a process, and copied."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._made_at = -inf
        self.world: World | None = None

    async def lay(self, folder: Path) -> "World":
        """Copy it into a data directory; gives who is there, as they were at the start."""
        # Made anew before the access tokens run out.
        if self.world is None or monotonic() - self._made_at > LIFETIME_S / 2:
            shutil.rmtree(self._home)
            self._made_at = monotonic()
            async with _asked(Settings(data_dir=self._home), {}) as self.world:
                _settle(self.world)
            shutil.rmtree(self._home / "owners")
        shutil.copytree(self._home, folder, dirs_exist_ok=True)
        return self.world


@asynccontextmanager
async def open_world(
    beginning: Beginning,
    settings: Settings,
    document: dict[str, Any],
    registry: Mapping[str, NodeType[Any]] | None = None,
) -> AsyncIterator[World]:
    """The API over a database of its own, in which the people of the beginning are signed in."""
    made = await beginning.lay(settings.data_dir)
    async with _asked(settings, document, registry) as world:
        world.people |= made.people
        world.tokens |= made.tokens
        world.ids |= made.ids
        yield world


@asynccontextmanager
async def _asked(
    settings: Settings,
    document: dict[str, Any],
    registry: Mapping[str, NodeType[Any]] | None = None,
) -> AsyncIterator[World]:
    async with open_runtime(settings, registry=registry) as runtime:
        transport = httpx.ASGITransport(create_api(lambda: runtime))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield World(runtime, client, document)


def _settle(world: World) -> None:
    """A project with its four roles; outside it a user, a guest and a removed member."""
    owner = person(world.parts, "owner@example.com")
    world.people["owner"], world.ids["project_id"] = owner, project_of(owner)
    world.tokens["owner"] = sign_in(world.parts, owner).access_token
    for role in ROLES[:-1]:
        world.add_person(role, member=role)
    world.add_person("outsider")
    world.add_person("guest", role="guest")
    removed = world.add_person("removed", member="editor")
    world.remove_member(removed.id)


async def _project(world: World) -> str:
    # The one in which everybody has their role.
    return world.project_id


async def _workflow(world: World) -> str:
    body = {"project_id": world.project_id, "document": ASKING}
    return str((await world.made("owner", "/workflows", body))["id"])


async def _comment(world: World) -> str:
    path = f"/workflows/{world.ids['workflow_id']}/comments"
    return str((await world.made("owner", path, {"text": "Why?"}))["id"])


async def _number(world: World) -> str:
    # Of the workflow made just before: a path names that first.
    path = f"/workflows/{world.ids['workflow_id']}/versions"
    return str((await world.made("owner", path, {"name": "First"}))["number"])


async def _run(world: World) -> str:
    workflow_id = await _workflow(world)
    run = await world.made("owner", f"/workflows/{workflow_id}/runs", {"inputs": {}})
    await ended(world.runtime, run["id"])
    return str(run["id"])


async def _schedule(world: World) -> str:
    workflow_id = await _published(world)
    body = {"workflow_id": workflow_id, "kind": "cron", "expression": "0 9 * * *"}
    return str((await world.made("owner", "/schedules", body))["id"])


async def _published(world: World) -> str:
    workflow_id = await _workflow(world)
    await world.made("owner", f"/workflows/{workflow_id}/publish", {"version": "draft"})
    return workflow_id


async def _webhook(world: World) -> str:
    workflow_id = await _workflow(world)
    body = {"name": "Orders", "auth": "hmac"}
    return str((await world.made("owner", f"/workflows/{workflow_id}/webhooks", body))["id"])


async def _credential(world: World) -> str:
    body = {
        "project_id": world.project_id,
        "name": f"crm {new_id()}",
        "kind": "bearer",
        "token": "sk-CANARY-token",
        "hosts": ["api.example.com"],
    }
    return str((await world.made("owner", "/credentials", body))["id"])


async def _key(world: World) -> str:
    made = await world.made("owner", "/keys", {"name": "a program", "scopes": ["runs:read"]})
    return str(made["id"])


async def _invitation(world: World) -> str:
    body = {"email": f"{new_id()}@example.com", "role": "viewer"}
    path = f"/projects/{world.project_id}/invitations"
    return str((await world.made("owner", path, body))["id"])


async def _session(world: World) -> str:
    sign_in(world.parts, world.people["owner"])
    found = await world.ask("owner", "GET", "/api/v1/me/sessions")
    told = found.json()
    items = told["items"] if isinstance(told, dict) else told
    return str(next(item["id"] for item in items if not item["is_current"]))


async def _identity(world: World) -> str:
    row = IdentityRow(
        id=new_id(),
        user_id=world.people["owner"].id,
        provider="github",
        issuer="https://github.com",
        subject=new_id(),
        label="owner",
        created_at=world.parts.clock.now(),
    )
    made = row.id
    world.parts.records.write_now(lambda session: session.add(row))
    return made


async def _provider(_: World) -> str:
    return "github"


async def _queue(_: World) -> str:
    return "batch"


async def _slug(_: World) -> str:
    return "orders-report"


async def _state(_: World) -> str:
    return "a-state-nobody-began"


async def _node(world: World) -> str:
    # Of the workflow of the same path, with something to read and to remove.
    path = f"/api/v1/workflows/{world.ids['workflow_id']}/draft/pins/{ASK}"
    reply = await world.ask("owner", "PUT", path, {"value": 1})
    assert reply.status_code == 200, reply.text
    return ASK


async def _user(world: World) -> str:
    return world.add_person(f"user-{new_id()}", member="viewer").id


async def _notice_type(_: World) -> str:
    return "mention"


async def _notification(world: World) -> str:
    notice = Notice(
        type="mention",
        to=People([world.people["owner"].id]),
        key=new_id(),
        title="Told",
        at=world.parts.clock.now(),
    )
    world.parts.records.write_now(lambda session: notices.add(session, notice))
    page = await world.ask("owner", "GET", "/api/v1/notifications?limit=1")
    return str(page.json()["items"][0]["id"])


#: How an object for a path parameter is made.
MAKERS: Mapping[str, Callable[[World], Awaitable[str]]] = {
    "comment_id": _comment,
    "credential_id": _credential,
    "identity_id": _identity,
    "invitation_id": _invitation,
    "key_id": _key,
    "node_id": _node,
    "notice_type": _notice_type,
    "notification_id": _notification,
    "number": _number,
    "project_id": _project,
    "provider": _provider,
    "queue": _queue,
    "published_id": _published,
    "run_id": _run,
    "schedule_id": _schedule,
    "session_id": _session,
    "slug": _slug,
    "state": _state,
    "user_id": _user,
    "webhook_id": _webhook,
    "with_id": _run,
    "workflow_id": _workflow,
}
#: Objects that an operation names elsewhere than in its path.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "run_compare": ("with_id",),
    "notification_mark": ("notification_id",),
    "notification_mute": ("workflow_id",),
    "notification_unmute": ("workflow_id",),
    "run_delete_several": ("run_id",),
    "schedule_create": ("published_id",),
}
#: Bodies by operation, where the document's example does not do.
BODIES: Mapping[str, Callable[[World], Any]] = {
    "schedule_create": lambda world: {
        "workflow_id": world.ids.get("published_id", "x"),
        "kind": "cron",
        "expression": "0 9 * * *",
    },
    "version_restore": lambda _: {"version": "draft"},
    "project_transfer": lambda world: {"user_id": world.people["viewer"].id},
    "preview_make": lambda _: {"node_id": ASK, "text": "{{ run.id }}", "kind": "template"},
    "draft_run": lambda _: {"mode": "cells", "targets": ["s"]},
    "run_delete_several": lambda world: {"ids": [world.ids.get("run_id", "x")]},
    "notification_mark": lambda world: {
        "ids": [world.ids.get("notification_id", "x")],
        "change": "read",
    },
    "run_assign": lambda world: {"path": "ask", "user_id": world.people["runner"].id},
    "run_answer": lambda _: {"path": "ask", "answer": {"approved": True, "comment": ""}},
    "template_run": lambda world: {"project_id": world.project_id, "inputs": {}},
    "session_prove": lambda _: {"password": PASSWORD},
}
#: Queries by operation, where an id of the world or any text does not do.
QUERIES: Mapping[str, Mapping[str, str]] = {
    "run_step_output": {"path": "start"},
    "run_step": {"path": "start"},
    "draft_output": {"which": "pinned"},
}
