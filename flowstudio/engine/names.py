"""The names an expression may read, scope inside scope."""

from collections.abc import Iterable, Mapping
from typing import Any

from flowstudio.engine.fold import OutputRef
from flowstudio.engine.values import Values


class Names:
    """Names in one scope: plain values, outputs of finished nodes, and all of the scope around it.

    A skipped node's name is there and means null.
    """

    __slots__ = ("given_up", "outer", "outputs", "plain")

    def __init__(self, plain: Mapping[str, Any], outer: "Names | None" = None) -> None:
        self.plain = plain
        self.outer = outer
        self.outputs: dict[str, OutputRef | None] = {}
        #: Nobody waits for this scope any more: it failed, or was cancelled.
        self.given_up = False

    @property
    def is_given_up(self) -> bool:
        """Whether this scope, or one around it, has been given up."""
        scope: Names | None = self
        while scope is not None:
            if scope.given_up:
                return True
            scope = scope.outer
        return False

    async def load(self, wanted: Iterable[str], values: Values) -> dict[str, Any]:
        """Values of those of the wanted names that exist here."""
        loaded: dict[str, Any] = {}
        for name in wanted:
            scope: Names | None = self
            while scope is not None:
                if name in scope.plain:
                    loaded[name] = scope.plain[name]
                    break
                if name in scope.outputs:
                    ref = scope.outputs[name]
                    loaded[name] = None if ref is None else await values.get(ref)
                    break
                scope = scope.outer
        return loaded
