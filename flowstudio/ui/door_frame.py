"""The frame around pages for people who are not signed in: the product's mark and one card."""

import reflex as rx

from flowstudio.ui.widgets.icons import icon


def door_frame(
    title: str, lead: str | rx.Component, *content: rx.Component, foot: rx.Component | None = None
) -> rx.Component:
    """A page with one card in its middle.

    Args:
        title: of the card.
        lead: one sentence under it, or "".
        content: of the card.
        foot: what stands under the card, such as the way to another such page.
    """
    return rx.fragment(
        theme_button("icon-button door-theme"),
        rx.el.main(
            rx.el.div(
                rx.el.img(src="/favicon.svg", alt="", width="30", height="30"),
                rx.el.span("FlowStudio"),
                class_name="door-mark",
            ),
            rx.el.section(
                rx.el.h1(title),
                rx.el.p(lead, class_name="lead") if lead else rx.fragment(),
                *content,
                class_name="card door-card",
            ),
            rx.el.p(foot, class_name="door-foot") if foot is not None else rx.fragment(),
            id="main",
            class_name="door",
        ),
    )


def theme_button(class_name: str = "icon-button") -> rx.Component:
    """Switches between light and dark."""
    return rx.el.button(
        rx.el.span(icon("sun", 18), class_name="only-dark"),
        rx.el.span(icon("moon", 18), class_name="only-light"),
        type="button",
        on_click=rx.toggle_color_mode,
        aria_label="Switch light and dark",
        class_name=class_name,
        custom_attrs={"data-testid": "theme-toggle"},
    )
