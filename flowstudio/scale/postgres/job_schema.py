"""Procrastinate's tables, in a schema of their own: made at the first start, and brought up to date.

They are not part of this program's migrations, since they change with that package's version. Its
own migration files say what came after the version that made them.
"""

from importlib import resources
from typing import Any, LiteralString

import psycopg
from psycopg import sql

SCHEMA = "procrastinate"
#: "fsjo": one process at a time.
_LOCK = 0x66736A6F
_APPLIED = sql.SQL(
    "CREATE TABLE IF NOT EXISTS applied "
    "(name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
)


async def prepare(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make the tables, or apply the migrations they lack."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA))
        )
        await use(connection)
        cursor = await connection.execute("SELECT to_regclass('applied')")
        is_new = (await cursor.fetchone() or (None,))[0] is None
        await connection.execute(_APPLIED)
        if is_new:
            await connection.execute(sql.SQL(_text("schema.sql")))
        applied = await (await connection.execute("SELECT name FROM applied")).fetchall()
        lacking = [name for name in _migrations() if (name,) not in applied]
        for name in lacking:
            if not is_new:
                await connection.execute(sql.SQL(_text(f"migrations/{name}")))
            await connection.execute("INSERT INTO applied (name) VALUES (%s)", (name,))


async def use(connection: psycopg.AsyncConnection[Any]) -> None:
    """Have a connection find these tables."""
    await connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(SCHEMA)))


def _migrations() -> list[str]:
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".sql"))


def _text(path: str) -> LiteralString:
    file = resources.files("procrastinate.sql") / path
    return file.read_text(encoding="utf-8")
