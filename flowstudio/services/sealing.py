"""Sealing under the newest key, also while another process changes the keys."""

from sqlmodel import Session

from flowstudio.errors import SecretKeyError
from flowstudio.security import keyring
from flowstudio.security.keyring import KeyRing, Sealed
from flowstudio.services.secret_keys import is_from_setting
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import sealed as store
from flowstudio.store.sealed import SealedRow


class Sealing:
    """Seals and opens secrets of rows with the ring as it is now."""

    def __init__(self, parts: StudioParts) -> None:
        self._settings = parts.settings
        self._ring = parts.ring

    def seal(self, session: Session, plain: bytes, identity: str) -> Sealed:
        """Seal within a transaction that writes: until it ends, no key can be dropped.

        Raises:
            SecretKeyError: another process has changed the keys, and this one cannot follow.
        """
        check = store.find_check(session)
        if check is not None and check.key_id != self._ring.ids[0]:
            self._follow(check.key_id)
        return self._ring.seal(plain, identity)

    def open(self, sealed: Sealed, identity: str) -> bytes:
        """Open what was sealed for the same identity.

        Raises:
            SecretKeyError: its key is not in the ring, or it was changed or moved.
        """
        if sealed.key_id not in self._ring.ids:
            self._follow(sealed.key_id)
        return self._ring.open(sealed, identity)

    def _follow(self, key_id: str) -> None:
        if not is_from_setting(self._settings):
            self._ring.adopt(KeyRing(keyring.read_file(self._settings.data_dir)))
        if key_id not in self._ring.ids:
            raise SecretKeyError(
                f"A stored secret needs the key {key_id}, which this process does not have. If the "
                "keys were changed while it ran, restart it with all of them."
            )


def identity_of(project_id: str, credential_id: str) -> str:
    """What a credential's secret is bound to."""
    return f"ws:{project_id}|cred:{credential_id}"


def identity_of_webhook(webhook_id: str) -> str:
    """What a webhook's secret is bound to."""
    return f"hook:{webhook_id}"


def identity_of_notifications(user_id: str) -> str:
    """What the secret of a person's webhook for notifications is bound to."""
    return f"user:{user_id}|notification-webhook"


def identity_of_row(row: SealedRow) -> str:
    """What the secret of any kind of row is bound to."""
    if row.kind == "notification webhook":
        return identity_of_notifications(row.id)
    if row.kind == "webhook":
        return identity_of_webhook(row.id)
    return identity_of(row.project_id, row.id)
