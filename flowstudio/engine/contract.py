"""What a node type is, and what a node sees while it runs.

A node type is one class in one file: it names itself, declares its config as a pydantic model,
says what its ports and its purity are, and has one async `run`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from flowstudio.clock import Clock
from flowstudio.engine.costs import CostRange, Usage
from flowstudio.engine.places import place_in
from flowstudio.graph.catalogue import CheckedConfig, Ports
from flowstudio.graph.form_faults import describe
from flowstudio.graph.references import Template
from flowstudio.graph.slots import SlotFault, find_slots

#: pure: same input, same output, free. paid: a model call. read: looks at the outside world.
#: write: changes it.
Purity = Literal["pure", "paid", "read", "write"]
Category = Literal["flow", "models", "logic", "data", "outside"]
C = TypeVar("C", bound=BaseModel)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A result that leaves by one named port; edges out of the other ports are dead."""

    port: str
    value: Any


@dataclass(frozen=True, slots=True)
class Wait:
    """A durable pause: nothing is held in memory until an answer comes or the time is up.

    Attributes:
        kind: `timer` ends at `until`; `approval` and `form` end with a person's answer; `unknown`
            is the engine's own question about a step that was cut off; `workflow` ends when an inner
            run does.
        until: when a timer wakes, or an unanswered question expires; None never expires.
        message: what the person is asked.
        fields: JSON Schema of a form's answer.
        assignees: who is asked; empty means anyone who may run the workflow.
        escalate_to: who is asked too when nobody has answered by `escalate_at`.
        priority: of the notice that tells them.
    """

    kind: Literal["timer", "approval", "form", "workflow", "unknown"]
    until: datetime | None = None
    message: str = ""
    fields: Mapping[str, Any] | None = None
    assignees: Sequence[str] = ()
    escalate_to: Sequence[str] = ()
    escalate_at: datetime | None = None
    priority: Literal["normal", "high", "urgent"] = "high"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a node may know of the run; in expressions, the name `run`.

    Attributes:
        depth: how many runs this one is nested in, through `workflow` nodes.
        base: where relative workflow paths start, on the command line; else "".
        project_id: whose secrets it may use; "" for what this machine runs by itself.
    """

    id: str
    started_at: datetime
    trigger: str = "manual"
    depth: int = 0
    base: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    project_id: str = ""


class Evaluator(Protocol):
    """Evaluates the user's language, out of process, under limits.

    Every method raises `flowstudio.errors.ExpressionError` for what the user can mend.
    """

    async def resolve(self, templates: Sequence[Template], names: Mapping[str, Any]) -> list[Any]:
        """Values of templates over the same names, in at most one exchange.

        One expression alone keeps its type; mixed text becomes a string. Data is not evaluated.
        """

    async def evaluate(self, sources: Sequence[str], names: Mapping[str, Any]) -> list[Any]:
        """Values of bare expressions over the same names, in one exchange."""

    async def evaluate_each(
        self, sources: Sequence[str], items: Sequence[Any], names: Mapping[str, Any]
    ) -> list[list[Any]]:
        """For each of `items`, the values of the expressions with `item` and `index` in scope."""

    async def run_code(self, code: str, names: Mapping[str, Any]) -> Any:
        """The value of the last expression of a piece of code that sees only `names`."""


class Spending(Protocol):
    """One paid call, from reservation to true cost."""

    def settle(self, cost_usd: Decimal, usage: Usage, model: str) -> None:
        """State what the call really cost; also after a failure, if it cost anything."""


class Body(Protocol):
    """The inside of a container, run by the engine at the container's wish."""

    @property
    def branches(self) -> Sequence[str]:
        """Names of the entry nodes, in document order."""

    def recorded(self, index: int) -> bool:
        """Whether this iteration began before a crash or pause, so it must not be asked for anew."""

    async def iterate(self, index: int, names: Mapping[str, Any], result: str | None) -> Any:
        """Run the body once as iteration `index`, with `names` in scope besides the outer ones.

        Returns the value of the template `result` over the body's outputs if given, else the output of
        the body's last node, or of the last nodes by name if several. An iteration that has finished
        before is not run again.
        """

    def finished(self, name: str) -> bool:
        """Whether this branch ended before a crash or pause, so its result is at hand."""

    async def branch(self, name: str) -> Any:
        """Run the branch that starts at entry node `name`; its result is its last node's output."""


