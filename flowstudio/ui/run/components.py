"""The parts of the run's page that are drawn by the browser; see assets/components/run/."""

import reflex as rx
from reflex.event import EventHandler

from flowstudio.ui.packages import MARKDOWN_PACKAGES


def _path(path: rx.Var[str]) -> tuple[rx.Var[str]]:
    return (path,)


def _path_and_rows(path: rx.Var[str], rows: rx.Var[int]) -> tuple[rx.Var[str], rx.Var[int]]:
    return (path, rows)


def _nothing() -> tuple[()]:
    return ()


class RunArrived(rx.Component):
    """Its children, once the browser has been sent what is drawn of the run; till then, bones."""

    library = "$/public/components/run/arrived.jsx"
    tag = "RunArrived"


class RunPicture(rx.Component):
    """The graph, each node with its state."""

    library = "$/public/components/run/picture.jsx"
    tag = "RunPicture"
    selected: rx.Var[str]
    on_select: EventHandler[_path]  # type: ignore[type-arg, valid-type]


class RunTimeline(rx.Component):
    """Bars by step over time."""

    library = "$/public/components/run/timeline.jsx"
    tag = "RunTimeline"
    selected: rx.Var[str]
    on_select: EventHandler[_path]  # type: ignore[type-arg, valid-type]
    on_open: EventHandler[_path_and_rows]  # type: ignore[type-arg, valid-type]


class RunSteps(rx.Component):
    """A card for each node with what it gave last."""

    library = "$/public/components/run/steps.jsx"
    tag = "RunSteps"
    lib_dependencies: list[str] = list(MARKDOWN_PACKAGES)
    selected: rx.Var[str]
    on_select: EventHandler[_path]  # type: ignore[type-arg, valid-type]
    on_more: EventHandler[_nothing]  # type: ignore[type-arg, valid-type]


class StepDetails(rx.Component):
    """Everything of the selected step."""

    library = "$/public/components/run/detail.jsx"
    tag = "StepDetails"
    lib_dependencies: list[str] = list(MARKDOWN_PACKAGES)
    run: rx.Var[str]
    on_close: EventHandler[_nothing]  # type: ignore[type-arg, valid-type]
    on_rerun: EventHandler[_path]  # type: ignore[type-arg, valid-type]


class RunLog(rx.Component):
    """What happened, line by line."""

    library = "$/public/components/run/log.jsx"
    tag = "RunLog"
    selected: rx.Var[str]
    on_earlier: EventHandler[_nothing]  # type: ignore[type-arg, valid-type]


run_arrived = RunArrived.create
run_picture = RunPicture.create
run_timeline = RunTimeline.create
run_steps = RunSteps.create
step_details = StepDetails.create
run_log = RunLog.create
