"""The state of a run or step, as a word, an icon and a colour."""

import reflex as rx

from flowstudio.ui.widgets.icons import status_icon

LABELS = {
    "idle": "Not started",
    "queued": "Queued",
    "running": "Running",
    "waiting": "Waits for a person",
    "sleeping": "Waits",
    "paused": "Paused",
    "succeeded": "Succeeded",
    "cached": "Cached",
    "failed": "Failed",
    "skipped": "Skipped",
    "cancelled": "Cancelled",
}


def pill(status: str, label: str, test_id: str = "") -> rx.Component:
    """A pill that carries the state in `data-state`, for styles and tests alike."""
    return rx.el.span(
        status_icon(status),
        label,
        class_name="pill",
        custom_attrs={"data-state": status, "data-testid": test_id},
    )
