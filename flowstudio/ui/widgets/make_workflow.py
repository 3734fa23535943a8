"""Buttons that make a workflow and open it; the other half is assets/components/make-workflow.jsx."""

import reflex as rx

_MODULE = "$/public/components/make-workflow.jsx"


class NewWorkflow(rx.Component):
    """Makes an empty workflow in a project's folder."""

    library = _MODULE
    tag = "NewWorkflow"
    project_id: rx.Var[str]
    folder: rx.Var[str]
    label: rx.Var[str]


class UseExample(rx.Component):
    """Keeps a copy of an example; `name` says of which."""

    library = _MODULE
    tag = "UseExample"
    project_id: rx.Var[str]
    slug: rx.Var[str]
    name: rx.Var[str]


new_workflow = NewWorkflow.create
use_example = UseExample.create
