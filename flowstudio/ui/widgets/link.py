"""Links that change the page without loading it anew."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink  # type: ignore[import-untyped]


def link(*children: rx.Component | str, to: str, **props: Any) -> rx.Component:
    """A link to another page of the app."""
    return ReactRouterLink.create(*children, to=to, **props)
