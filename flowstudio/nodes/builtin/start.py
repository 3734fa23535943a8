"""The start node: where a run's inputs come in, checked."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType, RunInfo
from flowstudio.graph.canonical import hash_value
from flowstudio.graph.catalogue import Ports
from flowstudio.graph.fields import JsonSchema, shown
from flowstudio.graph.slots import SlotFault
from flowstudio.nodes.inputs import check_inputs
from flowstudio.nodes.schemas import object_schema_faults


class StartConfig(BaseModel):
    """What a run must be given."""

    model_config = ConfigDict(extra="forbid")

    inputs: JsonSchema = Field(
        default={},
        title="Inputs",
        description="A JSON Schema object: one property per input, with type, title and default.",
        json_schema_extra=shown(key=True),
    )


class Start(NodeType[StartConfig]):
    """Gives the run's inputs, checked and with defaults filled in."""

    type = "start"
    title = "Start"
    summary = "Where a run begins: the inputs it takes, checked by a schema."
    category = "flow"
    icon = "play"
    root_only = True
    gives_inputs = True
    config_type = StartConfig

    def usual_ports(self) -> Ports:
        """Nothing leads to a start."""
        return Ports(inputs=())

    def faults(self, config: StartConfig) -> list[SlotFault]:
        """Schemas that are not valid, or describe no object."""
        return object_schema_faults(config.inputs, "inputs")

    def summarise(self, config: StartConfig) -> str:
        """One line for the node's card."""
        named = config.inputs.get("properties")
        return ", ".join(named) if isinstance(named, Mapping) else ""

    async def depends_on(
        self,
        config: StartConfig,  # noqa: ARG002
        resources: Mapping[Any, Any],  # noqa: ARG002
        run: RunInfo,
    ) -> str | None:
        """The run's inputs."""
        return hash_value(dict(run.inputs))

    async def run(self, config: StartConfig, context: NodeContext) -> Any:
        """Check the run's inputs.

        Raises:
            InvalidInputError: with every problem.
        """
        return check_inputs(config.inputs, context.run.inputs)
