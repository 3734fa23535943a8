"""Connections that are kept for as long as they last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

#: What a connection that has gone raises; TimeoutError is an OSError, too.
LOST = (psycopg.Error, OSError)

_KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "flowstudio",
}


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection of its own, each statement its own transaction, times in UTC."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, **_KEEPALIVE)
    try:
        await connection.execute("SET TIME ZONE 'UTC'")
        yield connection
    finally:
        await connection.close()
