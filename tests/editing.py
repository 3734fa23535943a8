"""The editor in a real browser, in a few words."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import Session

from flowstudio.graph.canonical import dump, load
from flowstudio.graph.document import Document, parse_document
from flowstudio.graph.ids import new_id
from flowstudio.store import workflows
from flowstudio.store.tables.projects import MemberRow
from tests.people import project_of
from tests.site import ADMIN, Site


def keep(site: Site, document: dict[str, Any]) -> str:
    """Keep a workflow in the admin's project; gives its id."""
    admin = site.person(ADMIN, "admin")
    parsed, now = parse_document(document), site.parts.clock.now()
    record = site.parts.records.write_now(
        partial(
            workflows.add_workflow,
            body=dump(parsed.dump()),
            project_id=project_of(admin),
            name=parsed.name,
            created_by=admin.id,
            created_at=now,
            updated_at=now,
        )
    )
    return record.id


def kept_document(site: Site, workflow_id: str) -> Document:
    """The workflow as the database has it."""
    found = site.parts.records.read_now(partial(workflows.find_workflow, workflow_id=workflow_id))
    assert found is not None
    return parse_document(load(found.body))


def invite(site: Site, email: str, role: str) -> None:
    """Give somebody a role in the admin's project, unless they have one there."""
    project_id, user_id = project_of(site.person(ADMIN, "admin")), site.person(email).id
    now = site.parts.clock.now()

    def work(session: Session) -> None:
        if session.get(MemberRow, (project_id, user_id)) is None:
            session.add(MemberRow(project_id=project_id, user_id=user_id, role=role, joined_at=now))

    site.parts.records.write_now(work)


@asynccontextmanager
async def tab_of(browser: Browser, site: Site, email: str, path: str) -> AsyncIterator[Page]:
    """A page of somebody else, in a profile of their own."""
    context = await browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    await context.add_cookies(site.cookies(site.sign_in(email, "user")))
    page = await context.new_page()
    await page.goto(path)
    yield page
    await context.close()


_IN_VIEW = """(name) => {
    const found = document.querySelector(`[data-testid="node-${name}"]`);
    const [node, canvas] = [found, document.querySelector(".canvas")].map((each) => each?.getBoundingClientRect());
    return Boolean(node) && node.left >= canvas.left && node.right <= canvas.right
        && node.top >= canvas.top && node.bottom <= canvas.bottom;
}"""


class Editor:
    """One open editor."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, workflow_id: str) -> "Editor":
        """Open a workflow and wait until it can be used."""
        await self.page.goto(f"/workflows/{workflow_id}")
        await expect(self.page.get_by_test_id("workflow-name")).to_be_visible()
        return self

    def node(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"node-{name}").first

    def field(self, path: str) -> Locator:
        return self.page.get_by_test_id("inspector").get_by_test_id(f"field-{path}")

    async def reach(self, name: str) -> None:
        """Bring a node into view whole, as a person does.

        Playwright would scroll the canvas instead, which React Flow scrolls back at once, and might
        click beside.
        """
        if not await self.page.evaluate(_IN_VIEW, name):
            await self.page.get_by_role("button", name="Fit everything").click()
            await self.page.wait_for_function(_IN_VIEW, arg=name)

    async def select(self, name: str) -> None:
        """Click a node's head."""
        await self.reach(name)
        await self.node(name).locator(".flow-title").click()
        await expect(self.page.get_by_test_id("inspector")).to_have_attribute(
            "aria-label", f"Inspector of {name}"
        )

    async def run(self, name: str) -> None:
        """Run one node from the canvas."""
        await self.reach(name)
        await self.page.get_by_test_id(f"node-{name}-run").click()

    async def drop(self, kind: str, x: int, y: int) -> None:
        """Drag a kind of node from the palette to a place on the canvas."""
        await self.page.get_by_test_id(f"palette-{kind}").drag_to(
            self.page.get_by_test_id("canvas"), target_position={"x": x, "y": y}
        )

    async def name(self, new: str) -> None:
        """Give the selected node another name."""
        box = self.page.get_by_test_id("node-name")
        await box.fill(new)
        await box.press("Enter")
        await expect(self.node(new)).to_be_visible()

    async def write(self, path: str, text: str) -> None:
        """Replace what stands in a field of the inspector."""
        box = self.field(path)
        await box.click()
        await box.press("ControlOrMeta+a")
        await self.page.keyboard.insert_text(text)

    async def wire(self, source: str, target: str, port: str = "out") -> None:
        """Draw a wire with the mouse."""
        start = self.node(source).locator(f".react-flow__handle[data-handleid='{port}'].source")
        end = self.node(target).locator(".react-flow__handle.target")
        await start.hover()
        await self.page.mouse.down()
        await end.hover()
        await self.page.mouse.up()

    async def saved(self) -> None:
        """Wait until the server has everything."""
        await expect(self.page.locator("[data-saving]")).to_have_attribute("data-saving", "saved")

    async def stands(self, name: str, state: str) -> None:
        """Wait until a node is in a state."""
        await expect(self.page.get_by_test_id(f"node-{name}-status")).to_have_attribute(
            "data-state", state
        )

    async def ran(self, status: str) -> None:
        """Wait until the run in the drawer is in a state."""
        await expect(self.page.get_by_test_id("run-status")).to_have_attribute("data-state", status)


def shape(document: Document) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    """Names and types of the nodes, and wires by names: what a picture of a workflow says."""
    names = {node.id: node.name for node in document.nodes}
    return (
        {(node.name, node.type) for node in document.nodes},
        {(names[edge.source], edge.source_port, names[edge.target]) for edge in document.edges},
    )


def chain(*texts: str, name: str = "") -> dict[str, Any]:
    """A start and templates in a row, `a`, `b`, …, each reading the one before."""
    names = [chr(ord("a") + index) for index in range(len(texts))]
    nodes: list[dict[str, Any]] = [
        {"id": "start", "type": "start", "name": "start", "position": {"x": 0, "y": 0}}
    ]
    nodes += [
        {
            "id": each,
            "type": "task",
            "name": each,
            "config": {"mode": "template", "text": text},
            "position": {"x": 240 * (index + 1), "y": 0},
        }
        for index, (each, text) in enumerate(zip(names, texts, strict=True))
    ]
    ids: Sequence[str] = ["start", *names]
    edges = [
        {"id": f"{one}-{two}", "source": one, "target": two} for one, two in itertools.pairwise(ids)
    ]
    return {
        "format": "flowstudio/1",
        "name": name or f"Chain {new_id()}",
        "nodes": nodes,
        "edges": edges,
    }
