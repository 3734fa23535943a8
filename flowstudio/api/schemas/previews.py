"""What the routes of previews take and give."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.graph.references import MAX_EXPRESSION
from flowstudio.services.cuts import TypeWord

#: Of a whole template; one expression in it has its own limit.
_MOST_TEXT = 100_000


class PreviewIn(Input):
    """An expression or template, and the field it stands in."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"node_id": "a", "text": "Run {{ run.id }}", "kind": "template"}
        },
    )

    node_id: str = Field(min_length=1, max_length=100)
    text: str = Field(
        max_length=_MOST_TEXT,
        description=f"One expression has at most {MAX_EXPRESSION:,} characters.",
    )
    kind: Literal["template", "expression"]
    path: str = Field(
        "", max_length=1_000, description="The field in the node's config, such as `cases[0].when`."
    )
    item_index: int = Field(
        0, ge=0, le=1_000_000_000, description="Which item stands for all of a list."
    )


class PreviewOut(Output):
    """The value, shortened; or in words why there is none."""

    value: Any
    type: TypeWord | None
    error: str | None
    is_cut: bool = Field(description="Whether something of the value was left out.")
    items: int = Field(description="Length of the list whose item is read; 0 without one.")
    item_index: int


class ScopeNameOut(Output):
    """A name that expressions of the node may read."""

    name: str
    kind: str = Field(description="Type of the node it stands for, or inputs, run or loop.")
    sample: Any = Field(description="Its value as last seen, cut down; null when there is none.")
    has_value: bool
    inner: bool = Field(description="Visible only to what a container says of its inside.")


class ScopeOut(Output):
    """What is in scope, nodes in document order."""

    names: list[ScopeNameOut]
