"""What stands in the place of a page whose drawing failed."""

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary  # type: ignore[import-untyped]

_ERROR = "event_args.error"


class Broken(rx.Component):
    """Says that the page broke, with a way on and the details to copy."""

    library = "$/public/components/broken.jsx"
    tag = "Broken"
    error: rx.Var[str]


def error_boundary() -> rx.Component:
    """Catches what pages throw while they are drawn, tells the server, and shows `Broken`."""
    shown = Broken.create(error=rx.Var(_ERROR))
    boundary: rx.Component = ErrorBoundary.create(fallback_render=rx.Var.create(shown))
    return boundary
