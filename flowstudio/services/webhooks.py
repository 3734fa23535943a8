"""Webhooks and public forms: addresses by which others start a published workflow."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from flowstudio.graph.ids import new_id
from flowstudio.security.signatures import new_signing_secret
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.sealing import Sealing, identity_of_webhook
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.webhook_links import Link, WebhookLinks
from flowstudio.services.workflow_access import NO_PROJECT, allowed_in
from flowstudio.store import audit
from flowstudio.store import webhooks as store
from flowstudio.store import workflows as workflow_store
from flowstudio.store.webhooks import WebhookRecord

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_WEBHOOKS = 50
_MOST_NAME = 100
_MOST_TIMEOUT_S = 300.0
_MOST_PER_MINUTE = 60_000
_MOST_PER_DAY = 1_000_000
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_IN_BODY = re.compile(r"body(\.[A-Za-z0-9_-]+){1,10}")
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class WebhookWish:
    """What a webhook or form is to be; its fields are those of `WebhookRecord`."""

    name: str
    kind: str = "webhook"
    auth: str = "none"
    auth_header: str = "X-Webhook-Secret"
    methods: tuple[str, ...] = ("POST",)
    respond: str = "now"
    timeout_s: float = 30
    key_from: str = "Idempotency-Key"
    per_minute: int = 600
    per_day: int | None = None
    shows_outputs: bool = False
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook as people see it.

    Attributes:
        url, test_url: "" for those who may not run the workflow, since whoever has it can.
        trouble: why it runs nothing at the moment, or "".
        schema: of the inputs of what it runs.
        secret: shown this once, when it was made; "" otherwise.
    """

    record: WebhookRecord
    url: str = field(repr=False)
    test_url: str = field(repr=False)
    trouble: str = ""
    secret: str = field(default="", repr=False)
    schema: Mapping[str, Any] = field(default_factory=dict)


class WebhookService:
    """Use cases of webhooks and forms; each asks `authorize` first."""

    def __init__(self, parts: StudioParts, links: WebhookLinks) -> None:
        self._parts = parts
        self._links = links
        self._sealing = Sealing(parts)

    async def create(self, actor: Actor, workflow_id: str, wish: WebhookWish) -> WebhookView:
        """Make a webhook or form, in the actor's name.

        Raises:
            InvalidInputError: with every problem.
            ConflictError: the workflow has as many as it may.
        """
        # A form has one way to be used, whatever else was asked for.
        wish = replace(wish, auth="none", methods=("GET", "POST")) if _is_form(wish) else wish

        def work(session: Session) -> tuple[WebhookRecord, str]:
            found = allowed_in(session, actor, "webhook.edit", workflow_id)
            _check(wish)
            if len(store.list_webhooks(session, workflow_id)) >= MOST_WEBHOOKS:
                message = f"A workflow has at most {MOST_WEBHOOKS} links. Delete one first."
                raise ConflictError(message)
            made, now = new_id(), self._parts.clock.now()
            secret = _new_secret(wish.auth)
            record = store.add_webhook(
                session,
                self._sealing.seal(session, secret.encode(), identity_of_webhook(made))
                if secret
                else None,
                id=made,
                workflow_id=workflow_id,
                token=secrets.token_urlsafe(_TOKEN_BYTES),
                created_by=actor.id or None,
                created_at=now,
                updated_at=now,
                **_values(wish),
            )
            self._log(session, actor, record, found.record.project_id, "create")
            return record, secret

        record, secret = await self._parts.records.write(work)
        return await self._view(actor, record, secret)

    async def list_webhooks(self, actor: Actor, workflow_id: str) -> list[WebhookView]:
        """A workflow's webhooks and forms, the oldest first."""

        def work(session: Session) -> list[WebhookRecord]:
            allowed_in(session, actor, "webhook.read", workflow_id)
            return store.list_webhooks(session, workflow_id)

        records = await self._parts.records.read(work)
        return [await self._view(actor, record) for record in records]

    async def get(self, actor: Actor, webhook_id: str) -> WebhookView:
        """One of them.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        record, _ = await self._parts.records.read(
            lambda session: self.allowed_in(session, actor, "webhook.read", webhook_id)
        )
        return await self._view(actor, record)

    async def update(self, actor: Actor, webhook_id: str, **changes: Any) -> WebhookView:
        """Change what is given of `WebhookWish`; one that is to be signed from now on gets a secret.

        Raises:
            InvalidInputError: with every problem.
            ConflictError: its kind cannot change, or it cannot be switched on without a secret.
        """

        def work(session: Session) -> tuple[WebhookRecord, str]:
            record, project_id = self.allowed_in(session, actor, "webhook.edit", webhook_id)
            wish = replace(_wish_of(record), **changes)
            if _is_form(wish):
                wish = replace(wish, auth="none", methods=("GET", "POST"))
            _check(wish)
            secret = ""
            if wish.auth != record.auth:
                secret = _new_secret(wish.auth)
                record = self._put_secret(session, webhook_id, secret)
            if wish.is_enabled and wish.auth != "none" and not record.has_secret:
                message = "It has no secret to be signed with. Make a new secret first."
                raise ConflictError(message)
            values = _values(wish) | {"updated_at": self._parts.clock.now()}
            record = store.change_webhook(session, webhook_id, **values)
            self._log(session, actor, record, project_id, "change", changed=sorted(changes))
            return record, secret

        record, secret = await self._parts.records.write(work)
        return await self._view(actor, record, secret)

    async def rotate(self, actor: Actor, webhook_id: str) -> WebhookView:
        """Replace its secret; the one before is good no more.

        Raises:
            ConflictError: it has none, as it is not signed.
        """

        def work(session: Session) -> tuple[WebhookRecord, str]:
            record, project_id = self.allowed_in(session, actor, "webhook.edit", webhook_id)
            if record.auth == "none":
                message = "This link asks for no secret. Choose another kind of protection first."
                raise ConflictError(message)
            secret = _new_secret(record.auth)
            record = self._put_secret(session, webhook_id, secret)
            self._log(session, actor, record, project_id, "rotate")
            return record, secret

        record, secret = await self._parts.records.write(work)
        return await self._view(actor, record, secret)

    async def delete(self, actor: Actor, webhook_id: str) -> None:
        """Remove it for good; its address answers no more."""

        def work(session: Session) -> None:
            record, project_id = self.allowed_in(session, actor, "webhook.edit", webhook_id)
            store.remove_webhook(session, webhook_id)
            self._log(session, actor, record, project_id, "delete")

        await self._parts.records.write(work)

    def allowed_in(
        self, session: Session, actor: Actor, verb: str, webhook_id: str
    ) -> tuple[WebhookRecord, str]:
        """A webhook that the actor may do this to, and the project it belongs to.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        found = store.find_webhook(session, webhook_id)
        stored = (
            workflow_store.find_workflow(session, found.record.workflow_id)
            if found is not None
            else None
        )
        project_id = stored.record.project_id if stored is not None else NO_PROJECT
        authorize(actor, verb, Target("webhook", webhook_id, project_id))
        if found is None or stored is None or stored.record.deleted_at is not None:
            message = "There is no such webhook."
            raise NotFoundError(message)
        return found.record, project_id

    def _put_secret(self, session: Session, webhook_id: str, secret: str) -> WebhookRecord:
        identity = identity_of_webhook(webhook_id)
        sealed = self._sealing.seal(session, secret.encode(), identity) if secret else None
        return store.put_secret(session, webhook_id, sealed)

    async def _view(self, actor: Actor, record: WebhookRecord, secret: str = "") -> WebhookView:
        link = await self._links.find(record.token, is_test=False)
        url = test_url = ""
        if _may_run(actor, link):
            base = self._parts.settings.base_url
            place = "f" if record.kind == "form" else "hooks"
            url = f"{base}/{place}/{record.token}"
            test_url = "" if record.kind == "form" else f"{base}/hooks/test/{record.token}"
        return WebhookView(record, url, test_url, link.trouble, secret, link.schema)

    def _log(
        self,
        session: Session,
        actor: Actor,
        record: WebhookRecord,
        project_id: str,
        did: str,
        **details: Any,
    ) -> None:
        target = Target("webhook", record.id, project_id)
        entry = self._parts.entry(
            actor,
            "webhook.edit",
            target,
            did=did,
            name=record.name,
            workflow=record.workflow_id,
            **details,
        )
        audit.append(session, entry)


