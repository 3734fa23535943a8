"""A workflow in the editor, for tests."""

from flowstudio.services.drafts import Ask
from tests.running import ended


def changed(document, name, **config):
    """The document with another config of one node."""
    nodes = [
        one.model_copy(update={"config": config}) if one.name == name else one
        for one in document.nodes
    ]
    return document.model_copy(update={"nodes": nodes})


class Editor:
    """One workflow in the hands of one person."""

    def __init__(self, runtime, owner, workflow_id):
        self.runtime, self.owner, self.id = runtime, owner, workflow_id
        self.drafts = runtime.studio.drafts

    async def run(self, *targets, mode="cells", **more):
        started = await self.drafts.run(self.owner, self.id, Ask(mode, targets, **more))
        if started.run_id is not None:
            self.told = await ended(self.runtime, started.run_id)
        return started

    async def auto(self):
        started = await self.drafts.auto(self.owner, self.id)
        if started.run_id is not None:
            self.told = await ended(self.runtime, started.run_id)
        return started

    async def change(self, document):
        current = await self.runtime.studio.workflows.get(self.owner, self.id)
        await self.runtime.studio.workflows.replace(
            self.owner, self.id, document, current.record.revision
        )

    async def view(self):
        return await self.drafts.view(self.owner, self.id)

    async def states(self):
        marks = (await self.view())["marks"]
        return {
            name: mark["state"] + (f"({mark['reason']})" if mark["reason"] else "")
            for name, mark in marks.items()
        }

    async def output(self, name, which="output"):
        return await self.drafts.output(self.owner, self.id, name, which)
