"""The custom node: the user's own Python, run in the sandbox."""

import ast
import keyword
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.errors import StepError
from flowstudio.graph.fields import JsonSchema, Value, schema_of, shown
from flowstudio.graph.slots import SlotFault
from flowstudio.nodes.schemas import problems_of, schema_faults

MAX_CODE = 100_000
Code = Annotated[str, schema_of("code")]


class CustomConfig(BaseModel):
    """Code, the only names it sees, and the shape of its result."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(
        min_length=1,
        max_length=MAX_CODE,
        title="Code",
        description="Python for the sandbox; the value of the last expression is the result.",
        json_schema_extra=shown(key=True, lines=6),
    )
    inputs: dict[str, Value] = Field(
        default={},
        title="Inputs",
        description="The only names the code sees, each a value or a template.",
    )
    schema_: JsonSchema | None = Field(
        default=None,
        alias="schema",
        title="Result schema",
        description="A JSON Schema that the result must fit.",
        json_schema_extra=shown(fold=True),
    )


class Custom(NodeType[CustomConfig]):
    """Runs the user's Python over the inputs it is given, and nothing else."""

    type = "custom"
    title = "Custom code"
    summary = "Your own Python in a sandbox: no files, no network, only the inputs you give it."
    category = "data"
    icon = "code"
    config_type = CustomConfig

    def faults(self, config: CustomConfig) -> list[SlotFault]:
        """Code that is not Python, names it could not use, and a bad schema."""
        faults = _code_faults(config.code)
        for name in config.inputs:
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                message = f"{name!r} cannot be a name in Python code; rename this input."
                faults.append(SlotFault(("inputs", name), message))
        if config.schema_ is not None:
            faults.extend(schema_faults(config.schema_, "schema"))
        return faults

    def is_worth_caching(self, config: CustomConfig) -> bool:  # noqa: ARG002 - always
        """Code may run long, so its results are kept."""
        return True

    def summarise(self, config: CustomConfig) -> str:
        """One line for the node's card."""
        lines = (line.strip() for line in config.code.splitlines())
        return next((line for line in lines if line), "")[:80]

    async def run(self, config: CustomConfig, context: NodeContext) -> Any:
        """Run the code.

        Raises:
            StepError: the code failed, or its result does not fit the schema.
        """
        result = await context.run_code(config.code, config.inputs)
        problems = problems_of(config.schema_, result) if config.schema_ is not None else []
        if problems:
            message = f"The result of the code does not fit its schema: {' '.join(problems)}"
            raise StepError(message, retryable=False)
        return result


def _code_faults(code: str) -> list[SlotFault]:
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        message = f"Line {error.lineno or 1} is not valid Python: {error.msg}."
        return [SlotFault(("code",), message)]
    except (ValueError, RecursionError, MemoryError):
        return [SlotFault(("code",), "This code cannot be read: it is too deep, or not text.")]
    if not tree.body:
        return [SlotFault(("code",), "There is no code here, only space or comments.")]
    return []
