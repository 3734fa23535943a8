"""Secrets for other services, which a project's workflows use by their ids."""

from typing import Annotated

from fastapi import Query

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.credentials import CredentialIn, CredentialOut, CredentialPatch

router = new_router("credentials")


@router.get(
    "/credentials",
    operation_id="credential_list",
    summary="List a project's credentials",
    responses=responses(404),
    openapi_extra=verb("credential.read"),
)
async def list_credentials(
    project_id: Annotated[str, Query(min_length=1, max_length=100)],
    actor: CurrentActor,
    studio: CurrentStudio,
    limit: Limit = 50,
    after: After = None,
) -> PageOut[CredentialOut]:
    """The newest first, without their secrets."""
    page = await studio.credentials.list_credentials(actor, project_id, limit=limit, after=after)
    return page_out(CredentialOut, page)


@router.post(
    "/credentials",
    operation_id="credential_create",
    summary="Store a credential",
    status_code=201,
    responses=responses(404, 409),
    openapi_extra=verb("credential.create"),
)
async def create_credential(
    body: CredentialIn, actor: CurrentActor, studio: CurrentStudio
) -> CredentialOut:
    """Its secret is sealed and bound to its hosts; nobody can read it again."""
    record = await studio.credentials.create(actor, body.project_id, body)
    return CredentialOut.model_validate(record)


@router.get(
    "/credentials/{credential_id}",
    operation_id="credential_get",
    summary="Read a credential",
    responses=responses(404),
    openapi_extra=verb("credential.read"),
)
async def get_credential(
    credential_id: Id, actor: CurrentActor, studio: CurrentStudio
) -> CredentialOut:
    """Everything but its secret."""
    return CredentialOut.model_validate(await studio.credentials.get(actor, credential_id))


@router.patch(
    "/credentials/{credential_id}",
    operation_id="credential_edit",
    summary="Change a credential",
    responses=responses(404, 409),
    openapi_extra=verb("credential.edit"),
)
async def edit_credential(
    credential_id: Id, body: CredentialPatch, actor: CurrentActor, studio: CurrentStudio
) -> CredentialOut:
    """Its name, its hosts, or a whole new secret; its id and kind stay.

    A host is added only together with the secret, so that nobody who does not know it can have it
    sent to a place of their own.
    """
    return CredentialOut.model_validate(await studio.credentials.update(actor, credential_id, body))


@router.delete(
    "/credentials/{credential_id}",
    operation_id="credential_delete",
    summary="Delete a credential",
    status_code=204,
    responses=responses(404, 409),
    openapi_extra=verb("credential.delete"),
)
async def delete_credential(
    credential_id: Id,
    actor: CurrentActor,
    studio: CurrentStudio,
    *,
    force: Annotated[bool, Query(description="Even if workflows use it.")] = False,
) -> None:
    """Refused while workflows of the project use it, unless by force."""
    await studio.credentials.delete(actor, credential_id, force=force)
