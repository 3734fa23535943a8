"""The menu of a workflow in the list; the other half is assets/components/workflow-menu.jsx."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec


class WorkflowMenu(rx.Component):
    """Renames, tags, moves, copies, exports and deletes by the REST API.

    Attributes:
        workflow: `id`, `slug`, `name`, `folder`, `tags` and `isTrashed`.
        folders, tags: those there are, to choose from.
        on_done: told after something was done.
    """

    library = "$/public/components/workflow-menu.jsx"
    tag = "WorkflowMenu"
    workflow: rx.Var[dict[str, Any]]
    folders: rx.Var[list[str]]
    tags: rx.Var[list[str]]
    may_edit: rx.Var[bool]
    on_done: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


workflow_menu = WorkflowMenu.create
