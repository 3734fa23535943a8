"""The installation as a whole."""

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.instance import InstanceOut, RegistrationIn, RegistrationOut

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
