"""What nodes that call a model share: the fields that pick it, and one call with its bill."""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from typing import Annotated, Any, Self, cast

from pydantic import Field

from flowstudio.engine.contract import NodeContext, Rates
from flowstudio.engine.costs import CostRange, Usage
from flowstudio.errors import StepError
from flowstudio.graph.document import Model
from flowstudio.graph.fields import JsonSchema, ModelName, Templated, shown
from flowstudio.graph.references import TEMPLATE_START
from flowstudio.llm.gateway import Gateway
from flowstudio.llm.messages import Charge, ChatRequest, ChatResult, Message, Policy, TaskType
from flowstudio.llm.routing import LOCAL_PREFIX
from flowstudio.nodes.credentials import ProjectSecrets

Resources = Mapping[type, Any]
#: Where a person finds a project's own key.
_KEY_PLACE = "the OpenRouter key among the project's credentials"
#: While no model is named, task and policy choose one.
ROUTED = {"model": [""]}


class ModelFields(Model):
    """Which model answers, and how."""

    model: ModelName = Field(
        "",
        title="Model",
        description="Such as openai/gpt-5-mini; empty lets task and policy choose.",
    )
    task: TaskType = Field(
        "chat",
        title="Task",
        description="What kind of work it is; picks a model that suits it.",
        json_schema_extra=shown(when=ROUTED),
    )
    policy: Policy = Field(
        "balanced",
        title="Policy",
        description="What matters in the choice of a model.",
        json_schema_extra=shown(when=ROUTED),
    )
    fallbacks: list[ModelName] = Field(
        [],
        title="Fallbacks",
        description="Models tried in turn when the first one fails.",
        json_schema_extra=shown(fold=True),
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | Templated | None = Field(
        None,
        title="Temperature",
        description="0 is steady, 2 is wild; empty is the model's own.",
        json_schema_extra=shown(order=1),
    )
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | Templated | None = Field(
        None,
        title="Longest answer",
        description="A longer answer is cut off.",
        json_schema_extra=shown(order=1, unit="tokens"),
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | Templated | None = Field(
        None,
        title="Seed",
        description="Equal seeds give equal answers, where a model can do that.",
        json_schema_extra=shown(fold=True),
    )
    provider: JsonSchema | None = Field(
        None,
        title="Providers",
        description="OpenRouter's provider preferences, passed through.",
        json_schema_extra=shown("json", fold=True),
    )
    reasoning: JsonSchema | None = Field(
        None,
        title="Reasoning",
        description='How much the model thinks first, such as {"effort": "low"}.',
        json_schema_extra=shown("json", fold=True),
    )

    def request(self, messages: list[Message], schema: dict[str, Any] | None) -> ChatRequest:
        """A call with these fields, every template filled in."""
        return ChatRequest(
            messages=tuple(messages),
            model=self.model.strip() or None,
            task=self.task,
            policy=self.policy,
            temperature=_number(self.temperature),
            max_tokens=_whole(self.max_tokens),
            seed=_whole(self.seed),
            provider=self.provider,
            fallbacks=tuple(self.fallbacks),
            schema=schema,
            reasoning=self.reasoning,
        )

    async def chosen_model(self, resources: Resources, project_id: str = "") -> str | None:
        """The model that calls with these fields go to today; None without a gateway."""
        gateway = resources.get(Gateway)
        if not isinstance(gateway, Gateway):
            return None
        gateway = await for_project(gateway, resources.get(ProjectSecrets), project_id)
        return gateway.route(self.model.strip() or None, self.task, self.policy).model

    async def predict(
        self, prompts: list[list[Message]], resources: Resources, typical_output_tokens: int | None
    ) -> CostRange:
        """What calls with these prompts are going to cost, templates in them not filled in."""
        gateway: Gateway = resources[Gateway]
        total = CostRange()
        for messages in prompts:
            request = self._untemplated().request(messages, None)
            cost = await gateway.predict(request, typical_output_tokens)
            is_open = any(TEMPLATE_START in str(message.content) for message in messages)
            total += CostRange(
                cost.low_usd, cost.typical_usd, cost.high_usd, 1, is_open or not cost.is_known
            )
        return total

    def _untemplated(self) -> Self:
        # What a template stands for is not known before the run; then the model's own counts.
        numbers = ("temperature", "max_tokens", "seed")
        unknown = {name: None for name in numbers if isinstance(getattr(self, name), str)}
        return self.model_copy(update=unknown)

    @property
    def line(self) -> str:
        """Who answers, for the node's card."""
        return self.model.strip() or f"{self.task}, {self.policy}"


async def for_project(gateway: Gateway, secrets: ProjectSecrets | None, project_id: str) -> Gateway:
    """The gateway with the project's own key, if it keeps one.

    Raises:
        StepError: the key does not open.
    """
    key = await secrets.openrouter_key(project_id) if secrets and project_id else None
    return gateway.with_key(key, _KEY_PLACE) if key else gateway


async def resources_of(resources: Resources, project_id: str) -> Resources:
    """The resources as the project's steps find them: the gateway with its own key.

    Raises:
        StepError: the key does not open.
    """
    gateway = await for_project(resources[Gateway], resources.get(ProjectSecrets), project_id)
    rest = cast("MutableMapping[type, Any]", resources)
    return ChainMap({Gateway: gateway}, rest)


def _number(value: float | str | None) -> float | None:
    if isinstance(value, str):
        raise StepError(f"{value!r} is not a number.", retryable=False)
    return value


def _whole(value: int | str | None) -> int | None:
    if isinstance(value, str):
        raise StepError(f"{value!r} is not a whole number.", retryable=False)
    return value


class Calls:
    """The model calls of one step.

    Attributes:
        usage: tokens of all of them.
        cost_usd: of all of them.
    """

    def __init__(self, context: NodeContext, fields: ModelFields) -> None:
        self._context = context
        self._fields = fields
        self.usage = Usage()
        self.cost_usd = Decimal(0)

    async def ask(
        self,
        messages: list[Message],
        schema: dict[str, Any] | None = None,
        *,
        part: str = "",
        fields: ModelFields | None = None,
    ) -> ChatResult:
        """Make one call, within the run's budget, showing its text as `part` while it comes.

        Raises:
            BudgetError: the run's limit would be passed.
            ModelError: the call failed.
        """
        context = self._context
        gateway = await self._find_gateway()
        request = (fields or self._fields).request(messages, schema)
        prediction = await gateway.predict(request, context.typical_output_tokens())
        if context.run.project_id:
            await self._take_turn(prediction.model)
        async with context.spend(prediction.typical_usd, prediction.model) as spending:

            def settle(charge: Charge) -> None:
                usage = Usage(charge.usage.prompt_tokens, charge.usage.completion_tokens)
                spending.settle(charge.cost_usd, usage, charge.model)
                self.usage += usage
                self.cost_usd += charge.cost_usd

            result = await gateway.complete(
                request, lambda text: context.stream(text, part), settle
            )
        if result.finish_reason == "length":
            context.log(
                f"The answer of {result.model} was cut off at its longest; raise max_tokens."
            )
        return result

    async def _take_turn(self, model: str) -> None:
        """Wait until the model, and the project's own key if it is called with that, may be used."""
        context = self._context
        await context.resource(Rates).wait("model", model)
        if not model.startswith(LOCAL_PREFIX):
            await context.resource(ProjectSecrets).openrouter_turn(context.run.project_id)

    async def _find_gateway(self) -> Gateway:
        # Asked for with each call: the key may be replaced while a run goes on.
        gateway, project_id = self._context.resource(Gateway), self._context.run.project_id
        if not project_id:
            return gateway
        return await for_project(gateway, self._context.resource(ProjectSecrets), project_id)
