"""Documents from elsewhere: what of them is taken in, and what waits for a person to look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document, Node
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.credentials import CredentialService
from flowstudio.services.workflow_checks import settings_of_format
from flowstudio.services.workflows import Workflow, WorkflowService


@dataclass(frozen=True, slots=True)
class ImportedWorkflow:
    """A workflow that was kept.

    Attributes:
        turned_off: names of the nodes with code, disabled until somebody has read it.
    """

    workflow: Workflow
    turned_off: list[str]


class ImportService:
    """Takes in documents that somebody else may have written."""

    def __init__(
        self,
        workflows: WorkflowService,
        credentials: CredentialService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        self._workflows = workflows
        self._credentials = credentials
        self._registry = registry

    async def take_in(
        self,
        actor: Actor,
        project_id: str,
        document: Document,
        *,
        folder: str = "",
        tags: Sequence[str] = (),
    ) -> ImportedWorkflow:
        """Keep a document without the credentials it names, and with its code turned off.

        Raises:
            InvalidDocumentError: it is too large.
        """
        authorize(actor, "workflow.create", Target("project", project_id, project_id))
        own = self._credentials.without(document)
        off = [node.name for node in own.nodes if not node.disabled and self._has_code(node)]
        nodes = [
            node.model_copy(update={"disabled": True}) if node.name in off else node
            for node in own.nodes
        ]
        kept = own.model_copy(update={"nodes": nodes})
        made = await self._workflows.create(actor, project_id, kept, folder=folder, tags=tags)
        return ImportedWorkflow(made, off)

    def _has_code(self, node: Node) -> bool:
        kind = self._registry.get(node.type)
        # What is of no type here cannot run, but may once a plug-in is there.
        return kind is None or any(
            node.config.get(name) for name in settings_of_format(kind, "python")
        )
