"""The base of a task's modes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from flowstudio.engine.contract import NodeContext, Purity
from flowstudio.errors import InvalidInputError
from flowstudio.graph.slots import SlotFault


class Mode(BaseModel, ABC):
    """One thing a task can do; its fields are the task's config.

    Attributes:
        purity: what it does to the world.
        card: its line on the node's card, with the names of fields in braces.
    """

    model_config = ConfigDict(extra="forbid")

    purity: ClassVar[Purity] = "pure"
    card: ClassVar[str] = ""

    def line(self) -> str:
        """What it does, for the node's card."""
        return self.card.format_map(vars(self)).strip().partition("\n")[0][:80]

    def faults(self) -> list[SlotFault]:
        """What is wrong beyond what the fields can say."""
        return []

    @abstractmethod
    async def run(self, context: NodeContext) -> Any:
        """The output, or a `Wait`."""

    def answered(self, answer: Mapping[str, Any]) -> Any:  # noqa: ARG002 - most modes ask nothing
        """The output after a person's answer."""
        raise InvalidInputError(["Nobody was asked anything here, so there is nothing to answer."])

    def expired(self, at: datetime) -> Any:
        """The output when the time is up."""
        return at.isoformat()
