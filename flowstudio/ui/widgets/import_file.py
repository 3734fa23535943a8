"""A button that takes workflow files; the other half is assets/components/import-file.jsx."""

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec


class ImportFile(rx.Component):
    """Posts files to the REST API, which checks them; their problems stand below the button.

    Files dropped anywhere on the page are taken as well. `folder` is where they go.
    """

    library = "$/public/components/import-file.jsx"
    tag = "ImportFile"
    project_id: rx.Var[str]
    folder: rx.Var[str]
    label: rx.Var[str]
    on_done: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


import_file = ImportFile.create
