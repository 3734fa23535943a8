"""A button that takes a workflow file; the other half is assets/components/import-file.jsx."""

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec


class ImportFile(rx.Component):
    """Posts a file to the REST API, which checks it; its problems stand below the button."""

    library = "$/public/components/import-file.jsx"
    tag = "ImportFile"
    project_id: rx.Var[str]
    label: rx.Var[str]
    on_done: EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


import_file = ImportFile.create
