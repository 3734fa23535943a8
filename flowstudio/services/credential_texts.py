"""Credentials as sealed text and back: all that decides what is sent, and where, is inside."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from flowstudio.errors import InvalidInputError, SecretKeyError, StepError
from flowstudio.graph.form_faults import describe
from flowstudio.nodes.credential_kinds import (
    BasicCredential,
    BearerCredential,
    Credential,
    HeaderCredential,
    HttpCredential,
    OpenRouterCredential,
    SmtpCredential,
)
from flowstudio.nodes.outgoing.urls import check_headers

_Any = Annotated[
    HeaderCredential | BasicCredential | BearerCredential | SmtpCredential | OpenRouterCredential,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[Credential] = TypeAdapter(_Any)
#: Of each kind, the field that is the secret.
SECRET_FIELDS: Mapping[str, str] = {
    "openrouter": "key",
    "header": "value",
    "basic": "password",
    "bearer": "token",
    "smtp": "password",
}
#: What is told apart from kind and hosts, under the names people give it by.
_SHOWN: Mapping[str, Mapping[str, str]] = {
    "openrouter": {},
    "header": {"name": "header"},
    "basic": {"username": "username"},
    "bearer": {},
    "smtp": {name: name for name in ("host", "port", "username", "tls", "sender")},
}


def make_credential(fields: Mapping[str, Any], credential_id: str, name: str) -> Credential:
    """A credential from the fields of its kind.

    Raises:
        InvalidInputError: with every problem, and without the secret.
    """
    try:
        credential = _ADAPTER.validate_python({**fields, "id": credential_id, "label": name})
        if isinstance(credential, HttpCredential):
            check_headers(credential.headers())
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in details['loc'][1:])}: {describe(details)}"
            for details in error.errors(include_input=False)
        ]
        raise InvalidInputError(problems) from None
    except StepError as error:
        raise InvalidInputError([str(error)]) from None
    return credential


def write_credential(credential: Credential) -> bytes:
    """What is sealed."""
    fields = credential.model_dump(exclude={"id", "label"})
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in fields.items()
    }
    return json.dumps(plain).encode()


def read_credential(text: bytes, credential_id: str, name: str) -> Credential:
    """The credential that was sealed.

    Raises:
        SecretKeyError: it was made by another version that knows more kinds.
    """
    try:
        return make_credential(json.loads(text), credential_id, name)
    except (InvalidInputError, ValueError):
        message = "A stored secret is of a kind that this version does not know."
        raise SecretKeyError(message) from None


def kind_of(credential: Credential) -> str:
    """The word for its kind."""
    kind: str = credential.model_dump(include={"kind"})["kind"]
    return kind


def shown_of(credential: Credential) -> dict[str, Any]:
    """What is no secret, apart from its kind and hosts."""
    names = _SHOWN[kind_of(credential)]
    fields = credential.model_dump(include=set(names))
    return {told: fields[name] for name, told in names.items()}


def hosts_of(credential: Credential) -> tuple[str, ...]:
    """Where it may be sent."""
    if isinstance(credential, SmtpCredential):
        return (credential.host,)
    return credential.hosts if isinstance(credential, HttpCredential) else ()
