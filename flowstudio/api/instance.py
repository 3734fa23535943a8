"""The installation as a whole."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.instance import (
    MOST_PRUNED,
    InstanceOut,
    PrunedOut,
    PruneIn,
    RegistrationIn,
    RegistrationOut,
    RetentionIn,
    RetentionOut,
)
from flowstudio.services.retention import Policy

router = new_router("instance")


@router.get(
    "/instance",
    operation_id="instance_get",
    summary="See what anybody may know of this installation",
    openapi_extra=verb("instance.look"),
)
async def get_instance(actor: CurrentActor, studio: CurrentStudio) -> InstanceOut:
    """What a page has to know before anybody has signed in."""
    return InstanceOut.model_validate(await studio.instance.look(actor))


@router.get(
    "/instance/registration",
    operation_id="instance_registration_get",
    summary="See who may make an account",
    openapi_extra=verb("setting.read"),
)
async def get_registration(actor: CurrentActor, studio: CurrentStudio) -> RegistrationOut:
    """As an admin chose it, or else as the setting says."""
    return RegistrationOut(registration=await studio.instance.registration(actor))


@router.put(
    "/instance/registration",
    operation_id="instance_registration_set",
    summary="Choose who may make an account",
    openapi_extra=verb("setting.edit"),
)
async def set_registration(
    body: RegistrationIn, actor: CurrentActor, studio: CurrentStudio
) -> RegistrationOut:
    """Holds from now on, whatever the setting says."""
    chosen = await studio.instance.set_registration(actor, body.registration)
    return RegistrationOut(registration=chosen)


@router.get(
    "/instance/retention",
    operation_id="instance_retention_get",
    summary="See which runs are kept",
    openapi_extra=verb("setting.read"),
)
async def get_retention(actor: CurrentActor, studio: CurrentStudio) -> RetentionOut:
    """The limits that an admin set, and what finished runs take now."""
    return RetentionOut.of(await studio.retention.look(actor))


@router.put(
    "/instance/retention",
    operation_id="instance_retention_set",
    summary="Choose which runs are kept",
    responses=responses(422),
    openapi_extra=verb("setting.edit"),
)
async def set_retention(
    body: RetentionIn, actor: CurrentActor, studio: CurrentStudio
) -> RetentionOut:
    """Finished runs beyond a limit go within a minute or so; unfinished ones always stay."""
    most_bytes = None if body.most_mb is None else body.most_mb * 1_000_000
    await studio.retention.choose(actor, Policy(body.days, body.most_runs, most_bytes))
    return RetentionOut.of(await studio.retention.look(actor))


@router.post(
    "/instance/retention/prune",
    operation_id="instance_retention_prune",
    summary="Remove finished runs now",
    responses=responses(422),
    openapi_extra=verb("run.prune"),
)
async def prune_runs(body: PruneIn, actor: CurrentActor, studio: CurrentStudio) -> PrunedOut:
    """Those beyond the limits given, or else beyond those that are set; the file gets shorter.

    At most 500 go at once; ask again while `has_more`.
    """
    policy = Policy(body.days, body.most_runs, body.most_bytes)
    done = await studio.retention.prune(
        actor,
        None if policy.is_empty else policy,
        is_dry=body.dry_run,
        most=None if body.dry_run else MOST_PRUNED,
    )
    return PrunedOut.of(done)
