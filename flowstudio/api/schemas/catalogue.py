"""What the routes of node types, models and shipped examples take and give."""

from decimal import Decimal
from typing import Any

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import DOCUMENT, ID, RunIn
from flowstudio.graph.document import Document


class NodeTypeOut(Output):
    """A kind of node."""

    type: str
    title: str
    summary: str
    category: str
    icon: str
    version: int
    container: bool = Field(description="Whether other nodes may live inside it.")
    config_schema: dict[str, Any] = Field(description="JSON Schema of its config.")


class NodeTypesOut(Output):
    """Every kind of node there is here."""

    items: list[NodeTypeOut]


class ModelOut(Output):
    """A model; prices are per million tokens, null when they vary or are unknown."""

    id: str
    name: str
    context_length: int | None
    prompt_usd_per_million: Decimal | None
    completion_usd_per_million: Decimal | None
    local: bool = Field(description="Whether it runs on the server itself.")
    modalities: list[str]


class ModelsOut(Output):
    """The models that can be called."""

    items: list[ModelOut]


class TemplateOut(Output):
    """A shipped example."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"slug": "greet", "name": "Greet", "description": "Says hello.", "nodes": 2}
        }
    )

    slug: str
    name: str
    description: str
    nodes: int

    @classmethod
    def of(cls, slug: str, document: Document) -> "TemplateOut":
        """An example by its document."""
        return cls(
            slug=slug,
            name=document.name,
            description=document.description,
            nodes=len(document.nodes),
        )


class TemplatesOut(Output):
    """The shipped examples."""

    items: list[TemplateOut]


class WholeTemplateOut(TemplateOut):
    """A shipped example with its document."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "slug": "greet",
                "name": "Greet",
                "description": "Says hello.",
                "nodes": 2,
                "document": DOCUMENT,
            }
        }
    )

    document: dict[str, Any]


class CopyIn(Input):
    """The project that is to keep the copy."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"project_id": ID}}
    )

    project_id: str = Field(min_length=1, max_length=100)


class TemplateRunIn(RunIn):
    """How to run an example, and in which project."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"project_id": ID, "inputs": {}}},
    )

    project_id: str = Field(min_length=1, max_length=100)
