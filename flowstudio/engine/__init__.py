"""How a workflow runs. Pure asyncio; storage, models and network come in through small protocols."""
