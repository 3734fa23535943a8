"""A button that copies a text; see assets/components/copy-button.jsx."""

import reflex as rx


class CopyButton(rx.Component):
    """Says whether the browser let it.

    Attributes:
        text: what is copied; label: what that is, for whoever does not see it.
    """

    library = "$/public/components/copy-button.jsx"
    tag = "CopyButton"
    text: rx.Var[str]
    label: rx.Var[str]
    test_id: rx.Var[str]


copy_button = CopyButton.create
