"""Getting a key of a person's own from OpenRouter, without anybody copying it."""

import base64
import hashlib
import logging
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError

from flowstudio.errors import ConflictError, FlowStudioError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.credential_inputs import NewOpenRouter
from flowstudio.services.credentials import CredentialService
from flowstudio.services.outside import OutsideRefusedError, Refusal
from flowstudio.services.studio_parts import StudioParts

log = logging.getLogger(__name__)

_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Departure:
    """What it takes to go to OpenRouter and to come back.

    Attributes:
        state: part of the address to come back to; only the browser that left knows it.
        verifier: of PKCE; the exchange needs it.
    """

    url: str
    state: str
    verifier: str = field(repr=False)


class _Issued(BaseModel):
    key: str = Field(min_length=8, max_length=500, pattern=r"^[\x21-\x7e]+$", repr=False)


class ConnectionService:
    """Connects projects to OpenRouter by its PKCE flow."""

    def __init__(self, parts: StudioParts, credentials: CredentialService) -> None:
        self._parts = parts
        self._credentials = credentials

    def depart(self, actor: Actor, project_id: str, callback: str) -> Departure:
        """Prepare the way there for somebody who may add credentials to the project.

        Args:
            actor: who goes.
            project_id: where the key will be stored.
            callback: the address to come back to, without the state.

        Raises:
            OutsideRefusedError: there is no such project, or the actor may not add to it.
        """
        _check(actor, project_id)
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        query = {
            # OpenRouter knows no `state`; what it adds to an address leaves the path alone.
            "callback_url": f"{callback}/{state}",
            "code_challenge": _s256(verifier),
            "code_challenge_method": "S256",
        }
        url = f"{self._parts.settings.openrouter_auth_url}?{urlencode(query)}"
        return Departure(url, state, verifier)

    async def arrive(self, actor: Actor, project_id: str, code: str, verifier: str) -> None:
        """Trade the code for a key, and store it as a credential of the project.

        Raises:
            OutsideRefusedError: the actor may not, OpenRouter refused, or it could not be stored.
        """
        _check(actor, project_id)
        key = await self._exchange(code, verifier)
        try:
            await self._store(actor, project_id, key)
        except FlowStudioError as error:
            log.warning("A key from OpenRouter could not be stored: %s", type(error).__name__)
            raise OutsideRefusedError(Refusal.NOT_SAVED) from error

    async def _exchange(self, code: str, verifier: str) -> str:
        body = {"code": code, "code_verifier": verifier, "code_challenge_method": "S256"}
        address = f"{self._parts.settings.openrouter_base_url.rstrip('/')}/auth/keys"
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
                reply = await client.post(address, json=body)
            reply.raise_for_status()
            return _Issued.model_validate_json(reply.content).key
        except (httpx.HTTPError, ValidationError) as error:
            # The reply itself is not logged: it may hold a key.
            log.warning("OpenRouter gave no key: %s", type(error).__name__)
            raise OutsideRefusedError(Refusal.PROVIDER_FAILED) from None

    async def _store(self, actor: Actor, project_id: str, key: str) -> None:
        name = f"OpenRouter ({actor.name})"[:70]
        try:
            await self._credentials.create(actor, project_id, _new(name, key))
        except ConflictError:
            # There is one from before, which workflows may use.
            dated = f"{name} {self._parts.clock.now():%Y-%m-%d %H:%M:%S}"
            await self._credentials.create(actor, project_id, _new(dated, key))


def _check(actor: Actor, project_id: str) -> None:
    try:
        authorize(actor, "credential.create", Target("credential", project_id=project_id))
    except FlowStudioError as error:
        raise OutsideRefusedError(Refusal.PROJECT) from error


def _new(name: str, key: str) -> NewOpenRouter:
    return NewOpenRouter(kind="openrouter", name=name, key=SecretStr(key))


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
