"""A step that was cut off: may it simply run again, or must a person say what happened?"""

from collections.abc import Mapping
from typing import Any

from flowstudio.engine.contract import NodeType, Wait
from flowstudio.engine.fold import StepRecord
from flowstudio.errors import StepError
from flowstudio.graph.document import Retry

#: A free step that is cut off again and again may be what ends the process.
MOST_FREE_REPEATS = 10

ANSWER_SCHEMA = {
    "type": "object",
    "properties": {
        "action": {"enum": ["retry", "done", "fail"], "title": "What to do"},
        "output": {"title": "Its output, when it was done"},
    },
    "required": ["action"],
}


def judge(node_type: NodeType[Any], config: Any, retry: Retry, record: StepRecord) -> Wait | None:
    """None when the step may be executed again, else the question for a person."""
    purity = node_type.purity(config)
    if node_type.is_repeatable(config):
        most = max(retry.attempts, MOST_FREE_REPEATS if purity in ("pure", "read") else 1)
        if record.interruptions < most:
            return None
        reason = f"It was cut off {record.interruptions + 1} times while it ran."
    else:
        reason = "It was cut off while it ran, and may or may not have done its work outside."
    return Wait(
        kind="unknown",
        message=f"{reason} Look, and choose: run it again, take it as done, or let it fail.",
        fields=ANSWER_SCHEMA,
    )


def wants_retry(answer: Mapping[str, Any] | None) -> bool:
    """Whether the person chose to run it again."""
    return answer is not None and answer.get("action") == "retry"


def settle(answer: Mapping[str, Any] | None) -> Any:
    """The output a person gave.

    Raises:
        StepError: the person chose to let it fail.
    """
    if answer is None or answer.get("action") != "done":
        message = "It was cut off, and a person decided that it failed."
        raise StepError(message, retryable=False)
    return answer.get("output")