class NodeContext(Protocol):
    """What a node sees while it runs.

    Attributes:
        name: of the node; path: of this execution, such as `sections/3/summarise`.
        attempt: 1 for the first try.
    """

    name: str
    path: str
    attempt: int
    run: RunInfo
    clock: Clock

    @property
    def idempotency_key(self) -> str:
        """The same for every execution of this step, also after a crash."""

    async def evaluate(
        self, sources: Sequence[str], names: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Values of bare expressions over the names in scope here and the given ones."""

    async def evaluate_each(self, sources: Sequence[str], items: Sequence[Any]) -> list[list[Any]]:
        """For each item, the values of the expressions, with `item` and `index` in scope."""

    async def run_code(self, code: str, names: Mapping[str, Any]) -> Any:
        """The value of the last expression of a piece of code that sees only `names`."""

    async def render(self, text: str, names: Mapping[str, Any]) -> Any:
        """The value of a template over the names in scope here and the given ones."""

    def stream(self, text: str, part: str = "") -> None:
        """Show text as it arrives; `part` names a draft, vote or chain step. Not stored."""

    def log(self, message: str) -> None:
        """Tell the watcher of the run something worth knowing. Not stored."""

    def spend(self, predicted_usd: Decimal, model: str) -> AbstractAsyncContextManager[Spending]:
        """Reserve the predicted cost of one paid call, for the length of the block.

        Raises:
            BudgetError: the run's limit would be passed; the call must not be made.
        """

    def typical_output_tokens(self) -> int | None:
        """Median completion tokens of this node's earlier calls, or None before the first."""

    def remaining_usd(self) -> Decimal | None:
        """What the run may still cost, or None without a limit."""

    def resource(self, kind: type[R]) -> R:
        """A service the process offers to nodes, by its class."""

    @property
    def body(self) -> Body:
        """A container's inside."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a model or a credential may be used, as a resource.

    Attributes:
        wait: of a kind (`model`, `credential`) and a name; returns when it is the caller's turn.
    """

    wait: Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subworkflows:
    """Runs a workflow inside a step; the process offers it to nodes as a resource.

    Attributes:
        run: given a workflow's id or path, its inputs and the context of the step that runs it,
            returns the run's outputs. Raises StepError: there is no such workflow, it would nest
            too deeply, or its run failed.
    """

    run: Callable[[str, Mapping[str, Any], NodeContext], Awaitable[Any]]


class NodeType(ABC, Generic[C]):
    """A kind of node.

    Attributes:
        version: counts up when the same config gives another output than before.
        config_type: a pydantic model, or a union of models told apart by a field `mode`.
        gives_inputs: its output follows from the run's inputs alone, which are stored with the run.
    """

    type: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    category: ClassVar[Category]
    icon: ClassVar[str]
    version: ClassVar[int] = 1
    container: ClassVar[bool] = False
    loops: ClassVar[bool] = False
    root_only: ClassVar[bool] = False
    gives_inputs: ClassVar[bool] = False
    config_type: ClassVar[Any]

    def __init__(self) -> None:
        self._adapter: TypeAdapter[C] = TypeAdapter(self.config_type)

    @cached_property
    def config_schema(self) -> dict[str, Any]:
        """JSON Schema of the config; draws the form."""
        # Drawn up once: that takes milliseconds, and each change of a workflow asks for some.
        return self._adapter.json_schema(by_alias=True)

    def parse(self, config: Mapping[str, Any]) -> C:
        """Check a config.

        Raises:
            pydantic.ValidationError: with all its problems.
        """
        return self._adapter.validate_python(dict(config))

    def check(self, config: Mapping[str, Any]) -> CheckedConfig:
        """Check a raw config for the graph; bad input becomes faults, never an exception."""
        try:
            checked = self.parse(config)
        except ValidationError as error:
            faults = tuple(
                SlotFault(tuple(place_in(config, details["loc"])), describe(details))
                for details in error.errors()
            )
            return CheckedConfig(None, self.usual_ports(), faults=faults)
        slots, slot_faults = find_slots(checked)
        return CheckedConfig(
            checked,
            self.ports(checked),
            tuple(slots),
            (*slot_faults, *self.faults(checked)),
            self.workflow(checked),
        )

    def usual_ports(self) -> Ports:
        """Ports shown while a config is bad."""
        return Ports()

    def ports(self, config: C) -> Ports:  # noqa: ARG002 - a type whose ports never change ignores it
        """Ports of a node with this config."""
        return self.usual_ports()

    def faults(self, config: C) -> Sequence[SlotFault]:  # noqa: ARG002
        """What is wrong beyond what the model can say."""
        return ()

    def workflow(self, config: C) -> str | None:  # noqa: ARG002
        """The workflow this config runs inside itself, for the check against recursion."""
        return None

    def purity(self, config: C) -> Purity:  # noqa: ARG002
        """What running it does to the world and the purse."""
        return "pure"

    def is_repeatable(self, config: C) -> bool:
        """Whether a step that was cut off may simply be executed again with the same key."""
        return self.purity(config) != "write"

    def is_worth_caching(self, config: C) -> bool:
        """Whether looking an output up costs less than making it."""
        return self.purity(config) == "paid"

    async def depends_on(
        self,
        config: C,  # noqa: ARG002
        resources: Mapping[Any, Any],  # noqa: ARG002
        run: RunInfo,  # noqa: ARG002
    ) -> str | None:
        """What the output depends on beyond config and inputs, such as the model a router picks."""
        return None

    async def predict(
        self,
        config: C,  # noqa: ARG002
        resources: Mapping[Any, Any],  # noqa: ARG002
        typical_output_tokens: int | None,  # noqa: ARG002
    ) -> CostRange | None:
        """What running it once is going to cost, templates not filled in; None when it is free."""
        return None

    def summarise(self, config: C) -> str:  # noqa: ARG002
        """One line for the node's card, such as `for each of inputs.mails`."""
        return ""

    @abstractmethod
    async def run(self, config: C, context: NodeContext) -> Any:
        """Do the node's work with every template filled in.

        Returns a JSON value, or a `Chosen` port, or a `Wait`.

        Raises:
            StepError: what went wrong, for the person who reads the run.
        """

    def answered(self, config: C, answer: Mapping[str, Any]) -> Any:  # noqa: ARG002
        """The output after a person's answer to a `Wait`.

        Raises:
            InvalidInputError: the answer does not fit; the step goes on waiting.
        """
        return dict(answer)

    def expired(self, config: C, at: datetime) -> Any:  # noqa: ARG002
        """The output when a `Wait` ends by time.

        Raises:
            StepError: nobody answered, and the config says that is a failure.
        """
        return at.isoformat()