def _may_run(actor: Actor, link: Link) -> bool:
    target = Target("workflow", link.record.workflow_id, link.project_id)
    try:
        authorize(actor, "workflow.run", target)
    except (AccessDeniedError, NotFoundError):
        return False
    return True


def _is_form(wish: WebhookWish) -> bool:
    return wish.kind == "form"


def _new_secret(auth: str) -> str:
    if auth == "hmac":
        return new_signing_secret()
    return secrets.token_urlsafe(_TOKEN_BYTES) if auth == "header" else ""


def _values(wish: WebhookWish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in WebhookWish.__slots__}


def _wish_of(record: WebhookRecord) -> WebhookWish:
    return WebhookWish(**{name: getattr(record, name) for name in WebhookWish.__slots__})


def _is_key(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_HEADER, _IN_BODY)) and len(name) <= 100


def _check(wish: WebhookWish) -> None:
    rules = {
        f"name: Give 1 to {_MOST_NAME} characters, on one line.": 0
        < len(wish.name.strip())
        <= len(wish.name)
        <= _MOST_NAME
        and wish.name.isprintable(),
        f"methods: Choose among {', '.join(METHODS)}.": bool(wish.methods)
        and set(wish.methods) <= set(METHODS),
        f"timeout_s: Give up to {_MOST_TIMEOUT_S:g} seconds.": 0
        < wish.timeout_s
        <= _MOST_TIMEOUT_S,
        f"per_minute: Give 1 to {_MOST_PER_MINUTE:,}.": 1 <= wish.per_minute <= _MOST_PER_MINUTE,
        f"per_day: Give 1 to {_MOST_PER_DAY:,}, or nothing.": wish.per_day is None
        or 1 <= wish.per_day <= _MOST_PER_DAY,
        "auth_header: Give the name of a header.": _HEADER.fullmatch(wish.auth_header) is not None,
        "key_from: Give a header's name, a path such as body.order.id, or nothing.": (
            not wish.key_from or _is_key(wish.key_from)
        ),
    }
    if problems := [problem for problem, is_met in rules.items() if not is_met]:
        raise InvalidInputError(problems)
