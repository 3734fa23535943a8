"""What the gallery shows of one example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.services.templates import Template
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.drawing import Drawing, draw_small


@dataclass(frozen=True, slots=True)
class Card:
    """One example in the gallery."""

    slug: str
    href: str
    name: str
    description: str
    nodes: str
    cost: str
    drawing: Drawing


def card(template: Template, types: Mapping[str, NodeType[Any]], cost: str) -> Card:
    """An example as a card; `cost` is the prediction in words."""
    document = template.document
    return Card(
        slug=template.slug,
        href=f"/w/{template.slug}",
        name=document.name,
        description=document.description,
        nodes=words.count(len(document.nodes), "node"),
        cost=cost,
        drawing=draw_small(document, types),
    )
