"""Entries of the audit log as a table."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from flowstudio.ui.widgets import words

_HEADS = ("When", "Who", "What", "To", "From")


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry."""

    seq: str
    when: str
    actor: str
    verb: str
    object: str
    address: str


def entry_line(entry: Any) -> EntryLine:
    """An entry as a row of the table."""
    return EntryLine(
        seq=str(entry.seq),
        when=words.moment(entry.at),
        actor=entry.actor,
        verb=entry.verb,
        object=f"{entry.kind} {_brief(entry.object_id)}".strip(),
        address=entry.address,
    )


def _brief(object_id: str) -> str:
    """The end of a long id: its beginning is a time, which its neighbours share."""
    return f"…{object_id[-8:]}" if len(object_id) > 12 else object_id


def log_table(entries: list[EntryLine], nothing: str) -> rx.Component:
    """The entries, or a line that says there is none."""
    return rx.el.div(
        rx.cond(
            entries,
            rx.el.table(
                rx.el.thead(rx.el.tr(*(rx.el.th(head, scope="col") for head in _HEADS))),
                rx.el.tbody(rx.foreach(entries, _entry)),
                class_name="log",
            ),
            rx.el.p(nothing, class_name="faint padded"),
        ),
        class_name="card table-card",
        tab_index=0,
        role="region",
        aria_label="Audit log",
    )


def _entry(entry: EntryLine) -> rx.Component:
    return rx.el.tr(
        rx.el.td(entry.when, class_name="number"),
        rx.el.td(entry.actor),
        rx.el.td(rx.el.code(entry.verb)),
        rx.el.td(entry.object),
        rx.el.td(entry.address, class_name="number"),
        key=entry.seq,
        custom_attrs={"data-testid": "log-row"},
    )
