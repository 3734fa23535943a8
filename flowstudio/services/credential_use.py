"""Credentials as workflows use them: which a document names, and the secret for a step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import InvalidDocumentError, SecretKeyError, StepError
from flowstudio.graph.canonical import load
from flowstudio.graph.checks.subject import check_node
from flowstudio.graph.document import Document, Node, parse_document
from flowstudio.graph.once import Once
from flowstudio.graph.problems import Problem
from flowstudio.graph.references import Path
from flowstudio.graph.slots import path_text
from flowstudio.nodes.credential_kinds import Credential, OpenRouterCredential
from flowstudio.nodes.credentials import credential_ids, credential_ids_in_raw
from flowstudio.services.credential_texts import read_credential
from flowstudio.services.rates import RateService
from flowstudio.services.sealing import Sealing, identity_of
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import credentials as store
from flowstudio.store.credentials import CredentialRecord, NamingWorkflow, SealedCredential

_NOTE_USE_AFTER = timedelta(minutes=1)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class CredentialUse:
    """The way of documents and runs to credentials; a project's are for its own runs alone."""

    def __init__(self, parts: StudioParts, registry: Mapping[str, NodeType[Any]]) -> None:
        """Use the ring and the records of `parts`; `registry` tells which settings name one."""
        self._parts = parts
        self._sealing = Sealing(parts)
        self._registry = registry
        self.rates = RateService(parts)

    async def problems(self, project_id: str, document: Document) -> list[Problem]:
        """What is wrong with the credentials a document names, if it belongs to that project."""
        named = list(self._named(document))
        ids = {credential_id for _, _, credential_id in named}
        if not ids:
            return []
        known = await self._parts.records.read(
            lambda session: store.known_ids(session, project_id, ids)
        )
        return [
            Problem("unknown_credential", _say_unknown(credential_id), node, path)
            for node, path, credential_id in named
            if credential_id not in known
        ]

    def without(self, document: Document) -> Document:
        """The document with every credential it names left empty, to be chosen anew elsewhere."""
        return document.model_copy(update={"nodes": [*map(self._emptied, document.nodes)]})

    def _emptied(self, node: Node) -> Node:
        config = deepcopy(node.config)
        for path, _ in self._named_by(node):
            part: Any = config
            for step in path[:-1]:
                part = part[step]
            part[path[-1]] = ""
        return node.model_copy(update={"config": config})

    async def for_run(self, project_id: str, credential_id: str) -> Credential:
        """The credential itself, for a step of a run in that project.

        Raises:
            StepError: the project has none of this id, or it does not open.
        """

        def work(session: Session) -> tuple[CredentialRecord, Credential] | None:
            found = store.find_credential(session, credential_id)
            if found is None or found.record.project_id != project_id:
                return None
            return found.record, self._open(found)

        opened = await self._read_for_step(work)
        if opened is None:
            raise StepError(_say_unknown(credential_id), retryable=False)
        await self._note_use(opened[0])
        await self.rates.wait("credential", credential_id)
        return opened[1]

    async def openrouter_key(self, project_id: str) -> str | None:
        """The key the project's model calls are made with, or None if it has none of its own.

        Raises:
            StepError: it does not open, or it is bound to another address than that of the setting.
        """

        def work(session: Session) -> tuple[CredentialRecord, Credential] | None:
            found = store.find_newest(session, project_id, "openrouter")
            return (found.record, self._open(found)) if found is not None else None

        opened = await self._read_for_step(work)
        if opened is None or not isinstance(opened[1], OpenRouterCredential):
            return None
        url = urlsplit(self._parts.settings.openrouter_base_url)
        port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
        opened[1].check_host(url.hostname or "", port)
        await self._note_use(opened[0])
        return opened[1].key.get_secret_value()

    async def openrouter_turn(self, project_id: str) -> None:
        """Return when the project's own key for model calls may be used once more."""
        if not await self.rates.has("credential"):
            return
        found = await self._parts.records.read(
            lambda session: store.find_newest(session, project_id, "openrouter")
        )
        if found is not None:
            await self.rates.wait("credential", found.record.id)

    async def _read_for_step(
        self, work: Callable[[Session], tuple[CredentialRecord, Credential] | None]
    ) -> tuple[CredentialRecord, Credential] | None:
        try:
            return await self._parts.records.read(work)
        except SecretKeyError as error:
            message = f"A credential of this project does not open: {error}"
            raise StepError(message, retryable=False) from error

    async def _note_use(self, record: CredentialRecord) -> None:
        now = self._parts.clock.now()
        if record.last_used_at is None or now - record.last_used_at >= _NOTE_USE_AFTER:
            await self._parts.records.write(lambda session: store.note_use(session, record.id, now))

    def _open(self, found: SealedCredential) -> Credential:
        record = found.record
        text = self._sealing.open(found.sealed, identity_of(record.project_id, record.id))
        return read_credential(text, record.id, record.name)

    def _users(self, session: Session, record: CredentialRecord) -> list[str]:
        """Names of the project's workflows that name a credential."""
        naming = store.list_naming(session, record.project_id, record.id)
        return [workflow.name for workflow in naming if self._names(workflow, record.id)]

    def _names(self, workflow: NamingWorkflow, credential_id: str) -> bool:
        try:
            document = parse_document(load(workflow.document))
        except (InvalidDocumentError, ValueError):
            # Better warned in vain than not at all.
            return True
        return any(found == credential_id for _, _, found in self._named(document))

    def _named(self, document: Document) -> Iterator[tuple[str, str, str]]:
        """Node, place in it and id of each credential that a document names."""
        for node in document.nodes:
            for path, credential_id in self._named_by(node):
                yield node.name, path_text(("config", *path)), credential_id

    def _named_by(self, node: Node) -> Sequence[tuple[Path, str]]:
        if (kind := self._registry.get(node.type)) is None:
            return ()
        return _NAMED.find(node, kind, partial(_named_by, node, kind))


_NAMED: Once[Sequence[tuple[Path, str]]] = Once()


def _named_by(node: Node, kind: NodeType[Any]) -> Sequence[tuple[Path, str]]:
    config = check_node(node, kind).config
    if config is None:
        return tuple(credential_ids_in_raw(kind, node.config))
    return tuple(credential_ids(config))


def _say_unknown(credential_id: str) -> str:
    return (
        f"There is no credential {credential_id!r} in this project. Pick another one in the node's "
        "settings, or add it to the project."
    )
