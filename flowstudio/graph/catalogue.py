"""What the graph needs to know of a node type; the registry of nodes provides it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from flowstudio.graph.slots import Slot, SlotFault


@dataclass(frozen=True, slots=True)
class Ports:
    """Names of a node's input and output ports, in the order they are drawn."""

    inputs: tuple[str, ...] = ("in",)
    outputs: tuple[str, ...] = ("out",)


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """What one node's config turned out to be.

    Attributes:
        config: the checked model, or None when `faults` say why not.
        ports: of this config; the type's usual ones when the config is bad.
        slots: its templates and expressions.
        faults: what is wrong, each at its place.
        workflow: the workflow this config names to be run inside this one, if any.
    """

    config: BaseModel | None
    ports: Ports
    slots: tuple[Slot, ...] = ()
    faults: tuple[SlotFault, ...] = ()
    workflow: str | None = None


class NodeSpec(Protocol):
    """A node type as the graph sees it."""

    @property
    def type(self) -> str:
        """The word in a document."""

    @property
    def container(self) -> bool:
        """Whether other nodes may live inside it."""

    @property
    def loops(self) -> bool:
        """Whether `item`, `index` and `previous` are in scope inside it."""

    @property
    def root_only(self) -> bool:
        """Whether it may stand only outside containers."""

    def check(self, config: Mapping[str, Any]) -> CheckedConfig:
        """Check a raw config; never raises for bad input."""


Catalogue = Mapping[str, NodeSpec]
