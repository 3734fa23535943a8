"""Projects: workspaces that hold workflows, runs and credentials."""

from sqlmodel import Session

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.paging import Page
from flowstudio.services.sessions import require_proof
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, members
from flowstudio.store import projects as store
from flowstudio.store.projects import ProjectRecord

_MOST_NAME = 100


class ProjectService:
    """Use cases of projects; each asks `authorize` first."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def create(self, actor: Actor, name: str) -> ProjectRecord:
        """Make a project that the actor owns.

        Raises:
            InvalidInputError: the name is empty, too long or no single line.
            AccessDeniedError: the actor's key is limited to one project.
        """
        authorize(actor, "project.create")
        if actor.project_id:
            message = "This key is limited to one project, and can make no others."
            raise AccessDeniedError(message)
        name = _checked(name)

        def work(session: Session) -> ProjectRecord:
            now = self._parts.clock.now()
            project = store.add_project(session, name=name, owner_id=actor.id, now=now)
            target = Target("project", project.id, project.id)
            audit.append(session, self._parts.entry(actor, "project.create", target, name=name))
            return project

        return await self._parts.records.write(work)

    async def get(self, actor: Actor, project_id: str) -> ProjectRecord:
        """One project.

        Raises:
            NotFoundError: there is none, or none of the actor's.
        """
        authorize(actor, "project.read", _target(project_id))
        found = await self._parts.records.read(
            lambda session: store.find_project(session, project_id)
        )
        if found is None:
            raise _missing()
        return found

    async def list_projects(
        self, actor: Actor, *, limit: int = 50, after: str | None = None
    ) -> Page[ProjectRecord]:
        """The projects the actor belongs to, in the order they were made."""
        authorize(actor, "project.list")
        ids = actor.projects_with("project.read")
        found = await self._parts.records.read(
            lambda session: store.list_projects(session, ids, limit=limit + 1, after=after)
        )
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def rename(self, actor: Actor, project_id: str, name: str) -> ProjectRecord:
        """Change the name.

        Raises:
            InvalidInputError: it is empty, too long or no single line.
        """
        target = _target(project_id)
        authorize(actor, "project.edit", target)
        name = _checked(name)

        def work(session: Session) -> ProjectRecord:
            _get(session, project_id)
            audit.append(session, self._parts.entry(actor, "project.edit", target, name=name))
            return store.rename_project(session, project_id, name)

        return await self._parts.records.write(work)

    async def delete(self, actor: Actor, project_id: str) -> None:
        """Remove a project with its workflows, runs and credentials.

        Raises:
            ConflictError: runs of it have not ended.
        """
        target = _target(project_id)
        authorize(actor, "project.delete", target)

        def work(session: Session) -> None:
            name = _get(session, project_id).name
            if unfinished := store.count_unfinished_runs(session, project_id):
                runs = "run has" if unfinished == 1 else "runs have"
                raise ConflictError(f"{unfinished} {runs} not ended yet. Cancel what runs first.")
            store.remove_project(session, project_id)
            audit.append(session, self._parts.entry(actor, "project.delete", target, name=name))

        await self._parts.records.write(work)

    async def transfer(self, actor: Actor, project_id: str, user_id: str) -> None:
        """Make another member the owner in the actor's place, who stays as an editor.

        Raises:
            NotFoundError: there is no such member.
            ProofNeededError: the actor has not given the password lately.
        """
        target = _target(project_id)
        authorize(actor, "project.transfer", target)
        now = self._parts.clock.now()
        require_proof(actor, now)

        def work(session: Session) -> None:
            heir = members.find_member(session, project_id, user_id)
            mine = members.find_member(session, project_id, actor.id)
            if heir is None or mine is None or mine.role != "owner":
                message = "There is no such member to transfer this project to."
                raise NotFoundError(message)
            if heir.user_id == actor.id:
                message = "This project is yours already."
                raise ConflictError(message)
            members.put_member(session, project_id, user_id, "owner", now)
            members.put_member(session, project_id, actor.id, "editor", now)
            if not members.count_owners(session, project_id):
                message = "A guest or somebody locked out cannot own a project. Choose another."
                raise ConflictError(message)
            audit.append(session, self._parts.entry(actor, "project.transfer", target, to=user_id))

        await self._parts.records.write(work)


def _target(project_id: str) -> Target:
    # A target of no project is what this machine ran by itself, which is another matter.
    return Target("project", project_id, project_id or "-")


def _get(session: Session, project_id: str) -> ProjectRecord:
    found = store.find_project(session, project_id)
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFoundError:
    return NotFoundError("There is no such project.")


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        problem = f"name: The name must have 1 to {_MOST_NAME} characters, on one line."
        raise InvalidInputError([problem])
    return name
