"""API keys."""

from datetime import timedelta

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import After, Id, Limit, PageOut, page_out
from flowstudio.api.schemas.keys import KeyIn, KeyOut, MadeKeyOut, RotateIn
from flowstudio.services.keys import MadeKey, NewKey

router = new_router("keys")


@router.get(
    "/keys", operation_id="key_list", summary="List API keys",
    responses=responses(422), openapi_extra=verb("key.read"),
)  # fmt: skip
async def list_keys(
    actor: CurrentActor, studio: CurrentStudio, limit: Limit = 50, after: After = None
) -> PageOut[KeyOut]:
    """The caller's own, the newest first, without the keys themselves."""
    return page_out(KeyOut, await studio.keys.list_keys(actor, limit=limit, after=after))


@router.post(
    "/keys",
    operation_id="key_create",
    summary="Make an API key",
    status_code=201,
    responses=responses(409, 422),
    openapi_extra=verb("key.create"),
)
async def create_key(body: KeyIn, actor: CurrentActor, studio: CurrentStudio) -> MadeKeyOut:
    """The reply holds the key, this once. Needs a recent proof of who the caller is."""
    new = NewKey(body.name, frozenset(body.scopes), body.project_id, body.expires_at)
    return _made(await studio.keys.create(actor, new))


@router.post(
    "/keys/{key_id}/rotate",
    operation_id="key_rotate",
    summary="Replace an API key",
    status_code=201,
    responses=responses(404, 409, 422),
    openapi_extra=verb("key.rotate"),
)
async def rotate_key(
    key_id: Id, body: RotateIn, actor: CurrentActor, studio: CurrentStudio
) -> MadeKeyOut:
    """A new key with the same name, scopes, project and end."""
    overlap = timedelta(minutes=body.overlap_minutes)
    return _made(await studio.keys.rotate(actor, key_id, overlap=overlap))


@router.delete(
    "/keys/{key_id}",
    operation_id="key_revoke",
    summary="Revoke an API key",
    status_code=204,
    responses=responses(404),
    openapi_extra=verb("key.revoke"),
)
async def revoke_key(key_id: Id, actor: CurrentActor, studio: CurrentStudio) -> None:
    """Programs that use it are refused from now on."""
    await studio.keys.revoke(actor, key_id)


def _made(made: MadeKey) -> MadeKeyOut:
    return MadeKeyOut(**KeyOut.model_validate(made.record).model_dump(), key=made.key)
