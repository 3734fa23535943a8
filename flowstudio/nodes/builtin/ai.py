"""The node that asks a language model."""

from collections.abc import Sequence
from typing import Any

from flowstudio.engine.contract import (
    NodeContext,
    NodeType,
    Purity,
    RunInfo,
)
from flowstudio.engine.costs import CostRange
from flowstudio.graph.references import name_problem
from flowstudio.graph.slots import SlotFault
from flowstudio.nodes.model_calls import Calls, Resources
from flowstudio.nodes.schemas import schema_faults
from flowstudio.nodes.strategies import STRATEGIES, AiFields


class Ai(NodeType[AiFields]):
    """Asks a language model, once or by a strategy of several calls."""

    type = "ai"
    title = "AI"
    summary = "Ask a language model for text, or for JSON that fits a schema."
    category = "models"
    icon = "sparkles"
    config_type = AiFields

    def purity(self, config: AiFields) -> Purity:  # noqa: ARG002
        """It costs money."""
        return "paid"

    def faults(self, config: AiFields) -> Sequence[SlotFault]:
        """What is wrong beyond what the model can say."""
        faults = [] if config.schema_ is None else schema_faults(config.schema_, "schema")
        if config.output == "json" and config.schema_ is None:
            message = "Output as JSON needs a schema: describe the answer, or choose text."
            faults.append(SlotFault(("schema",), message))
        if config.task == "embed":
            message = "An embedding is no answer; choose the task that describes the prompt."
            faults.append(SlotFault(("task",), message))
        if config.strategy == "chain":
            return [*faults, *_chain_faults(config)]
        if not config.prompt.strip():
            faults.append(SlotFault(("prompt",), "There is no prompt: write what to ask."))
        return faults

    async def depends_on(self, config: AiFields, resources: Resources, run: RunInfo) -> str | None:
        """The model that task and policy pick today."""
        return await config.chosen_model(resources, run.project_id)

    async def predict(
        self, config: AiFields, resources: Resources, typical_output_tokens: int | None
    ) -> CostRange:
        """Every call the strategy makes."""
        return await config.predict(config.prompts, resources, typical_output_tokens)

    def summarise(self, config: AiFields) -> str:
        """Who answers, and how."""
        details = {
            "single": "",
            "refine": f", refined {config.rounds} times" if config.rounds > 1 else ", refined",
            "vote": f", best of {config.samples}",
            "chain": f", {len(config.steps)} steps",
        }
        return config.line + details[config.strategy]

    async def run(self, config: AiFields, context: NodeContext) -> Any:
        """Ask."""
        calls = Calls(context, config)
        result = await STRATEGIES[config.strategy](config, calls, context)
        output: dict[str, Any] = {"text": result.text}
        if config.output == "json":
            output["json"] = result.json
        return output | {
            "model": result.model,
            "usage": {
                "prompt_tokens": calls.usage.prompt_tokens,
                "completion_tokens": calls.usage.completion_tokens,
            },
            "cost_usd": f"{calls.cost_usd.normalize():f}",
        }


def _chain_faults(config: AiFields) -> list[SlotFault]:
    faults: list[SlotFault] = []
    if not config.steps:
        faults.append(SlotFault(("steps",), "A chain needs at least one step."))
    if config.prompt.strip():
        message = "A chain asks by the prompts of its steps; move this text into one of them."
        faults.append(SlotFault(("prompt",), message))
    seen: set[str] = set()
    for index, step in enumerate(config.steps):
        problem = name_problem(step.name)
        if problem is None and step.name in seen:
            problem = f"Two steps are named '{step.name}'; give each its own name."
        if problem is not None:
            faults.append(SlotFault(("steps", index, "name"), problem))
        seen.add(step.name)
    return faults
