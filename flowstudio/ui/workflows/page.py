"""The list of a project's workflows."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.import_file import import_file
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.make_workflow import new_workflow
from flowstudio.ui.widgets.states import empty, gallery_bones
from flowstudio.ui.widgets.workflow_card import WorkflowCard, workflow_card
from flowstudio.ui.workflows.menu import workflow_menu
from flowstudio.ui.workflows.present import Crumb, FolderCard, TagChoice
from flowstudio.ui.workflows.state import WorkflowsState

_ORDERS = (
    ("-updated_at", "Last changed"),
    ("name", "Name"),
    ("-name", "Name, Z to A"),
    ("-created_at", "Newest"),
    ("created_at", "Oldest"),
)


def workflows_page() -> rx.Component:
    """Workflows of the current project: find, open, put in order, take along, delete."""
    return frame(
        "workflows",
        heading(
            rx.cond(WorkflowsState.is_trash, "Trash", "Workflows"),
            rx.cond(
                WorkflowsState.is_trash,
                "What is here is removed for ever 30 days after it was deleted.",
                "What this project runs. Drop a file anywhere to import it.",
            ),
            rx.cond(WorkflowsState.may_make, _makers()),
        ),
        rx.cond(WorkflowsState.loaded, _content(), gallery_bones()),
    )


def _makers() -> rx.Component:
    return rx.fragment(
        import_file(
            project_id=WorkflowsState.project_id,
            folder=WorkflowsState.folder,
            label="Import",
            on_done=WorkflowsState.refresh,
        ),
        new_workflow(project_id=WorkflowsState.project_id, folder=WorkflowsState.folder),
    )


def _content() -> rx.Component:
    return rx.fragment(
        _way(),
        _filters(),
        rx.cond(
            WorkflowsState.has_folders,
            rx.el.ul(
                rx.foreach(WorkflowsState.folders, _folder),
                class_name="folders",
                aria_label="Folders",
            ),
        ),
        rx.cond(
            WorkflowsState.workflows,
            rx.el.ul(
                rx.foreach(WorkflowsState.workflows, _card),
                class_name=rx.cond(
                    WorkflowsState.shape == "list", "workflow-list", "gallery workflow-cards"
                ),
                aria_label="Workflows",
            ),
            _nothing(),
        ),
        rx.cond(
            WorkflowsState.has_more,
            rx.el.button(
                "Show more", on_click=WorkflowsState.show_more, class_name="button spaced"
            ),
        ),
    )


def _way() -> rx.Component:
    return rx.cond(
        WorkflowsState.is_trash,
        link(icon("arrow-left", 14), "All workflows", to="/workflows", class_name="back"),
        rx.cond(
            WorkflowsState.has_crumbs,
            rx.el.div(
                rx.el.nav(
                    rx.el.ol(
                        rx.el.li(link("All workflows", to="/workflows", class_name="text-link")),
                        rx.foreach(WorkflowsState.crumbs, _crumb),
                    ),
                    aria_label="Folder",
                    class_name="crumbs",
                ),
                rx.cond(WorkflowsState.may_make, _move_folder()),
                class_name="way",
            ),
        ),
    )


def _move_folder() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            "Rename or move",
            class_name="button small",
            custom_attrs={"data-testid": "folder-move"},
        ),
        rx.el.div(
            api_form(
                api_field(
                    "after",
                    "Path of this folder",
                    value=WorkflowsState.folder,
                    help="Everything in it moves along. Empty dissolves it.",
                    empty="text",
                ),
                action=f"/api/v1/projects/{WorkflowsState.project_id}/folders/move",
                extra={"before": WorkflowsState.folder},
                submit="Move",
                on_done=rx.redirect("/workflows"),
                submit_test_id="folder-move-submit",
            ),
            class_name="confirm-box",
        ),
        key=WorkflowsState.folder,
        class_name="confirm",
    )


def _trash() -> rx.Component:
    return rx.cond(
        WorkflowsState.is_open,
        link(
            icon("trash-2", 14),
            "Trash",
            to="/workflows?trash=1",
            class_name="text-link way-end",
            custom_attrs={"data-testid": "workflow-trash"},
        ),
    )


def _crumb(crumb: Crumb) -> rx.Component:
    return rx.el.li(
        icon("chevron-right", 13),
        rx.cond(
            crumb.is_last,
            rx.el.span(crumb.name, custom_attrs={"aria-current": "location"}),
            link(crumb.name, to=crumb.href, class_name="text-link"),
        ),
        key=crumb.href,
    )


def _filters() -> rx.Component:
    return rx.cond(
        WorkflowsState.is_empty,
        rx.el.div(_trash(), class_name="way"),
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder="Find by name or tag",
                aria_label="Find workflows",
                default_value=WorkflowsState.search,
                # Anew once what was searched for is known: after a reload, too, it is seen.
                key=f"{WorkflowsState.loaded} {WorkflowsState.cleared}",
                on_change=WorkflowsState.find.debounce(200),
                class_name="input grow",
                custom_attrs={"data-testid": "workflow-search", "data-key": "find"},
            ),
            rx.el.select(
                *(rx.el.option(label, value=value) for value, label in _ORDERS),
                value=WorkflowsState.sort,
                on_change=WorkflowsState.order,
                aria_label="Order",
                class_name="input",
                custom_attrs={"data-testid": "workflow-sort"},
            ),
            rx.el.div(
                _shape("cards", "layout-grid", "Cards"),
                _shape("list", "list", "List"),
                class_name="segments shapes",
                role="group",
                aria_label="Show as",
            ),
            _trash(),
            rx.cond(
                WorkflowsState.has_tags,
                rx.el.div(
                    rx.foreach(WorkflowsState.tags, _tag),
                    class_name="chips",
                    role="group",
                    aria_label="Tags",
                ),
            ),
            class_name="filters shelf",
        ),
    )


def _shape(shape: str, picture: str, label: str) -> rx.Component:
    return rx.el.button(
        icon(picture, 15),
        type="button",
        aria_label=label,
        aria_pressed=WorkflowsState.shape == shape,
        on_click=WorkflowsState.shape_as(shape),
        class_name="segment",
        custom_attrs={"data-testid": f"shape-{shape}"},
    )


def _tag(tag: TagChoice) -> rx.Component:
    return link(
        rx.el.span(tag.name, class_name="chip-name"),
        rx.el.span(tag.count, class_name="chip-count"),
        to=tag.href,
        key=tag.name,
        class_name="chip",
        title=tag.name,
        custom_attrs={"aria-current": rx.cond(tag.is_on, "true", "false")},
    )


def _folder(folder: FolderCard) -> rx.Component:
    return rx.el.li(
        link(
            icon("folder", 17),
            rx.el.span(folder.name, class_name="folder-name"),
            rx.el.span(folder.count, class_name="meta"),
            to=folder.href,
            class_name="card folder",
            custom_attrs={"data-testid": f"folder-{folder.name}"},
        ),
        key=folder.href,
    )


def _card(card: WorkflowCard) -> rx.Component:
    return workflow_card(
        card,
        workflow_menu(
            workflow=card.menu,
            folders=WorkflowsState.all_folders,
            tags=WorkflowsState.all_tags,
            may_edit=WorkflowsState.may_edit,
            on_done=WorkflowsState.refresh,
        ),
        test_id=f"workflow-card-{card.slug}",
        is_link=WorkflowsState.is_open,
    )


def _nothing() -> rx.Component:
    return rx.cond(
        WorkflowsState.is_trash,
        empty("trash-2", "The trash is empty", "What you delete is kept here for 30 days."),
        rx.cond(
            WorkflowsState.is_limited,
            empty(
                "search",
                "No workflow fits",
                "Search for a part of its name or of a tag.",
                rx.el.button("Show all", on_click=WorkflowsState.show_all, class_name="button"),
            ),
            rx.cond(
                WorkflowsState.is_empty,
                empty(
                    "workflow",
                    "What starts your first workflow?",
                    "Begin with an empty one, drop a file here, or take an example and change it.",
                    link("Choose an example", to="/", class_name="button primary"),
                ),
                rx.cond(
                    WorkflowsState.folders,
                    rx.fragment(),
                    empty(
                        "folder",
                        "Nothing is in this folder any more",
                        "A folder is there as long as a workflow is in it.",
                        link("All workflows", to="/workflows", class_name="button"),
                    ),
                ),
            ),
        ),
    )
