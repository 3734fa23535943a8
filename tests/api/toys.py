"""Routes of the tests' own, behind the API's frame."""

from typing import Any

from flowstudio import errors
from flowstudio.api.deps import CurrentActor, CurrentOrigin
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Input
from flowstudio.graph.problems import Problem


class Wish(Input):
    name: str
    count: int = 0
    more: Any = None


#: What `POST /toys/{kind}/raise` raises.
RAISED = {
    "document": errors.InvalidDocumentError(
        [Problem("unknown_type", "No such type.", "a", "type")]
    ),
    "input": errors.InvalidInputError(["'a' is missing.", "'b' is not a number."]),
    "missing": errors.NotFoundError("There is no such workflow."),
    "stale": errors.StaleRevisionError("It was changed."),
    "conflict": errors.ConflictError("It has ended."),
    "signed_out": errors.NotSignedInError("Sign in first."),
    "proof": errors.ProofNeededError("Give your password again."),
    "denied": errors.AccessDeniedError("Ask an owner."),
    "throttled": errors.ThrottledError("Slow down.", 7.2),
    "closed": errors.QueueClosedError("It is being drained."),
    "key": errors.SecretKeyError("The key does not fit."),
    "model": errors.ModelError("The provider is away."),
    "journal": errors.JournalError("The disk is full."),
}
router = new_router("toys")
_open: dict[str, Any] = {"openapi_extra": verb("health.look")}


@router.post("/toys", operation_id="toy_make", **_open)
async def make(wish: Wish) -> dict[str, str]:
    return {"name": wish.name}


@router.post("/toys/{kind}/raise", operation_id="toy_raise", responses=responses(404), **_open)
async def fail(kind: str) -> None:
    raise RAISED[kind]


@router.get("/toys", operation_id="toy_list", **_open)
async def listed() -> list[str]:
    return ["toy"] * 1000


@router.get("/toys/{toy_id}", operation_id="toy_get", openapi_extra=verb("workflow.read"))
async def read(toy_id: str) -> str:
    return toy_id


@router.get("/who", operation_id="who_maybe", **_open)
async def maybe(actor: CurrentActor, origin: CurrentOrigin) -> list[str]:
    return [actor.name, origin.address]


@router.get("/who/me", operation_id="who_get", openapi_extra=verb("account.read"))
async def me(actor: CurrentActor, origin: CurrentOrigin) -> list[str]:
    return [actor.name, origin.address]


@router.delete("/who/me", operation_id="who_delete", openapi_extra=verb("account.delete"))
async def delete_me(actor: CurrentActor) -> str:
    return actor.name
