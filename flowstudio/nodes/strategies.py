"""Ways to get an answer out of a model: one call, or several that build on each other."""

import string
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from flowstudio.engine.contract import NodeContext
from flowstudio.engine.together import together
from flowstudio.graph.canonical import dump
from flowstudio.graph.document import Model
from flowstudio.graph.fields import (
    Expressive,
    JsonSchema,
    ModelName,
    Prompt,
    as_text,
    schema_of,
    shown,
)
from flowstudio.llm.messages import ChatResult, Message
from flowstudio.nodes.model_calls import Calls, ModelFields

StrategyName = Literal["single", "refine", "vote", "chain"]
_ONE_PROMPT = {"strategy": ["single", "refine", "vote"]}
_STRATEGY_LABELS = {
    "single": "One call",
    "refine": "Refine",
    "vote": "Vote",
    "chain": "Chain",
}

_CRITIQUE = (
    "Criticise your answer: name what is wrong, missing or unclear, as a short list. "
    "Do not rewrite it."
)
_REVISE = "Improve your answer by this critique. Reply with the improved answer alone.\n\n{}"
_JUDGE = "You compare answers to the same task and pick the best one."


#: A prompt that sees the answers of the steps before it, so the node fills it in itself.
StepPrompt = Annotated[
    str,
    BeforeValidator(as_text),
    schema_of("prompt", "Prompt"),
    Expressive("template", names=("steps",), inner=True),
]


class Example(Model):
    """One exchange that shows the model what is wanted."""

    user: Prompt = Field(title="User")
    assistant: Prompt = Field(title="Assistant")


class ChainStep(Model):
    """One call of a chain."""

    name: str = Field(
        min_length=1,
        max_length=100,
        title="Name",
        description="Later prompts read this step's text as steps.NAME.",
    )
    prompt: StepPrompt = Field(
        min_length=1, title="Prompt", json_schema_extra=shown(key=True, lines=3)
    )
    system: StepPrompt = Field(
        "",
        title="System prompt",
        description="Instead of the node's own.",
        json_schema_extra=shown(fold=True),
    )
    model: ModelName = Field(
        "",
        title="Model",
        description="Instead of the node's own.",
        json_schema_extra=shown(fold=True),
    )


class AiFields(ModelFields):
    """What the ai node is asked to do."""

    prompt: Prompt = Field(
        "",
        title="Prompt",
        description="What the model is asked.",
        json_schema_extra=shown(key=True, lines=5, when=_ONE_PROMPT),
    )
    system: Prompt = Field(
        "",
        title="System prompt",
        description="Who the model is to be.",
        json_schema_extra=shown(lines=2),
    )
    examples: list[Example] = Field(
        [],
        title="Examples",
        description="Exchanges that show the model what is wanted.",
        json_schema_extra=shown(fold=True),
    )
    output: Literal["text", "json"] = Field(
        "text", title="Output", json_schema_extra=shown(order=1, labels={"json": "JSON"})
    )
    schema_: JsonSchema | None = Field(
        None,
        alias="schema",
        title="Schema",
        description="JSON Schema of the answer.",
        json_schema_extra=shown(order=1, when={"output": ["json"]}),
    )
    strategy: StrategyName = Field(
        "single", title="Strategy", json_schema_extra=shown(order=2, labels=_STRATEGY_LABELS)
    )
    rounds: int = Field(
        1,
        ge=1,
        le=10,
        title="Rounds",
        description="Of critique and revision.",
        json_schema_extra=shown(order=2, when={"strategy": ["refine"]}),
    )
    samples: int = Field(
        3,
        ge=2,
        le=25,
        title="Samples",
        description="Answers to vote among; a temperature above 0 makes them differ.",
        json_schema_extra=shown(order=2, when={"strategy": ["vote"]}),
    )
    judge: Literal["majority", "model"] = Field(
        "majority",
        title="Judge",
        description="majority counts equal answers; model asks which of different texts is best.",
        json_schema_extra=shown(order=2, when={"strategy": ["vote"]}),
    )
    steps: list[ChainStep] = Field(
        [],
        max_length=50,
        title="Steps",
        description="Of a chain.",
        json_schema_extra=shown(order=2, when={"strategy": ["chain"]}),
    )

    @property
    def answer_schema(self) -> dict[str, Any] | None:
        """What the answer must fit; None for text."""
        return self.schema_ if self.output == "json" else None

    @property
    def prompts(self) -> list[list[Message]]:
        """What is asked in each call, as far as it stands before the run."""
        if self.strategy == "chain":
            return [self.opening(step.prompt, step.system or self.system) for step in self.steps]
        calls = {
            "single": 1,
            "refine": 1 + 2 * self.rounds,
            "vote": self.samples + (self.judge == "model"),
        }[self.strategy]
        return [self.opening(self.prompt, self.system)] * calls

    def opening(self, prompt: str, system: str) -> list[Message]:
        """The conversation up to the model's turn."""
        messages = [Message("system", system)] if system else []
        for example in self.examples:
            messages += [Message("user", example.user), Message("assistant", example.assistant)]
        return [*messages, Message("user", prompt)]


