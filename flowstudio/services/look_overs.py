"""What follows from a workflow's document, for everybody who has it open."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.graph.problems import Problem
from flowstudio.services.access import Actor
from flowstudio.services.drafts import DraftService
from flowstudio.services.faces import Face, faces_of
from flowstudio.services.pacing import Pace, Paced
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import channel_of
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.store.projects import find_project
from flowstudio.store.users import find_user

_MOST_TOLD = 64
#: While somebody types, what follows from it may come a little later, and must not hold up the typing.
_PACE = Pace(pause_s=0.25, quiet_s=0.2, patience_s=1.0)


@dataclass(frozen=True, slots=True)
class OpenWorkflow:
    """A workflow as the editor opens it; `project` and `person` are names."""

    workflow: Workflow
    faces: Mapping[str, Face]
    project: str
    person: str


@dataclass(slots=True)
class _Told:
    """What those who have a workflow open know from this process.

    Attributes:
        revision: the latest that it made or knows of; after another process's, others told otherwise.
    """

    revision: int
    faces: Mapping[str, Face] = field(default_factory=dict)
    costs: Mapping[str, Any] = field(default_factory=dict)


class LookOvers:
    """Opens workflows, and tells what has become of them."""

    def __init__(
        self,
        parts: StudioParts,
        workflows: WorkflowService,
        drafts: DraftService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        self._parts = parts
        self._workflows = workflows
        self._drafts = drafts
        self._registry = registry
        self._pace = Paced(_PACE)
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def open(self, actor: Actor, workflow_id: str) -> OpenWorkflow:
        """A workflow with its problems and its nodes' faces."""
        found = await self._workflows.get_stored(actor, workflow_id)
        document = await asyncio.to_thread(self._parts.documents.read, found)
        workflow = await self._workflows.looked_over(found.record, document)
        faces = await asyncio.to_thread(faces_of, document, self._registry)

        def names(session: Session) -> tuple[str, str]:
            project = find_project(session, workflow.record.project_id)
            return project.name if project is not None else "", name_of(session, actor)

        project, person = await self._parts.records.read(names)
        return OpenWorkflow(workflow, faces, project, person)

    async def look_over(self, actor: Actor, workflow_id: str, revision: int) -> None:
        """Tell everybody the problems, faces, marks and costs of a revision; older ones are let be.

        While one change follows another, not those of each.
        """
        await self._pace.run(workflow_id, lambda: self._look_over(actor, workflow_id, revision))

    async def _look_over(self, actor: Actor, workflow_id: str, revision: int) -> None:
        opened = await self.open(actor, workflow_id)
        if opened.workflow.record.revision > revision:
            return
        told = self._told.get(workflow_id) or _Told(revision)
        before, told.faces = told.faces, opened.faces
        changed = {key: face for key, face in opened.faces.items() if before.get(key) != face}
        self._tell(
            workflow_id,
            t="checked",
            revision=revision,
            problems=problems_of(opened.workflow.problems),
            faces={key: asdict(face) for key, face in changed.items()},
        )
        outlook = await self._drafts.outlook(workflow_id)
        if outlook is not None:
            costs = _differing(told.costs, outlook["costs"])
            told.costs = outlook["costs"]
            self._tell(workflow_id, t="draft", results={}, **{**outlook, "costs": costs})

    def _tell(self, workflow_id: str, **message: Any) -> None:
        self._parts.channels.publish(channel_of(workflow_id), message)

    def _note(self, workflow_id: str, before: int, revision: int) -> None:
        """This process has made a revision out of the one before."""
        told = self._told.get(workflow_id)
        if told is None or told.revision != before:
            # Somebody else has changed it, and told everybody otherwise than this process did.
            told = self._told[workflow_id] = _Told(revision)
        told.revision = revision
        self._told.move_to_end(workflow_id)
        if len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is another, by node id; of nodes that are gone, None."""
    gone = dict.fromkeys(before.keys() - now.keys())
    return gone | {key: value for key, value in now.items() if before.get(key, ...) != value}


def name_of(session: Session, actor: Actor) -> str:
    """The name under which others see the actor."""
    person = find_user(session, actor.id) if actor.id else None
    return person.name if person is not None else actor.name


def problems_of(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as the editor shows them: not more than a person can read."""
    return [problem.as_json() for problem in problems[:200]]
