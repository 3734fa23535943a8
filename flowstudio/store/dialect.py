"""What SQLite and PostgreSQL say differently, so that each statement is written once."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, Text
from sqlmodel import Session

#: A text within a statement, a place for a value, or what psycopg would take for one.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\?|%")
_MANY = ("json_each(", " INDEXED BY ")
#: A JSON list of texts. PostgreSQL takes the list itself: of one within a text it does not know how
#: long it is, and reads the whole table for five rows of it.
_AMONG = r"IN \(SELECT value FROM json_each\(\?\)\)"
_PLACE = re.compile(rf"'(?:[^']|'')*'|{_AMONG}|\?")
_WORDS = (
    (re.compile(_AMONG), "= ANY(?)"),
    (re.compile(r"json_extract\(([\w.]+), '\$\.(\w+)'\)"), r"(CAST(\1 AS json) ->> '\2')"),
    (re.compile(r"COLLATE BINARY"), 'COLLATE "C"'),
    # SQLite's LIKE knows no difference between a and A.
    (re.compile(r"LIKE \? ESCAPE"), "ILIKE ? ESCAPE"),
    # SQLite knows nothing of how often a value occurs; PostgreSQL chooses by itself.
    (re.compile(r" (?:NOT INDEXED|INDEXED BY \w+)"), ""),
)


@lru_cache(maxsize=1024)
def for_psycopg(statement: str) -> bytes:
    """A statement written by hand for `sqlite3`, as psycopg takes it."""
    for pattern, words in _WORDS:
        statement = pattern.sub(words, statement)
    return _TOKEN.sub(_token, statement).encode()


def values_for_psycopg(statement: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values of such a statement: its JSON lists as lists."""
    lists = _lists_in(statement)
    if not lists:
        return values
    return [json.loads(value) if at in lists else value for at, value in enumerate(values)]


@lru_cache(maxsize=1024)
def _lists_in(statement: str) -> frozenset[int]:
    places = [found[0] for found in _PLACE.finditer(statement) if not found[0].startswith("'")]
    return frozenset(at for at, place in enumerate(places) if place != "?")


@lru_cache(maxsize=1024)
def is_planned_anew(statement: str) -> bool:
    """Whether PostgreSQL should plan it each time: what finds many rows, by what there is by then.

    A plan that is kept may have been made when the tables were all but empty, and any would do.
    """
    return statement.startswith("SELECT") or any(mark in statement for mark in _MANY)


def _token(found: re.Match[str]) -> str:
    text = found[0]
    return "%s" if text == "?" else text.replace("%", "%%")


def is_postgres(session: Session) -> bool:
    """Whether the session is with PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


class json_items(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """The items of a JSON list of texts, as a table with the column `value`."""

    type = Text()
    inherit_cache = True


class has_bytes(FunctionElement[bool]):  # noqa: N801 - a function of SQL
    """Whether the second of two byte strings occurs in the first."""

    type = Boolean()
    inherit_cache = True


@compiles(json_items)
def _sqlite_items(element: json_items, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(json_items, "postgresql")
def _postgres_items(element: json_items, compiler: SQLCompiler, **how: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **how)} AS jsonb))"


@compiles(has_bytes)
def _sqlite_has(element: has_bytes, compiler: SQLCompiler, **how: Any) -> str:
    return f"instr({compiler.process(element.clauses, **how)}) > 0"


@compiles(has_bytes, "postgresql")
def _postgres_has(element: has_bytes, compiler: SQLCompiler, **how: Any) -> str:
    text, part = (compiler.process(clause, **how) for clause in element.clauses)
    return f"position({part} IN {text}) > 0"
