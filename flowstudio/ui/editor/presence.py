"""What one tab tells the others who have the same workflow open."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Point(BaseModel):
    """A place on the canvas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    x: float = Field(ge=-1e7, le=1e7)
    y: float = Field(ge=-1e7, le=1e7)


class Sight(Point):
    """The middle of what somebody sees of the canvas, and how large."""

    zoom: float = Field(ge=0.01, le=10)


class Presence(BaseModel):
    """Where a tab's person points, what they see, and what they hold.

    Attributes:
        answer: it was said so that somebody who came knows of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tab: str = Field(pattern=r"^[a-z0-9]{1,16}$")
    cursor: Point | None = None
    sees: Sight | None = None
    selection: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=50)
    field: str = Field(default="", max_length=100)
    answer: bool = False
