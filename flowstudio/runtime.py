"""Builds every service of a process once, and takes them down again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from flowstudio.clock import Clock, SystemClock
from flowstudio.engine.contract import NodeType, Subworkflows
from flowstudio.engine.execution import EngineParts
from flowstudio.engine.runner import Engine
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.llm.gateway import Gateway
from flowstudio.nodes.credentials import Credentials
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.nodes.registry import load_registry
from flowstudio.scale.bus import MemoryBus
from flowstudio.scale.owners import Owners
from flowstudio.services.costs import CostService
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.services.runs import RunService
from flowstudio.services.subworkflows import SubworkflowService, WorkflowFinder
from flowstudio.services.templates import TemplateService
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.journal import SqliteJournal
from flowstudio.store.runs import RunStore


@dataclass(frozen=True, slots=True)
class Runtime:
    """The services of one process."""

    settings: Settings
    registry: Mapping[str, NodeType[Any]]
    gateway: Gateway
    templates: TemplateService
    finder: WorkflowFinder
    dispatcher: Dispatcher
    runs: RunService


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
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.callback(database.dispose)
        journal = SqliteJournal(settings.database_path, settings.durability)
        stack.push_async_callback(journal.close)
        owners = Owners(settings.data_dir / "owners")
        stack.callback(owners.close)
        gateway = Gateway(settings, await stack.enter_async_context(httpx.AsyncClient()))
        stack.push_async_callback(gateway.close)
        outgoing = OutgoingHttp(settings)
        stack.push_async_callback(outgoing.close)
        sandbox = Sandbox(kind="run")
        stack.push_async_callback(sandbox.close)
        resources: dict[Any, Any] = {
            Settings: settings,
            Gateway: gateway,
            OutgoingHttp: outgoing,
            Credentials: Credentials(settings),
        }
        bus = MemoryBus()
        parts = EngineParts(journal, bus, sandbox, clock, resources, owners.name)
        table = registry if registry is not None else load_registry()
        engine = Engine(parts, table)
        store = RunStore(database)
        run_parts = RunParts(engine, journal, store, bus, owners, clock)
        dispatcher = Dispatcher(run_parts, settings.max_concurrent_runs)
        templates = TemplateService()
        finder = WorkflowFinder(templates)
        costs = CostService(journal, resources)
        runs = RunService(run_parts, dispatcher, finder, costs, settings.max_cost_usd)
        inner = SubworkflowService(finder, dispatcher, store, journal, runs.create_unchecked)
        resources[Subworkflows] = Subworkflows(inner.run)
        await stack.enter_async_context(dispatcher.open())
        yield Runtime(settings, table, gateway, templates, finder, dispatcher, runs)
