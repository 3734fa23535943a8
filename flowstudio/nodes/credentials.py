"""Credentials as nodes use them: by id, from the project of the run, or from the settings."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.errors import InvalidInputError, StepError
from flowstudio.graph.fields import schema_of
from flowstudio.graph.form_faults import describe
from flowstudio.graph.references import Path
from flowstudio.nodes.credential_kinds import (
    BasicCredential,
    BearerCredential,
    Credential,
    HeaderCredential,
    HttpCredential,
    SmtpCredential,
)
from flowstudio.nodes.outgoing.urls import check_headers
from flowstudio.settings import Settings

SETTING = "FLOWSTUDIO_CREDENTIALS"

_Any = Annotated[
    HeaderCredential | BasicCredential | BearerCredential | SmtpCredential,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[Credential] = TypeAdapter(_Any)


@dataclass(frozen=True, slots=True)
class NamesCredential:
    """Marks a config field that holds the id of a credential."""


#: For config fields; empty means none.
CredentialId = Annotated[str, NamesCredential(), schema_of("credential")]


@dataclass(frozen=True, slots=True)
class ProjectSecrets:
    """The secrets that projects keep; the process offers it to nodes as a resource.

    Attributes:
        find: a credential by the id of its project and its own. Raises StepError: that project has
            none of this id, or it does not open.
        openrouter_key: the key a project's model calls are made with, or None if it has none of
            its own. Raises StepError: it does not open.
        openrouter_turn: returns when that key may be used once more.
    """

    find: Callable[[str, str], Awaitable[Credential]]
    openrouter_key: Callable[[str], Awaitable[str | None]]
    openrouter_turn: Callable[[str], Awaitable[None]]


async def find_credential(credential_id: str, context: NodeContext) -> Credential:
    """The credential a node names: one of the run's project, whoever started the run.

    Only what this machine runs by itself, for no project, uses those of the settings, which belong
    to the operator.

    Raises:
        StepError: there is none.
    """
    if context.run.project_id:
        return await context.resource(ProjectSecrets).find(context.run.project_id, credential_id)
    return await context.resource(Credentials).get(credential_id)


def credential_ids(config: BaseModel) -> Iterator[tuple[Path, str]]:
    """The ids of credentials in a checked config, each with its place."""
    for name, field in type(config).model_fields.items():
        is_marked = any(map(_is_mark, field.metadata)) or _holds_mark(field.annotation)
        yield from _ids_in(getattr(config, name), (field.alias or name,), is_marked=is_marked)


def _ids_in(value: Any, path: Path, *, is_marked: bool) -> Iterator[tuple[Path, str]]:
    if isinstance(value, BaseModel):
        for inner, found in credential_ids(value):
            yield (*path, *inner), found
    elif isinstance(value, str):
        if is_marked and value:
            yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _ids_in(child, (*path, key), is_marked=is_marked)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _ids_in(child, (*path, index), is_marked=is_marked)


def credential_ids_in_raw(kind: NodeType[Any], raw: Any) -> Iterator[tuple[Path, str]]:
    """The same for a config that does not check, by the JSON Schema of its type."""
    names = _settings_of(kind)
    pending: list[tuple[Path, Any]] = [((), raw)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str) and value and not names.isdisjoint(path):
            yield path, value
        elif isinstance(value, dict):
            pending += [((*path, key), child) for key, child in value.items()]
        elif isinstance(value, list):
            pending += [((*path, index), child) for index, child in enumerate(value)]


@lru_cache(maxsize=500)
def _settings_of(kind: NodeType[Any]) -> frozenset[str]:
    return frozenset(_names_in(kind.config_schema))


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            if '"format": "credential"' in json.dumps(child):
                yield name
    if isinstance(schema, dict | list):
        for child in schema.values() if isinstance(schema, dict) else schema:
            yield from _names_in(child)


def _holds_mark(annotation: Any) -> bool:
    return any(_is_mark(part) or _holds_mark(part) for part in get_args(annotation))


def _is_mark(part: Any) -> bool:
    return isinstance(part, NamesCredential)


class Credentials:
    """The credentials nodes may name; the process offers it to them as a resource."""

    def __init__(self, settings: Settings) -> None:
        """Read `settings.credentials`.

        Raises:
            InvalidInputError: with every problem, and without the secrets.
        """
        self._by_id = _read(settings.credentials.get_secret_value())

    async def get(self, credential_id: str) -> Credential:
        """A credential by its id.

        Raises:
            StepError: there is none.
        """
        try:
            return self._by_id[credential_id]
        except KeyError:
            raise StepError(
                f"Credential {credential_id!r} does not exist. Pick another one in the node's "
                f"settings, or add it to {SETTING}.",
                retryable=False,
            ) from None


def _read(text: str) -> dict[str, Credential]:
    if not text.strip():
        return {}
    try:
        raw = json.loads(text)
    except ValueError:
        # The parser's own message and cause could quote a secret.
        raise InvalidInputError([f"{SETTING} is not valid JSON."]) from None
    if not isinstance(raw, dict):
        raise InvalidInputError([f"{SETTING} is not a JSON object of name to credential."])
    found: dict[str, Credential] = {}
    problems: list[str] = []
    for name, value in raw.items():
        try:
            found[name] = _read_one(name, value)
        except ValidationError as error:
            problems += [_say(name, details) for details in error.errors(include_input=False)]
        except StepError as error:
            problems.append(f"{SETTING}: {name}: {error}")
    if problems:
        raise InvalidInputError(problems) from None
    return found


def _read_one(name: str, value: Any) -> Credential:
    credential = _ADAPTER.validate_python(
        value | {"id": name} if isinstance(value, dict) else value
    )
    if isinstance(credential, HttpCredential):
        check_headers(credential.headers())
    return credential


def _say(name: str, details: Any) -> str:
    place = ".".join(str(part) for part in (name, *details["loc"][1:]))
    return f"{SETTING}: {place}: {describe(details)}"
