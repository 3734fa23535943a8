"""Credentials: what a project's workflows reach other services with. None is ever shown again."""

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError, SecretKeyError
from flowstudio.graph.ids import new_id
from flowstudio.nodes.credential_kinds import Credential, HttpCredential, OpenRouterCredential
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.credential_inputs import CredentialChange, NewCredential
from flowstudio.services.credential_texts import (
    SECRET_FIELDS,
    hosts_of,
    make_credential,
    shown_of,
    write_credential,
)
from flowstudio.services.credential_use import CredentialUse
from flowstudio.services.paging import Page
from flowstudio.services.sealing import identity_of
from flowstudio.store import audit
from flowstudio.store import credentials as store
from flowstudio.store.credentials import CredentialRecord, SealedCredential

_MOST_NAMED = 5


class CredentialService(CredentialUse):
    """Use cases of credentials; each asks `authorize` first."""

    async def create(self, actor: Actor, project_id: str, new: NewCredential) -> CredentialRecord:
        """Store a credential.

        Raises:
            InvalidInputError: with every problem.
            ConflictError: the project has one of this name.
        """
        target = Target("credential", new_id(), project_id)
        authorize(actor, "credential.create", target)
        credential = make_credential(new.fields(self._parts.settings), target.id, new.name)
        now = self._parts.clock.now()
        record = CredentialRecord(
            id=target.id,
            project_id=project_id,
            name=new.name,
            kind=new.kind,
            hosts=hosts_of(credential),
            details=shown_of(credential),
            created_by=actor.id or None,
            created_at=now,
            updated_at=now,
            last_used_at=None,
        )

        def work(session: Session) -> CredentialRecord:
            self._put(session, record, credential)
            entry = self._parts.entry(
                actor, "credential.create", target, name=record.name, credential=record.kind
            )
            audit.append(session, entry)
            return record

        return await self._parts.records.write(work)

    async def list_credentials(
        self, actor: Actor, project_id: str, *, limit: int = 50, after: str | None = None
    ) -> Page[CredentialRecord]:
        """A project's credentials without their secrets, the newest first."""
        authorize(actor, "credential.read", Target("credential", project_id=project_id))
        records = await self._parts.records.read(
            lambda session: store.list_credentials(
                session, project_id, limit=limit + 1, after=after
            )
        )
        shown = records[:limit]
        return Page(shown, shown[-1].id if len(records) > limit else None)

    async def get(self, actor: Actor, credential_id: str) -> CredentialRecord:
        """A credential without its secret.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        return await self._parts.records.read(
            lambda session: self._allowed(session, actor, "credential.read", credential_id).record
        )

    async def update(
        self, actor: Actor, credential_id: str, change: CredentialChange
    ) -> CredentialRecord:
        """Change a credential's name or hosts, or replace its secret by a new one.

        Raises:
            InvalidInputError: the hosts do not fit its kind, or one is new and the secret missing.
            ConflictError: the project has another one of this name.
        """

        def work(session: Session) -> CredentialRecord:
            found = self._allowed(session, actor, "credential.edit", credential_id)
            name = change.name or found.record.name
            credential = _changed(self._open_for_change(found), name, change)
            record = replace(
                found.record,
                name=name,
                hosts=hosts_of(credential),
                updated_at=self._parts.clock.now(),
            )
            self._put(session, record, credential)
            entry = self._parts.entry(
                actor, "credential.edit", _target(record), changed=sorted(change.model_fields_set)
            )
            audit.append(session, entry)
            return record

        return await self._parts.records.write(work)

    async def delete(self, actor: Actor, credential_id: str, *, force: bool = False) -> None:
        """Remove a credential; runs that need it fail from then on.

        Raises:
            ConflictError: workflows name it, and `force` is not set.
        """

        def work(session: Session) -> None:
            record = self._allowed(session, actor, "credential.delete", credential_id).record
            users = [] if force else self._users(session, record)
            if users:
                raise ConflictError(_say_used(record, users))
            store.remove_credential(session, record.id)
            entry = self._parts.entry(
                actor, "credential.delete", _target(record), name=record.name, force=force
            )
            audit.append(session, entry)

        await self._parts.records.write(work)

    def _allowed(
        self, session: Session, actor: Actor, verb: str, credential_id: str
    ) -> SealedCredential:
        found = store.find_credential(session, credential_id)
        if found is None:
            # As for one that belongs to others, and nobody who is not signed in learns even that.
            authorize(actor, verb, Target("credential", credential_id, _NO_PROJECT))
            message = "There is no such credential."
            raise NotFoundError(message)
        authorize(actor, verb, _target(found.record))
        return found

    def _put(self, session: Session, record: CredentialRecord, credential: Credential) -> None:
        same = store.find_id_by_name(session, record.project_id, record.name)
        if same not in (None, record.id):
            raise ConflictError(
                f"This project has a credential named {record.name!r} already. Choose another name."
            )
        identity = identity_of(record.project_id, record.id)
        sealed = self._sealing.seal(session, write_credential(credential), identity)
        store.put_credential(session, record, sealed)

    def _open_for_change(self, found: SealedCredential) -> Credential:
        try:
            return self._open(found)
        except SecretKeyError as error:
            raise ConflictError(
                f"Credential {found.record.name!r} does not open: {error} Make a new one."
            ) from error


#: Of no project: whoever is asked about it is a stranger there.
_NO_PROJECT = "-"


def _target(record: CredentialRecord) -> Target:
    return Target("credential", record.id, record.project_id)


def _changed(credential: Credential, name: str, change: CredentialChange) -> Credential:
    fields = credential.model_dump(exclude={"id", "label"})
    own = SECRET_FIELDS[fields["kind"]]
    foreign = sorted(change.secrets.keys() - {own})
    if foreign:
        kind = fields["kind"]
        raise InvalidInputError(
            [
                f"{field}: The secret of a credential of kind {kind} is its {own}."
                for field in foreign
            ]
        )
    secret = change.secrets.get(own, fields[own])
    if change.hosts is not None:
        _check_hosts(credential, change, own)
        fields["hosts"] = change.hosts
    return make_credential(fields | {own: secret.get_secret_value()}, credential.id, name)


def _check_hosts(credential: Credential, change: CredentialChange, own: str) -> None:
    if not isinstance(credential, HttpCredential) or isinstance(credential, OpenRouterCredential):
        message = "hosts: A credential of this kind is sent to its own service alone."
        raise InvalidInputError([message])
    added = sorted(set(change.hosts or ()) - set(credential.hosts))
    if added and not change.secrets:
        raise InvalidInputError(
            [
                f"{own}: Give it again to have it sent to {', '.join(added)} too. Without it, hosts "
                "can only be taken away."
            ]
        )


def _say_used(record: CredentialRecord, users: Sequence[str]) -> str:
    named = ", ".join(repr(name) for name in users[:_MOST_NAMED])
    more = len(users) - _MOST_NAMED
    named += f" and {more} more" if more > 0 else ""
    return (
        f"Credential {record.name!r} is used by {named}. Take it out of them first, or delete it "
        "by force; they fail from then on."
    )
