"""The node that picks one of several ways to go on."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.contract import (
    Chosen,
    NodeContext,
    NodeType,
    Purity,
    RunInfo,
)
from flowstudio.engine.costs import CostRange
from flowstudio.graph.catalogue import Ports
from flowstudio.graph.document import Model
from flowstudio.graph.fields import Expression, Prompt, shown
from flowstudio.graph.slots import SlotFault
from flowstudio.llm.messages import Message, TaskType
from flowstudio.nodes.model_calls import ROUTED, Calls, ModelFields, Resources

ELSE = "else"
_ERROR = "error"
_INSTRUCTION = "Sort the text into one of these classes. Answer with the name of the class.\n\n{}"

PortName = Annotated[
    str, Field(min_length=1, max_length=100, title="Port", description="Name of the way out.")
]


class IfConfig(Model, title="If"):
    """Two ways, by a condition."""

    mode: Literal["if"]
    condition: Expression = Field(
        title="Condition",
        description="An expression; what Python calls true goes out by true.",
        json_schema_extra=shown(key=True),
    )


class Case(Model):
    """One way of a switch."""

    port: PortName
    when: Expression = Field(title="When", description="An expression; the first true one counts.")


class SwitchConfig(Model, title="Switch"):
    """Several ways, by the first condition that holds; `else` when none does."""

    mode: Literal["switch"]
    cases: list[Case] = Field(
        min_length=1, max_length=100, title="Cases", json_schema_extra=shown(key=True)
    )


class ClassOption(Model):
    """One way of a classification."""

    port: PortName
    description: Prompt = Field(
        "", title="Description", description="What belongs here, in words for the model."
    )


class ClassifyConfig(ModelFields, title="Classify"):
    """Several ways, by a model's judgement."""

    mode: Literal["classify"]
    task: TaskType = Field(
        "classify",
        title="Task",
        description="What kind of work it is; picks a suitable model.",
        json_schema_extra=shown(when=ROUTED),
    )
    input: Prompt = Field(
        min_length=1,
        title="Input",
        description="The text to judge.",
        json_schema_extra=shown(key=True, lines=3),
    )
    classes: list[ClassOption] = Field(min_length=2, max_length=100, title="Classes")


DecisionConfig = Annotated[
    IfConfig | SwitchConfig | ClassifyConfig, Field(discriminator="mode", title="Decision")
]


class Decision(NodeType[IfConfig | SwitchConfig | ClassifyConfig]):
    """Leaves by one of its ports; what hangs on the others is skipped."""

    type = "decision"
    title = "Decision"
    summary = "Go on one of several ways: by a condition, by cases, or by a model's judgement."
    category = "logic"
    icon = "split"
    config_type = DecisionConfig

    def usual_ports(self) -> Ports:
        """Those of an if."""
        return Ports(outputs=("true", "false"))

    def ports(self, config: IfConfig | SwitchConfig | ClassifyConfig) -> Ports:
        """One for each way."""
        match config:
            case IfConfig():
                return self.usual_ports()
            case SwitchConfig():
                return Ports(outputs=(*(case.port for case in config.cases), ELSE))
        return Ports(outputs=tuple(option.port for option in config.classes))

    def faults(self, config: IfConfig | SwitchConfig | ClassifyConfig) -> Sequence[SlotFault]:
        """Port names that cannot be used."""
        match config:
            case SwitchConfig():
                ports = [case.port for case in config.cases]
                return list(_port_faults("cases", ports, {ELSE, _ERROR}))
            case ClassifyConfig():
                ports = [option.port for option in config.classes]
                return list(_port_faults("classes", ports, {_ERROR}))
        return ()

    def purity(self, config: IfConfig | SwitchConfig | ClassifyConfig) -> Purity:
        """A classification costs money, the rest is free."""
        return "paid" if isinstance(config, ClassifyConfig) else "pure"

    async def depends_on(
        self,
        config: IfConfig | SwitchConfig | ClassifyConfig,
        resources: Resources,
        run: RunInfo,
    ) -> str | None:
        """The model that task and policy pick today."""
        if not isinstance(config, ClassifyConfig):
            return None
        return await config.chosen_model(resources, run.project_id)

    async def predict(
        self,
        config: IfConfig | SwitchConfig | ClassifyConfig,
        resources: Resources,
        typical_output_tokens: int | None,
    ) -> CostRange | None:
        """One call to classify; the rest is free."""
        if not isinstance(config, ClassifyConfig):
            return None
        return await config.predict([_question(config)], resources, typical_output_tokens)

    def summarise(self, config: IfConfig | SwitchConfig | ClassifyConfig) -> str:
        """What it decides by."""
        match config:
            case IfConfig():
                return f"if {config.condition}"
            case SwitchConfig():
                return f"switch: {', '.join(case.port for case in config.cases)}"
        return f"classify: {', '.join(option.port for option in config.classes)}"

    async def run(
        self, config: IfConfig | SwitchConfig | ClassifyConfig, context: NodeContext
    ) -> Chosen:
        """Decide."""
        match config:
            case IfConfig():
                value = (await context.evaluate([config.condition]))[0]
                return _chosen("true" if value else "false", value)
            case SwitchConfig():
                return await _switch(config, context)
        return await _classify(config, context)


def _chosen(port: str, value: Any) -> Chosen:
    return Chosen(port, {"port": port, "value": value})


async def _switch(config: SwitchConfig, context: NodeContext) -> Chosen:
    # One at a time: a later case may make sense only where the earlier ones do not hold.
    for case in config.cases:
        value = (await context.evaluate([case.when]))[0]
        if value:
            return _chosen(case.port, value)
    return _chosen(ELSE, None)


def _question(config: ClassifyConfig) -> list[Message]:
    classes = "\n".join(
        f"- {option.port}: {option.description}" if option.description else f"- {option.port}"
        for option in config.classes
    )
    return [Message("system", _INSTRUCTION.format(classes)), Message("user", config.input)]


async def _classify(config: ClassifyConfig, context: NodeContext) -> Chosen:
    schema = {
        "type": "object",
        "properties": {"class": {"type": "string", "enum": [o.port for o in config.classes]}},
        "required": ["class"],
        "additionalProperties": False,
    }
    result = await Calls(context, config).ask(_question(config), schema)
    port = str(result.json["class"])
    return _chosen(port, port)


def _port_faults(field: str, ports: Iterable[str], reserved: set[str]) -> Iterable[SlotFault]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        place = (field, index, "port")
        if not port.isidentifier():
            message = f"{port!r} is no name for a port: use letters, digits and underscores."
            yield SlotFault(place, message)
        elif port in reserved:
            yield SlotFault(place, f"'{port}' is a port that has a meaning of its own.")
        elif port in seen:
            yield SlotFault(place, f"Two ports are named '{port}'; give each its own name.")
        seen.add(port)
