"""State of the page that compares two runs."""

from typing import Annotated, Any

import reflex as rx
from pydantic import StringConstraints

from flowstudio.errors import NotFoundError
from flowstudio.ui.backend import backend
from flowstudio.ui.compare.present import Sheet, lines, sheet
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import push

Path = Annotated[str, StringConstraints(max_length=1_000)]


class CompareState(rx.State):
    """Two runs; their diffs travel beside the state, through `flowstudio.ui.live`.

    Attributes:
        opened: names of the steps whose changes are shown.
    """

    loaded: bool = False
    missing: bool = False
    sheet: Sheet = Sheet()
    has_inputs: bool = False
    has_outputs: bool = False
    only_changed: bool = False
    opened: list[str] = []

    @guarded("run.read")
    async def load(self) -> Any:
        """Compare the runs of the address."""
        self.opened = []
        try:
            first, second = self._ids()
            found = await backend().runs.compare(current_actor(self), first, second)
        except NotFoundError:
            self.missing, self.loaded = True, True
            return None
        self.sheet, self.missing, self.loaded = sheet(found), False, True
        self.has_inputs, self.has_outputs = bool(found.inputs), bool(found.outputs)
        return push(
            ("clear", "", None),
            ("put", "diff:inputs", lines(found.inputs)),
            ("put", "diff:outputs", lines(found.outputs)),
        )

    @guarded("run.read")
    async def open_step(self, name: Path, path: Path) -> Any:
        """Show or hide what changed in a step."""
        if name in self.opened:
            self.opened = [each for each in self.opened if each != name]
            return None
        first, second = self._ids()
        found = await backend().runs.compare_step(current_actor(self), first, second, path)
        self.opened = [*self.opened[-20:], name]
        return push(
            ("put", f"diff:in:{name}", lines(found.inputs)),
            ("put", f"diff:out:{name}", lines(found.output)),
        )

    @guarded("run.read")
    async def show_changed(self, wish: bool) -> None:
        """Show only steps that differ, or all."""
        self.only_changed = wish

    def _ids(self) -> tuple[str, str]:
        query = self.router.url.query_parameters
        return str(query.get("a", ""))[:100], str(query.get("b", ""))[:100]
