"""Accounts at other services, and why one of them did not get somebody in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from flowstudio.errors import AccessDeniedError
from flowstudio.services.people import find_problems, normal_email
from flowstudio.settings import Settings

_LONGEST = 254
_LONGEST_NAME = 100


class Refusal(StrEnum):
    """Why; the code a browser comes back with, as `error` in the address."""

    DENIED = "denied"
    STATE = "state"
    PROVIDER_UNKNOWN = "provider_unknown"
    PROVIDER_FAILED = "provider_failed"
    EMAIL_UNVERIFIED = "email_unverified"
    EMAIL_TAKEN = "email_taken"
    REGISTRATION_CLOSED = "registration_closed"
    INVITATION = "invitation"
    INACTIVE = "inactive"
    SETUP_FIRST = "setup_first"
    IDENTITY_TAKEN = "identity_taken"
    SIGNED_OUT = "signed_out"
    PROJECT = "project"
    NOT_SAVED = "not_saved"


#: What a page says of each.
REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.DENIED: (
            "You did not allow it there. Nothing was changed; try again when you like."
        ),
        Refusal.STATE: (
            "That attempt was begun in another browser, or too long ago. Please start again."
        ),
        Refusal.PROVIDER_UNKNOWN: "That way to sign in is not set up on this server.",
        Refusal.PROVIDER_FAILED: (
            "The other service refused, or could not be reached. Try again; if it stays so, ask "
            "the person who runs this server to read its log."
        ),
        Refusal.EMAIL_UNVERIFIED: (
            "That account has no verified e-mail address. Verify it there, then try again."
        ),
        Refusal.EMAIL_TAKEN: (
            "There is an account with that e-mail address already. Sign in with its password, "
            "then link the other account under Account."
        ),
        Refusal.REGISTRATION_CLOSED: (
            "New accounts need an invitation here. Ask somebody for one, and open its link."
        ),
        Refusal.INVITATION: (
            "That invitation cannot be used with this account: it has ended, or it was made out "
            "to another e-mail address."
        ),
        Refusal.INACTIVE: "That account was deactivated. Ask an admin of this server.",
        Refusal.SETUP_FIRST: (
            "This server was not set up yet. Make the first account with a password."
        ),
        Refusal.IDENTITY_TAKEN: (
            "Somebody else here signs in with that account. Unlink it there first."
        ),
        Refusal.SIGNED_OUT: "You were signed out in the meantime. Sign in and start again.",
        Refusal.PROJECT: "You may not add credentials to that project.",
        Refusal.NOT_SAVED: (
            "The key was given, but could not be stored. Remove it there and start again."
        ),
    }
)


class OutsideRefusedError(AccessDeniedError):
    """A way in or a link by an account elsewhere is refused.

    Attributes:
        code: why.
    """

    def __init__(self, code: Refusal) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


def refusal_of(code: str) -> str:
    """What a page says of a code in its address, which may be anything; "" of an unknown one."""
    return next((text for name, text in REFUSALS.items() if name == code), "")


@dataclass(frozen=True, slots=True)
class OutsideAccount:
    """An account at a provider, as the provider itself tells of it.

    Attributes:
        provider: `github` or `google`.
        issuer: with `subject`, what the account is known by; neither ever changes.
        email: lower case; "" when the provider names none that it verified.
        label: by which the person knows the account.
        name: of the person.
    """

    provider: str
    issuer: str
    subject: str
    email: str
    label: str
    name: str

    @classmethod
    def told(
        cls, provider: str, issuer: str, *, subject: str, email: str, label: str, name: str
    ) -> "OutsideAccount":
        """An account as a provider tells of it, in the shape we keep; what is no address is none.

        Args:
            provider: `github` or `google`.
            issuer: of the account.
            subject: its number there.
            email: as the provider verified it, or "".
            label: by which the person knows the account.
            name: of the person; "" takes the first part of the address.
        """
        email = normal_email(email) if len(email) <= _LONGEST else ""
        if find_problems(email=email, name="somebody"):
            email = ""
        return cls(
            provider=provider,
            issuer=issuer,
            subject=subject,
            email=email,
            label=_plain(label, _LONGEST) or subject,
            name=_plain(name, _LONGEST_NAME) or email.partition("@")[0],
        )


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider people can sign in with here."""

    id: str
    name: str


def providers(settings: Settings) -> tuple[Provider, ...]:
    """Those for which this server has a client id and a secret."""
    known = (
        (Provider("github", "GitHub"), settings.github_client_id, settings.github_client_secret),
        (Provider("google", "Google"), settings.google_client_id, settings.google_client_secret),
    )
    return tuple(provider for provider, client, secret in known if client and secret)


def _plain(text: str, most: int) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:most]
