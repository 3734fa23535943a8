"""Two versions on one canvas beside the list of all; see assets/components/editor/versions-page.jsx."""

import reflex as rx


class VersionsView(rx.Component):
    """Compares, keeps, restores and publishes versions by the REST API.

    No document goes through the state: it may be larger than a message to the server.
    """

    library = "$/public/components/editor/versions-page.jsx"
    tag = "VersionsPage"
    workflow_id: rx.Var[str]
    may_edit: rx.Var[bool]


versions_view = VersionsView.create
