"""The end node: what a run gives back."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.graph.catalogue import Ports
from flowstudio.graph.fields import Value, shown


class EndConfig(BaseModel):
    """Outputs by name."""

    model_config = ConfigDict(extra="forbid")

    outputs: dict[str, Value] = Field(
        default={},
        title="Outputs",
        description="By name, a value or a template.",
        json_schema_extra=shown(key=True),
    )


class End(NodeType[EndConfig]):
    """Gives the run its outputs."""

    type = "end"
    title = "End"
    summary = "Where a run ends: the outputs it gives back."
    category = "flow"
    icon = "flag"
    root_only = True
    config_type = EndConfig

    def usual_ports(self) -> Ports:
        """Nothing follows an end."""
        return Ports(outputs=())

    def summarise(self, config: EndConfig) -> str:
        """One line for the node's card."""
        return ", ".join(config.outputs)

    async def run(self, config: EndConfig, context: NodeContext) -> Any:  # noqa: ARG002 - filled in
        """Give the outputs."""
        return dict(config.outputs)
