"""The page of a workflow's versions."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.versions.state import VersionsState
from flowstudio.ui.versions.view import versions_view
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import missing_workflow, skeleton


def versions_page() -> rx.Component:
    """Two versions on one canvas, what differs, and the list of all."""
    return frame(
        "workflows",
        rx.cond(
            VersionsState.loaded,
            rx.cond(VersionsState.missing, missing_workflow(), _versions()),
            skeleton(40, 320, 320),
        ),
    )


def _versions() -> rx.Component:
    return rx.fragment(
        link(
            icon("arrow-left", 14),
            VersionsState.title,
            to=f"/workflows/{VersionsState.shown_id}",
            class_name="back",
        ),
        heading("Versions"),
        versions_view(workflow_id=VersionsState.shown_id, may_edit=VersionsState.may_edit),
    )
