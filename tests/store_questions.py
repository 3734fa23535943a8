"""Asking a PostgreSQL database what stands in it, beside the program."""

from typing import Any

import psycopg


def ask_database(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]