async def single(fields: AiFields, calls: Calls, context: NodeContext) -> ChatResult:  # noqa: ARG001
    """One call."""
    return await calls.ask(fields.opening(fields.prompt, fields.system), fields.answer_schema)


async def refine(fields: AiFields, calls: Calls, context: NodeContext) -> ChatResult:  # noqa: ARG001
    """A draft, then rounds of critique and revision by the same model."""
    opening = fields.opening(fields.prompt, fields.system)
    answer = await calls.ask(opening, fields.answer_schema, part="draft")
    for turn in range(1, fields.rounds + 1):
        so_far = [*opening, Message("assistant", answer.text)]
        critique = await calls.ask([*so_far, Message("user", _CRITIQUE)], part=f"critique {turn}")
        answer = await calls.ask(
            [*so_far, Message("user", _REVISE.format(critique.text))],
            fields.answer_schema,
            part=f"revision {turn}",
        )
    return answer


async def vote(fields: AiFields, calls: Calls, context: NodeContext) -> ChatResult:  # noqa: ARG001
    """Several answers at once, of which the commonest, or the one a judge likes best, stands."""
    opening = fields.opening(fields.prompt, fields.system)
    results: dict[int, ChatResult] = {}

    async def sample(number: int) -> None:
        results[number] = await calls.ask(
            opening,
            fields.answer_schema,
            part=f"sample {number + 1}",
            fields=_sample(fields, number),
        )

    await together(sample(number) for number in range(fields.samples))
    answers = [results[number] for number in range(fields.samples)]
    if fields.judge == "majority":
        return _commonest(answers)
    return answers[await _judge(fields.prompt, answers, calls)]


def _sample(fields: AiFields, number: int) -> AiFields:
    # The same seed would give the same answer every time.
    if not isinstance(fields.seed, int):
        return fields
    return fields.model_copy(update={"seed": (fields.seed + number) % 2**31})


def _commonest(answers: list[ChatResult]) -> ChatResult:
    counts: dict[bytes, int] = {}
    keys = [_normal(answer) for answer in answers]
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    # Among equally common answers the one that was asked for first.
    return answers[keys.index(max(counts, key=lambda key: counts[key]))]


def _normal(answer: ChatResult) -> bytes:
    if answer.json is not None:
        return dump(answer.json)
    words = " ".join(answer.text.casefold().split())
    return words.strip(string.punctuation + string.whitespace).encode()


async def _judge(prompt: str, answers: list[ChatResult], calls: Calls) -> int:
    listed = "\n\n".join(f"Answer {n}:\n{answer.text}" for n, answer in enumerate(answers, 1))
    question = f"The task:\n{prompt}\n\n{listed}\n\nWhich answer is best? Give its number."
    schema = {
        "type": "object",
        "properties": {"best": {"type": "integer", "minimum": 1, "maximum": len(answers)}},
        "required": ["best"],
        "additionalProperties": False,
    }
    messages = [Message("system", _JUDGE), Message("user", question)]
    verdict = await calls.ask(messages, schema, part="judge")
    return int(verdict.json["best"]) - 1


async def chain(fields: AiFields, calls: Calls, context: NodeContext) -> ChatResult:
    """Named calls in order; each prompt may read the texts of those before it."""
    texts: dict[str, str] = {}
    last = len(fields.steps) - 1
    for number, step in enumerate(fields.steps):
        names = {"steps": dict(texts)}
        prompt = as_text(await context.render(step.prompt, names))
        system = as_text(await context.render(step.system, names)) if step.system else ""
        answer = await calls.ask(
            fields.opening(prompt, system or fields.system),
            fields.answer_schema if number == last else None,
            part=step.name,
            fields=fields.model_copy(update={"model": step.model}) if step.model else fields,
        )
        texts[step.name] = answer.text
    return answer


Strategy = Callable[[AiFields, Calls, NodeContext], Awaitable[ChatResult]]
STRATEGIES: Mapping[StrategyName, Strategy] = {
    "single": single,
    "refine": refine,
    "vote": vote,
    "chain": chain,
}
