"""Services that nodes use, built when the first node asks for one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Resources(Mapping[Any, Any]):
    """Services by their class; each is built once, on first use.

    Classes are offered by name, such as `flowstudio.llm.gateway:Gateway`, so that a run that needs
    none of them imports none of them.
    """

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], Any]] = {}
        self._made: dict[str, Any] = {}

    def offer(self, name: str, make: Callable[[], Any]) -> None:
        """Offer a service under its class's module and name."""
        self._makers[name] = make

    def __getitem__(self, kind: Any) -> Any:
        name = kind if isinstance(kind, str) else f"{kind.__module__}:{kind.__qualname__}"
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    @property
    def made(self) -> list[Any]:
        """The services built so far, the latest first: the order to close them in."""
        return [*reversed(self._made.values())]
