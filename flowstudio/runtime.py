"""Builds every service of a process once, and takes them down again."""

import gc
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowstudio.clock import Clock, SystemClock
from flowstudio.engine.contract import NodeType, Rates, Subworkflows
from flowstudio.engine.execution import EngineParts
from flowstudio.engine.journal import NewRun
from flowstudio.engine.meter import Meter
from flowstudio.engine.resources import Resources
from flowstudio.engine.runner import Engine
from flowstudio.errors import FlowStudioError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.graph.document import Document
from flowstudio.nodes.registry import load_registry
from flowstudio.scale.links import linked
from flowstudio.services.costs import CostService
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.log_context import note
from flowstudio.services.parts import RunParts
from flowstudio.services.runs import RunService
from flowstudio.services.subworkflows import SubworkflowService, WorkflowFinder
from flowstudio.services.templates import TemplateService
from flowstudio.services.traffic import Traffic
from flowstudio.settings import Settings
from flowstudio.store.database import Database, open_database
from flowstudio.store.journal import StoredJournal
from flowstudio.store.runs import RunStore

if TYPE_CHECKING:
    from flowstudio.llm.gateway import Gateway
    from flowstudio.services.metrics import MetricsService
    from flowstudio.services.previews import PreviewService
    from flowstudio.services.readiness import ReadinessService
    from flowstudio.services.studio import Studio
    from flowstudio.services.tracing import Tracing

log = logging.getLogger(__name__)

_GATEWAY = "flowstudio.llm.gateway:Gateway"
_STUDIO = "flowstudio.services.studio"
_PREVIEWS = "flowstudio.services.previews"
_READINESS = "flowstudio.services.readiness"
_TRACING = "flowstudio.services.tracing"
_METRICS = "flowstudio.services.metrics"
_SECRETS = "flowstudio.nodes.credentials:ProjectSecrets"
_FROM_SETTINGS = (
    _GATEWAY,
    "flowstudio.nodes.outgoing.http:OutgoingHttp",
    "flowstudio.nodes.outgoing.mail:OutgoingMail",
    "flowstudio.nodes.credentials:Credentials",
)


