"""A stored workflow on a card: its picture, name, state, last run and last change."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

import reflex as rx

from flowstudio.graph.slugs import slug_of
from flowstudio.services.access import Actor
from flowstudio.services.workflows import TRASH_KEPT, WorkflowRecord
from flowstudio.ui.backend import backend
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import LABELS, pill
from flowstudio.ui.widgets.thumbnail import Thumbnail, thumbnail, thumbnail_of

#: Pictures already drawn, and how many nodes the workflow has, by its id and revision.
_drawn: OrderedDict[tuple[str, int], tuple[Thumbnail, int]] = OrderedDict()
_MOST_DRAWN = 2_000


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and where those that bear it are listed."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class WorkflowCard:
    """One workflow in a list; `mark` says how its draft stands to what is published."""

    id: str
    slug: str
    name: str
    href: str
    folder: str
    folder_href: str
    tags: list[Tag] = field(default_factory=list)
    mark: str = ""
    mark_tone: str = ""
    status: str = ""
    status_label: str = ""
    run_href: str = ""
    nodes: str = ""
    changed: str = ""
    picture: Thumbnail = field(default_factory=Thumbnail)
    #: What the menu is told.
    menu: dict[str, str | bool | list[str]] = field(default_factory=dict)


async def cards_of(
    actor: Actor, records: Sequence[WorkflowRecord], now: datetime
) -> list[WorkflowCard]:
    """These workflows as cards, with their last runs."""
    await _draw(actor, records)
    latest = await backend().runs.latest(actor, [record.id for record in records])
    cards = []
    for record in records:
        picture, count = _drawn.get((record.id, record.revision), (Thumbnail(), 0))
        run = latest.get(record.id)
        mark, tone = _mark(record)
        slug = slug_of(record.name)
        cards.append(
            WorkflowCard(
                id=record.id,
                slug=slug,
                name=record.name,
                href=f"/workflows/{record.id}",
                folder=record.folder,
                folder_href=list_href(folder=record.folder),
                tags=[Tag(tag, list_href(tag=tag)) for tag in record.tags],
                mark=mark,
                mark_tone=tone,
                status=run.status if run is not None else "",
                status_label=LABELS.get(run.status, run.status) if run is not None else "",
                run_href=f"/runs/{run.id}" if run is not None else "",
                nodes=words.count(count, "node"),
                changed=_when(record, now),
                picture=picture,
                menu={
                    "id": record.id,
                    "slug": slug,
                    "name": record.name,
                    "folder": record.folder,
                    "tags": list(record.tags),
                    "isTrashed": record.deleted_at is not None,
                },
            )
        )
    return cards


async def _draw(actor: Actor, records: Sequence[WorkflowRecord]) -> None:
    new = [record for record in records if (record.id, record.revision) not in _drawn]
    if not new:
        return
    documents = await backend().studio.workflows.get_many(actor, new)
    for record in new:
        if (document := documents.get(record.id)) is not None:
            drawn = (thumbnail_of(document, backend().registry), len(document.nodes))
            _drawn[record.id, record.revision] = drawn
    while len(_drawn) > _MOST_DRAWN:
        _drawn.popitem(last=False)


def list_href(**query: str) -> str:
    """The address of the list of workflows, limited as the query says."""
    told = {name: value for name, value in query.items() if value}
    return f"/workflows?{urlencode(told)}" if told else "/workflows"


def _mark(record: WorkflowRecord) -> tuple[str, str]:
    if record.published_version is None:
        return "Draft", "plain"
    return ("Live, changed", "stale") if record.is_changed else ("Live", "good")


def _when(record: WorkflowRecord, now: datetime) -> str:
    if record.deleted_at is None:
        return f"changed {words.ago(record.updated_at, now)}"
    left = math.ceil((record.deleted_at + TRASH_KEPT - now) / timedelta(days=1))
    return f"{words.count(max(left, 0), 'day')} left"


def workflow_card(
    card: WorkflowCard, *more: rx.Component, test_id: str, is_link: bool | rx.Var[bool] = True
) -> rx.Component:
    """One card; `more` stands in its corner, such as a menu."""
    name = link(
        card.name, to=card.href, class_name="card-link", custom_attrs={"data-testid": test_id}
    )
    plain = rx.el.span(card.name, custom_attrs={"data-testid": test_id})
    return rx.el.li(
        thumbnail(card.picture),
        rx.el.div(
            rx.el.div(
                rx.el.h2(rx.cond(is_link, name, plain)),
                rx.el.span(card.mark, class_name="tag", custom_attrs={"data-tone": card.mark_tone}),
                class_name="workflow-name",
            ),
            rx.el.div(
                rx.cond(
                    card.folder,
                    link(
                        icon("folder", 12),
                        rx.el.span(card.folder, class_name="chip-name"),
                        to=card.folder_href,
                        class_name="chip",
                        title=card.folder,
                    ),
                ),
                rx.foreach(card.tags, _tag),
                class_name="workflow-tags",
            ),
            rx.el.div(
                rx.cond(
                    card.status,
                    link(
                        pill(card.status, card.status_label),
                        to=card.run_href,
                        aria_label=f"Last run: {card.status_label}",
                    ),
                    rx.el.span("Not run yet"),
                ),
                rx.el.span(f"{card.nodes} · {card.changed}", class_name="workflow-when"),
                class_name="card-foot",
            ),
            class_name="card-body",
        ),
        *more,
        key=card.id,
        class_name="card workflow-card",
    )


def _tag(tag: Tag) -> rx.Component:
    return link(
        rx.el.span(tag.name, class_name="chip-name"),
        to=tag.href,
        class_name="chip",
        title=tag.name,
    )
