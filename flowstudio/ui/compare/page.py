"""The page that compares two runs."""

from typing import Any

import reflex as rx

from flowstudio.ui.compare.present import Cell, Figure, Head, PairRow, Sheet
from flowstudio.ui.compare.state import CompareState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import missing, skeleton


class DiffLines(rx.Component):
    """Lines that were added and removed."""

    library = "$/public/components/run/diff.jsx"
    tag = "DiffLines"
    name: rx.Var[str]
    label: rx.Var[str]


diff_lines = DiffLines.create


def compare_page() -> rx.Component:
    """Two runs: figures, changes of the workflow, inputs and outputs, and each step."""
    return frame(
        "runs",
        rx.cond(
            CompareState.loaded,
            rx.cond(CompareState.missing, _missing(), _comparison()),
            skeleton(40, 120, 90, 90),
        ),
    )


def _comparison() -> rx.Component:
    found = CompareState.sheet
    return rx.fragment(
        link(icon("arrow-left", 14), "Runs", to="/runs", class_name="back"),
        heading("Compare two runs"),
        rx.el.div(
            _head("First", found.before),
            icon("arrow-right", 18),
            _head("Second", found.after),
            class_name="compare-heads",
        ),
        rx.el.div(
            rx.foreach(found.figures, _figure),
            class_name="compare-figures",
            custom_attrs={"data-testid": "compare-figures"},
        ),
        _section(
            "Workflow",
            rx.cond(
                ~found.has_one_workflow,
                _same("These are runs of two workflows. Only what has the same name is compared."),
                _changes(found),
            ),
        ),
        _section(
            "Inputs",
            rx.cond(
                CompareState.has_inputs,
                diff_lines(name="diff:inputs", label="Changed inputs"),
                _same("Both were given the same."),
            ),
        ),
        _section(
            "Outputs",
            rx.cond(
                CompareState.has_outputs,
                diff_lines(name="diff:outputs", label="Changed outputs"),
                _same("Both came to the same."),
            ),
        ),
        _steps(),
    )


def _changes(found: Sheet) -> rx.Component:
    return rx.cond(
        found.changes,
        rx.el.ul(
            rx.foreach(found.changes, rx.el.li),
            class_name="change-list",
            custom_attrs={"data-testid": "compare-document"},
        ),
        _same("Both ran the same workflow, unchanged."),
    )


def _head(word: str, head: Head) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.span(word, class_name="meta"),
            pill(head.status, head.label),
            class_name="compare-line",
        ),
        link(head.workflow, to=head.href, class_name="row-title"),
        rx.el.div(head.when, class_name="meta"),
        rx.cond(head.error, rx.el.p(head.error, class_name="row-error")),
        class_name="card padded compare-head",
    )


def _figure(figure: Figure) -> rx.Component:
    return rx.el.div(
        rx.el.span(figure.name, class_name="meta"),
        rx.el.span(
            figure.before,
            rx.el.span("→", class_name="faint", aria_label="then"),
            rx.el.strong(figure.after),
            class_name="compare-values",
        ),
        rx.cond(
            figure.change,
            rx.el.span(figure.change, class_name="tag", custom_attrs={"data-tone": figure.tone}),
        ),
        class_name="card compare-figure",
    )


def _section(title: str, content: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h2(title), content, class_name="compare-section")


def _same(text: str) -> rx.Component:
    return rx.el.p(icon("equal", 14), text, class_name="compare-same")


def _steps() -> rx.Component:
    found = CompareState.sheet
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Steps"),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    checked=CompareState.only_changed,
                    on_change=CompareState.show_changed,
                    class_name="switch",
                ),
                "Only what differs",
                class_name="switch-line",
            ),
            class_name="section-head",
        ),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        *(
                            rx.el.th(head, scope="col")
                            for head in ("Step", "First", "Second", "Differs")
                        )
                    )
                ),
                rx.el.tbody(rx.foreach(found.rows, _row)),
                class_name="compare-steps",
            ),
            class_name="card table-card",
        ),
        rx.cond(
            found.left_out > 0,
            rx.el.p(f"{found.left_out} more steps are alike in both.", class_name="faint"),
        ),
        class_name="compare-section",
    )


def _row(row: PairRow) -> rx.Component:
    opened: Any = CompareState.opened
    is_open = opened.contains(row.name)
    return rx.cond(
        CompareState.only_changed & ~row.differs,
        rx.fragment(),
        rx.fragment(
            rx.el.tr(
                rx.el.th(row.name, scope="row"),
                rx.el.td(_cell(row.before)),
                rx.el.td(_cell(row.after)),
                rx.el.td(
                    rx.cond(
                        row.differs,
                        rx.el.button(
                            rx.cond(is_open, icon("chevron-down", 13), icon("chevron-right", 13)),
                            row.word,
                            type="button",
                            on_click=CompareState.open_step(row.name, row.path),
                            class_name="button small",
                            custom_attrs={
                                "aria-expanded": rx.cond(is_open, "true", "false"),
                                "data-testid": f"compare-open-{row.name}",
                            },
                        ),
                        rx.el.span("same", class_name="faint"),
                    )
                ),
                custom_attrs={
                    "data-differs": rx.cond(row.differs, "true", "false"),
                    "data-testid": f"compare-{row.name}",
                },
            ),
            rx.cond(
                is_open,
                rx.el.tr(
                    rx.el.td(
                        rx.el.p("What it read, at ", rx.el.code(row.path), class_name="meta"),
                        diff_lines(name=f"diff:in:{row.name}", label="Changed input"),
                        rx.el.p("What it gave", class_name="meta"),
                        diff_lines(name=f"diff:out:{row.name}", label="Changed output"),
                        col_span=4,
                    ),
                    class_name="compare-open",
                ),
            ),
            key=row.name,
        ),
    )


def _cell(cell: Cell) -> rx.Component:
    return rx.cond(
        cell.status,
        rx.el.div(
            pill(cell.status, cell.label),
            rx.el.span(cell.took, class_name="number"),
            rx.cond(cell.cost, rx.el.span(cell.cost, class_name="number")),
            rx.cond(cell.tokens, rx.el.span(cell.tokens, class_name="number faint")),
            rx.cond(cell.times, rx.el.span(cell.times, class_name="number faint")),
            class_name="compare-cell",
        ),
        rx.el.span(cell.label, class_name="faint"),
    )


def _missing() -> rx.Component:
    return missing(
        "These runs cannot be compared",
        "One of them is not there. Select two runs in the list, then press Compare.",
        link("See all runs", to="/runs", class_name="button primary"),
    )
