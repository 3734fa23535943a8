"""The bases of what routes take and give, and lists in pieces."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from flowstudio.services.paging import Page

T = TypeVar("T")
O = TypeVar("O", bound="Output")  # noqa: E741 - an output


class Input(BaseModel):
    """What a caller sends: unknown keys are refused, and so are ids nobody asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """What a caller gets; `model_validate` reads it off a record."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageOut(Output, Generic[T]):
    """A piece of a list."""

    items: list[T]
    next: str | None = Field(
        default=None,
        description="What to give as `after` for the next piece; null at the end of the list.",
    )


def page_out(kind: type[O], page: Page[Any]) -> PageOut[O]:
    """A page of records as a page of outputs."""
    return PageOut[O](items=[kind.model_validate(item) for item in page.items], next=page.next)


#: How many a list gives at once.
Limit = Annotated[int, Query(ge=1, le=200, description="How many to give at most.")]
#: Where a list goes on.
After = Annotated[
    str | None,
    Query(max_length=500, description="`next` of the piece before; leave out for the first."),
]
#: By which asking again for a run is the same request.
IdempotencyKey = Annotated[
    str, Header(max_length=200, description="The same key gives the same run, for a day.")
]
#: An id in a path.
Id = Annotated[str, Path(min_length=1, max_length=100)]
