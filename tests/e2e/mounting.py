"""Parts of the page by themselves: bundled as the page is, mounted in a real browser, on a real server."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, Route

from flowstudio.nodes.registry import load_registry

ROOT = Path(__file__).parents[2]
ADDRESS = "/forms/"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
SCHEMAS = {name: each.config_schema for name, each in load_registry().items()}


def bundle(folder: Path) -> Path:
    """Bundle tests/e2e/forms with the packages the page was built with; gives where it lies."""
    source = folder / "forms"
    shutil.copytree(Path(__file__).parent / "forms", source)
    shutil.copytree(ROOT / "assets" / "components", source / "components")
    (source / "node_modules").symlink_to(ROOT / ".web" / "node_modules")
    node = Path(sys.executable).parent / "node"
    vite = source / "node_modules" / "vite" / "bin" / "vite.js"
    done = subprocess.run(
        [node, vite, "build"], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return source / "dist"


async def serve_bundle(context: BrowserContext, bundled: Path, policy: str) -> None:
    """Answer for the bundle under the site's own address, with its Content-Security-Policy."""

    async def answer(route: Route) -> None:
        name = route.request.url.partition(ADDRESS)[2].partition("?")[0] or "index.html"
        file = bundled / name
        await route.fulfill(
            body=file.read_bytes(),
            content_type=_TYPES[file.suffix],
            headers={"content-security-policy": policy},
        )

    await context.route(f"**{ADDRESS}**", answer)


def form(kind: str, mode: str | None = None, /, **more: Any) -> dict[str, Any]:
    """A form of a node type for `showForms`; `config`, `problems`, `context` and the rest as given."""
    config = ({"mode": mode} if mode else {}) | more.pop("config", {})
    node = {"id": "n", "type": kind, "name": kind, "config": config} | more.pop("node", {})
    key = more.pop("key", f"{kind}-{mode}" if mode else kind)
    return {"key": key, "schema": SCHEMAS[kind], "node": node, **more}


def every_form() -> list[dict[str, Any]]:
    """One form for every mode of every type."""
    forms = []
    for kind, schema in SCHEMAS.items():
        modes = schema.get("discriminator", {}).get("mapping", {None: ""})
        forms += [form(kind, mode) for mode in modes]
    return forms


async def show(page: Page, *forms: dict[str, Any], theme: str = "light") -> None:
    """Open the page of forms and draw these."""
    await page.emulate_media(color_scheme=theme)
    await page.goto(ADDRESS)
    await page.evaluate(
        "theme => document.documentElement.classList.toggle('dark', theme === 'dark')", theme
    )
    await page.evaluate("forms => showForms(forms)", list(forms))


async def show_values(page: Page, values: dict[str, Any], theme: str = "light") -> None:
    """Open the page of values and draw these."""
    await page.emulate_media(color_scheme=theme)
    await page.goto(ADDRESS)
    await page.evaluate(
        "theme => document.documentElement.classList.toggle('dark', theme === 'dark')", theme
    )
    await page.evaluate("values => showValues(values)", values)


async def config(page: Page, key: str) -> Any:
    """What the form of that key has made of its config."""
    return await page.evaluate("key => nodes[key].config", key)
