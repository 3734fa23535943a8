"""JSON text from strangers, read without surprises."""

import json
import math
from collections import Counter
from typing import Any, NoReturn

from flowstudio.graph.wording import brief


class NotJsonError(ValueError):
    """The text is not JSON that every program reads alike.

    Attributes:
        code: `not_json`, `not_utf8` or `too_deep`.
    """

    def __init__(self, message: str, code: str = "not_json") -> None:
        super().__init__(message)
        self.code = code


def read_json(source: bytes | str, what: str, max_depth: int) -> Any:
    """The value that the text says; refuses keys given twice, NaN, and what UTF-8 cannot carry.

    Args:
        source: the text; as bytes, it is UTF-8.
        what: how messages call it, such as "The document".
        max_depth: levels of lists and objects allowed.

    Raises:
        NotJsonError: with a sentence.
    """
    too_deep = NotJsonError(f"{what} is nested too deeply; at most {max_depth} levels.", "too_deep")
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
        text.encode()
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if depth_of(value, max_depth) > max_depth:
            raise too_deep
        if "\\u" in text:
            # A lone surrogate can hide behind an escape: JSON allows it, UTF-8 cannot carry it.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise too_deep from None
    except UnicodeError as error:
        raise NotJsonError(f"{what} is not valid UTF-8 text: {error}.", "not_utf8") from error
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"Not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}.",
        ) from error
    except NotJsonError:
        raise
    except ValueError as error:
        raise NotJsonError(f"Not valid JSON: {error}") from error
    return value


def depth_of(value: Any, enough: int) -> int:
    """Levels of lists and objects, itself one; counting ends once there are more than enough."""
    deepest, stack = 0, [(value, 1)]
    while stack:
        part, level = stack.pop()
        deepest = max(deepest, level)
        if level > enough:
            return level
        if isinstance(part, dict):
            stack.extend((child, level + 1) for child in part.values())
        elif isinstance(part, list):
            stack.extend((child, level + 1) for child in part)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated = next(key for key, count in counts.items() if count > 1)
        message = f"the key {brief(repeated)!r} stands twice in one object."
        raise ValueError(message)
    return result


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number."
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        message = f"the number {brief(text)} is too large."
        raise ValueError(message)
    return number
