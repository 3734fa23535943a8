"""Versions of workflows."""

from typing import Annotated, Literal

from fastapi import Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit
from flowstudio.api.schemas.versions import (
    ComparisonOut,
    DiffOut,
    NamedIn,
    Number,
    PublishIn,
    RestoredOut,
    RestoreIn,
    SideOut,
    VersionOut,
    VersionsOut,
    WantedVersion,
    WholeVersionOut,
)
from flowstudio.api.schemas.workflows import WorkflowOut
from flowstudio.services.versions import Side

router = new_router("versions")
_Kind = Annotated[Literal["named", "checkpoint"] | None, Query(description="Only of this kind.")]


@router.get(
    "/workflows/{workflow_id}/versions",
    operation_id="version_list",
    summary="List versions",
    responses=responses(404, 422),
    openapi_extra=verb("version.read"),
)
async def list_versions(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    kind: _Kind = None,
    limit: Limit = 50,
    after: After = None,
) -> VersionsOut:
    """Of a workflow, the newest first; with how the draft stands to what is published."""
    found = await studio.versions.list_versions(
        actor, workflow_id, kind=kind, limit=limit, after=after
    )
    return VersionsOut(
        items=[VersionOut.model_validate(item) for item in found.page.items],
        next=found.page.next,
        revision=found.workflow.revision,
        published_version=found.workflow.published_version,
        is_changed=found.workflow.is_changed,
    )


@router.post(
    "/workflows/{workflow_id}/versions",
    operation_id="version_create",
    summary="Keep a version",
    status_code=201,
    responses=responses(404, 422),
    openapi_extra=verb("version.create"),
)
async def create_version(
    workflow_id: Id, body: NamedIn, actor: CurrentActor, studio: CurrentStudio
) -> VersionOut:
    """What the draft says now, under a name, for ever."""
    made = await studio.versions.create(actor, workflow_id, body.name, body.note)
    return VersionOut.model_validate(made)


@router.get(
    "/workflows/{workflow_id}/versions/{number}",
    operation_id="version_get",
    summary="Read a version",
    responses=responses(404),
    openapi_extra=verb("version.read"),
)
async def get_version(
    workflow_id: Id, number: Number, actor: CurrentActor, studio: CurrentStudio
) -> WholeVersionOut:
    """With its document."""
    found = await studio.versions.get(actor, workflow_id, number)
    head = VersionOut.model_validate(found.record)
    return WholeVersionOut(**head.model_dump(), document=found.document.dump())


@router.put(
    "/workflows/{workflow_id}/versions/{number}",
    operation_id="version_rename",
    summary="Name a version",
    responses=responses(404, 422),
    openapi_extra=verb("version.create"),
)
async def rename_version(
    workflow_id: Id, number: Number, body: NamedIn, actor: CurrentActor, studio: CurrentStudio
) -> VersionOut:
    """A checkpoint is kept for ever from then on."""
    made = await studio.versions.rename(actor, workflow_id, number, body.name, body.note)
    return VersionOut.model_validate(made)


@router.post(
    "/workflows/{workflow_id}/versions/restore",
    operation_id="version_restore",
    summary="Restore a version",
    responses=responses(404, 409, 422),
    openapi_extra=verb("version.restore"),
)
async def restore_version(
    workflow_id: Id, body: RestoreIn, actor: CurrentActor, studio: CurrentStudio
) -> RestoredOut:
    """The draft says again what the version says, as a new change; what it said is kept."""
    restored = await studio.versions.restore(
        actor, workflow_id, body.version, revision=body.revision
    )
    workflow = WorkflowOut.model_validate(restored.workflow)
    return RestoredOut(workflow=workflow, undo=restored.undo)


@router.get(
    "/workflows/{workflow_id}/diff",
    operation_id="version_compare",
    summary="Compare two versions",
    responses=responses(404, 409, 422),
    openapi_extra=verb("version.read"),
)
async def compare_versions(
    workflow_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    before: WantedVersion = "published",
    after: WantedVersion = "draft",
    documents: Annotated[bool, Query(description="Give both documents too.")] = False,
) -> DiffOut:
    """Nodes, wires and settings that differ; long values are cut to what differs in them."""
    found = await studio.versions.compare(actor, workflow_id, before, after)
    return DiffOut(
        before=_side(found.before, documents=documents),
        after=_side(found.after, documents=documents),
        diff=ComparisonOut.model_validate(found.diff),
    )


@router.post(
    "/workflows/{workflow_id}/publish",
    operation_id="workflow_publish",
    summary="Publish a workflow",
    responses=responses(404, 422),
    openapi_extra=verb("workflow.publish"),
)
async def publish_workflow(
    workflow_id: Id, body: PublishIn, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """Schedules, webhooks and forms run this from now on. A document with problems is refused."""
    record = await studio.versions.publish(
        actor, workflow_id, body.version, name=body.name, note=body.note
    )
    return WorkflowOut.model_validate(record)


@router.delete(
    "/workflows/{workflow_id}/publish",
    operation_id="workflow_unpublish",
    summary="Unpublish a workflow",
    responses=responses(404),
    openapi_extra=verb("workflow.publish"),
)
async def unpublish_workflow(
    workflow_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> WorkflowOut:
    """Schedules, webhooks and forms run nothing any more; the versions stay."""
    return WorkflowOut.model_validate(await studio.versions.unpublish(actor, workflow_id))


def _side(side: Side, *, documents: bool) -> SideOut:
    return SideOut(
        ref=side.wanted,
        number=side.record.number if side.record is not None else None,
        name=side.record.name if side.record is not None else "",
        revision=side.revision,
        document=side.document.dump() if documents else None,
    )
