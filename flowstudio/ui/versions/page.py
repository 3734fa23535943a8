"""The page of a workflow's versions."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.versions.panel import versions_panel
from flowstudio.ui.versions.present import Sheet
from flowstudio.ui.versions.state import VersionsState
from flowstudio.ui.widgets.drawing import picture
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import missing, skeleton


def versions_page() -> rx.Component:
    """Two versions as pictures, and the panel that lists them all."""
    return frame(
        "workflows",
        rx.cond(
            VersionsState.loaded,
            rx.cond(VersionsState.missing, _missing(), _versions()),
            skeleton(40, 320, 320),
        ),
    )


def _versions() -> rx.Component:
    return rx.fragment(
        link(
            icon("arrow-left", 14),
            VersionsState.title,
            to=f"/workflows/{VersionsState.panel_id}",
            class_name="back",
        ),
        heading(
            "Versions",
            "Open a version to see what differs. Restoring one is a change like any other.",
        ),
        rx.el.div(
            rx.el.div(
                rx.cond(
                    VersionsState.is_one,
                    rx.fragment(),
                    _sheet(VersionsState.before, "versions-before", "The earlier graph"),
                ),
                _sheet(VersionsState.after, "versions-after", "The later graph"),
                rx.cond(VersionsState.is_one, rx.fragment(), _legend()),
                class_name="versions-pictures",
                custom_attrs={"data-beside": VersionsState.is_beside},
            ),
            versions_panel(
                workflow_id=VersionsState.panel_id,
                may_edit=VersionsState.may_edit,
                on_compare=VersionsState.compare,
                on_restored=VersionsState.load,
            ),
            class_name="versions-page",
        ),
    )


def _sheet(sheet: Sheet, test_id: str, label: str) -> rx.Component:
    return rx.el.figure(
        rx.el.figcaption(rx.el.strong(sheet.title), rx.el.span(sheet.text, class_name="meta")),
        picture(sheet.drawing, sheet.nodes, sheet.wires, label),
        class_name="card versions-picture",
        custom_attrs={"data-testid": test_id},
    )


def _legend() -> rx.Component:
    return rx.el.p(
        *(
            rx.el.span(
                rx.el.span(sign, class_name="diff-sign", custom_attrs={"data-change": state}),
                state,
            )
            for state, sign in (
                ("added", "+"),
                ("removed", "\N{MINUS SIGN}"),
                ("changed", "±"),
                ("moved", "↔"),
            )
        ),
        class_name="versions-legend",
    )


def _missing() -> rx.Component:
    return missing(
        "There is no such workflow",
        "It may have been removed, or moved to the trash.",
        link("See all workflows", to="/workflows", class_name="button primary"),
    )
