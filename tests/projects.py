"""People of one project and its workflows, for tests."""

from typing import Any

from flowstudio.graph.document import Document
from flowstudio.runtime import Runtime
from flowstudio.services.access import Actor, ProjectRole
from flowstudio.store.members import put_member
from tests.people import actor_of, person, project_of


def member(runtime: Runtime, role: ProjectRole, owner: Actor, instance_role: str = "user") -> Actor:
    """Somebody with a role in the owner's project."""
    parts = runtime.studio.parts
    email = f"{instance_role}-{role}@example.com"
    found = person(parts, email, instance_role)
    project_id, now = project_of(owner), parts.clock.now()
    parts.records.write_now(lambda session: put_member(session, project_id, found.id, role, now))
    return actor_of(parts, found.id)


async def kept(runtime: Runtime, owner: Actor, document: Document, **more: Any) -> str:
    """Keep a workflow in the owner's project; gives its id."""
    project_id = more.get("project_id", project_of(owner))
    workflow = await runtime.studio.workflows.create(owner, project_id, document)
    return workflow.record.id