@dataclass(frozen=True)
class Runtime:
    """The services of one process."""

    settings: Settings
    registry: Mapping[str, NodeType[Any]]
    resources: Resources
    templates: TemplateService
    finder: WorkflowFinder
    dispatcher: Dispatcher
    runs: RunService
    database: Database
    clock: Clock
    stack: AsyncExitStack
    parts: RunParts
    meter: Meter
    tracing: "Tracing | None" = None

    @cached_property
    def studio(self) -> "Studio":
        """The services of people, projects and secrets; they load when first asked for.

        Raises:
            SecretKeyError: the secret key is missing or the wrong one.
        """
        studio: Studio = import_module(_STUDIO).open_studio(
            self.settings, self.database, self.clock, self.runs, self.finder, self.registry
        )
        return studio

    @cached_property
    def previews(self) -> "PreviewService":
        """Values of expressions while somebody writes them, in workers that runs do not share."""
        module = import_module(_PREVIEWS)
        # No process is started before the first preview.
        sandbox = Sandbox(kind="preview", limits=module.PREVIEW_LIMITS)
        self.stack.push_async_callback(sandbox.close)
        service: PreviewService = module.PreviewService(self.studio.parts, sandbox, self.registry)
        return service

    @cached_property
    def traffic(self) -> Traffic:
        """What comes through the doors of this process."""
        return Traffic()

    @cached_property
    def readiness(self) -> "ReadinessService":
        """Whether this process can do its work now."""
        service: ReadinessService = import_module(_READINESS).ReadinessService(
            self.studio.parts, self.parts.journal
        )
        return service

    @cached_property
    def metrics(self) -> "MetricsService":
        """What Prometheus reads."""
        service: MetricsService = import_module(_METRICS).MetricsService(
            self.studio.parts, self.parts.journal, self.meter, self.traffic
        )
        return service

    def close(self) -> None:
        """Let go of what was opened when first asked for."""
        if "studio" in self.__dict__:
            self.studio.close()

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return self.settings.database_path

    @property
    def gateway(self) -> "Gateway":
        """The door to every model."""
        gateway: Gateway = self.resources[_GATEWAY]
        return gateway


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    clock: Clock | None = None,
    registry: Mapping[str, NodeType[Any]] | None = None,
) -> AsyncIterator[Runtime]:
    """Open the database and build the services; at the end, leave runs as they are and close.

    Raises:
        JournalError: the database cannot be opened.
    """
    _calm_collector()
    clock = clock or SystemClock()
    table = registry if registry is not None else load_registry()
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        journal = StoredJournal(database, settings.durability)
        stack.push_async_callback(journal.close)
        links = await stack.enter_async_context(linked(settings.data_dir / "owners", database.url))
        bus, owners = links.bus, links.owners
        resources = _offer(settings)
        stack.push_async_callback(_close, resources)
        store = RunStore(database)
        stack.callback(store.close)
        sandbox = await stack.enter_async_context(Sandbox(kind="run"))
        tracing = _trace(settings, owners.name, resources)
        heard = tracing.listen(bus) if tracing is not None else bus
        engine_parts = EngineParts(journal, heard, sandbox, clock, resources, owners.name)
        if tracing is not None:
            engine_parts.left = tracing.left
            stack.callback(tracing.close)
        engine = Engine(engine_parts, table)
        parts = RunParts(engine, journal, store, bus, links.channels, owners, clock)
        dispatcher = Dispatcher(parts, settings.max_concurrent_runs, links.jobs)
        templates = TemplateService()
        finder = WorkflowFinder(templates, lambda *wanted: _find_stored(runtime, *wanted))
        costs = CostService(journal, resources)
        runs = RunService(parts, dispatcher, finder, costs, settings.max_cost_usd)
        if tracing is not None:
            runs.trace, runs.span = tracing.traceparent, tracing.span
        inner = SubworkflowService(parts, finder, dispatcher, runs.create_unchecked)
        resources.offer(_name(Subworkflows), lambda: Subworkflows(inner.run))
        await stack.enter_async_context(dispatcher.open())
        runtime = Runtime(
            settings,
            table,
            resources,
            templates,
            finder,
            dispatcher,
            runs,
            database,
            clock,
            stack,
            parts,
            engine_parts.meter,
            tracing,
        )
        stack.callback(runtime.close)
        engine_parts.follow = partial(_follow, runtime)
        engine_parts.began = partial(_note_run, tracing)
        resources.offer(_SECRETS, partial(_project_secrets, runtime))
        resources.offer(_name(Rates), partial(_rates, runtime))
        yield runtime


@cache
def _calm_collector() -> None:
    # A step makes some fifty objects and no cycles. Collecting every 700 objects, and walking all
    # modules each time, costs a tenth of a run's time and finds nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _project_secrets(runtime: Runtime) -> Any:
    # The studio, and with it the database of credentials, loads when the first step needs one.
    credentials = runtime.studio.credentials
    module, _, name = _SECRETS.partition(":")
    kind = getattr(import_module(module), name)
    return kind(credentials.for_run, credentials.openrouter_key, credentials.openrouter_turn)


def _rates(runtime: Runtime) -> Rates:
    return Rates(runtime.studio.credentials.rates.wait)


def _follow(runtime: Runtime, run_id: str) -> None:
    # The studio loads when the first run of an editor needs it.
    try:
        runtime.studio.drafts.follow(run_id)
    except FlowStudioError as error:
        log.warning("Run %s of the editor is not followed: %s", run_id, error)


def _note_run(tracing: "Tracing | None", run: NewRun) -> None:
    note(run_id=run.id, workflow_id=run.workflow_id)
    if tracing is not None:
        tracing.began(run)


def _trace(settings: Settings, owner: str, resources: Resources) -> "Tracing | None":
    if not settings.otel_endpoint:
        return None
    tracing: Tracing = import_module(_TRACING).Tracing(settings, owner)
    resources.offer(_GATEWAY, tracing.gateway)
    return tracing


def _find_stored(runtime: Runtime, project_id: str, reference: str) -> Document | None:
    document: Document | None = runtime.studio.workflows.find_document(project_id, reference)
    return document


def _offer(settings: Settings) -> Resources:
    resources = Resources()
    resources.offer(_name(Settings), lambda: settings)
    for name in _FROM_SETTINGS:
        resources.offer(name, partial(_make, name, settings))
    return resources


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _make(name: str, settings: Settings) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)(settings)


async def _close(resources: Resources) -> None:
    for service in resources.made:
        close = getattr(service, "close", None)
        if close is not None:
            await close()
