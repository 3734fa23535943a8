"""Whether the parts of this server work."""

from pydantic import ConfigDict, Field

from flowstudio.api.deps import CurrentActor, CurrentStudio
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Output

router = new_router("instance")


class FindingOut(Output):
    """What one check found."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": {"name": "Disk", "text": "12.5 GB free", "is_ok": True}},
    )

    name: str
    text: str
    is_ok: bool = Field(description="False when somebody should look after it.")


class HealthOut(Output):
    """Every check, made now."""

    items: list[FindingOut]


@router.get(
    "/instance/health",
    operation_id="health_get",
    summary="See whether everything works",
    openapi_extra=verb("health.read"),
)
async def get_health(actor: CurrentActor, studio: CurrentStudio) -> HealthOut:
    """For admins."""
    found = await studio.health.look(actor)
    return HealthOut(items=[FindingOut.model_validate(item) for item in found])
