"""The editor's page."""

import reflex as rx

from flowstudio.ui.bell import bell
from flowstudio.ui.editor.flow import editor
from flowstudio.ui.editor.node import node_bodies
from flowstudio.ui.editor.state import EditorState
from flowstudio.ui.shell import wide_frame


def editor_page() -> rx.Component:
    """One workflow, to look at, change and run."""
    return wide_frame(
        "workflows",
        editor(bell(), node_types=node_bodies(), on_present=EditorState.present),
    )
