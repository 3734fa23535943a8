"""The frame around every page: rail, top bar, palette, connection notice."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors  # type: ignore[import-untyped]

from flowstudio.ui.account_menu import account_menu, project_switcher
from flowstudio.ui.backend import backend
from flowstudio.ui.bell import bell
from flowstudio.ui.current_project import ProjectState
from flowstudio.ui.door_frame import theme_button
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.nav import PLACES, Place
from flowstudio.ui.palette import palette, rail_toggle, skip_link
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import skeleton


class ShellState(rx.State):
    """What the frame shows on every page.

    Attributes:
        examples: one palette command for each example workflow.
        notice: why only the built-in model answers, or "".
    """

    examples: list[dict[str, str]] = []
    notice: str = ""

    @guarded("template.read")
    async def load(self) -> None:
        """Fill the palette and the notice."""
        templates = backend().templates.list(current_actor(self))
        self.examples = [
            {"label": item.document.name, "group": "Example", "href": f"/w/{item.slug}"}
            for item in templates
        ]
        self.notice = backend().gateway.notice() or ""


def frame(here: str, *content: rx.Component) -> rx.Component:
    """A page in the frame.

    Args:
        here: name of the place that is marked in the rail.
        content: of the main region.
    """
    return rx.fragment(
        skip_link(),
        _rail(here),
        _top_bar(),
        rx.el.main(*content, id="main", class_name="main", tab_index=-1),
        _connection(),
    )


def wide_frame(here: str, content: rx.Component) -> rx.Component:
    """A page that has a bar of its own and fills the window; the palette opens by its keys."""
    return rx.fragment(
        skip_link(),
        _rail(here),
        rx.el.div(
            palette(ShellState.examples, ProjectState.is_admin, in_editor=True),
            class_name="palette-only",
        ),
        rx.el.main(content, id="main", class_name="main-wide", tab_index=-1),
        _connection(),
    )


def blank_frame() -> rx.Component:
    """The frame before the page's own code has been loaded, so that nothing jumps into place."""
    return rx.fragment(
        rx.el.div(class_name="rail", aria_hidden="true"),
        rx.el.div(class_name="bar", aria_hidden="true"),
        rx.el.main(skeleton(40, 180, 90, 90), class_name="main"),
    )


def heading(title: str, text: str = "", *actions: rx.Component) -> rx.Component:
    """A page's title, a line under it, and what can be done there."""
    return rx.el.header(
        rx.el.div(
            rx.el.h1(title),
            rx.cond(text, rx.el.p(text, class_name="lead")),
        ),
        rx.el.div(*actions, class_name="actions"),
        class_name="heading",
    )


def _rail(here: str) -> rx.Component:
    return rx.el.nav(
        link(
            _mark(),
            rx.el.span("FlowStudio", class_name="rail-label"),
            to="/",
            aria_label="FlowStudio, home",
            class_name="brand",
        ),
        *(
            rx.cond(ProjectState.is_admin, _rail_item(place, here))
            if place.is_for_admins
            else _rail_item(place, here)
            for place in PLACES
        ),
        rail_toggle(icon("panel-left", 18), rx.el.span("Hide labels", class_name="rail-label")),
        class_name="rail",
        aria_label="Pages",
    )


def _mark() -> rx.Component:
    """favicon.svg as part of the page: a picture by itself takes the browser longer to open."""
    # Attributes rather than styles, which would be worked out for each one.
    line = {"fill": "none", "stroke": "#fff", "strokeWidth": 3, "strokeLinecap": "round"}
    return rx.el.svg(
        rx.el.rect(width="32", height="32", rx="8", custom_attrs={"fill": "#1d1c1a"}),
        rx.el.path(d="M9 11h9a5 5 0 0 1 0 10h-5", custom_attrs=line),
        rx.el.circle(cx="10", cy="21", r="2.6", custom_attrs={"fill": "#f08a3c"}),
        view_box="0 0 32 32",
        width="26",
        height="26",
        aria_hidden=True,
    )


def _rail_item(place: Place, here: str) -> rx.Component:
    attributes = {"data-testid": f"nav-{place.name}", "data-tip": place.label}
    if place.name == here:
        attributes["aria-current"] = "page"
    return link(
        icon(place.icon, 18),
        rx.el.span(place.label, class_name="rail-label"),
        to=place.href,
        class_name="rail-item",
        custom_attrs=attributes,
    )


def _top_bar() -> rx.Component:
    return rx.el.header(
        project_switcher(),
        palette(ShellState.examples, ProjectState.is_admin),
        rx.el.div(theme_button(), bell(), account_menu(), class_name="bar-end"),
        class_name="bar",
    )


def _connection() -> rx.Component:
    return rx.cond(
        has_connection_errors,
        rx.el.div(
            icon("wifi-off", 14),
            "The server does not answer. Runs go on without this page; it reconnects by itself.",
            role="alert",
            class_name="offline",
        ),
    )
