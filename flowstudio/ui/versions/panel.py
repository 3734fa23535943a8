"""The panel of versions; the other half is assets/components/editor/versions.jsx."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec

_Json = dict[str, Any]


def _compared(
    before: rx.Var[_Json],  # noqa: ARG001 - what the panel gives
    after: rx.Var[_Json],  # noqa: ARG001
    diff: rx.Var[_Json],
) -> tuple[rx.Var[list[str]]]:
    # Documents may be larger than a message to the server: it is told which ones they are.
    said = f"[{diff!s}.before.ref, {diff!s}.after.ref].map(String)"
    return (rx.Var(said, _var_type=list[str]),)


class VersionsPanel(rx.Component):
    """Lists, keeps, restores and publishes versions by the REST API.

    Attributes:
        on_compare: told which two were compared, as a list of two references.
        on_restored: told after the draft was made to say what a version says.
        stamp: another value makes it read its list anew.
    """

    library = "$/public/components/editor/versions.jsx"
    tag = "VersionsPanel"
    workflow_id: rx.Var[str]
    may_edit: rx.Var[bool]
    stamp: rx.Var[str]
    on_compare: EventHandler[_compared]  # type: ignore[type-arg, valid-type]
    on_restored: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


versions_panel = VersionsPanel.create
