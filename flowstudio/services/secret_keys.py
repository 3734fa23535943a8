"""The key ring of this installation: from the setting, or from a file made at the first start."""

from flowstudio.security import keyring
from flowstudio.security.keyring import KeyRing
from flowstudio.settings import Settings
from flowstudio.store.records import Records


def open_ring(settings: Settings, records: Records) -> KeyRing:  # noqa: ARG001 - checked against it
    """The ring, newest key first.

    Raises:
        SecretKeyError: there is no usable key, or it is not the one the data was sealed with.
    """
    keys = keyring.split_setting(settings.secret_key.get_secret_value())
    keys = keys or keyring.read_file(settings.data_dir)
    if not keys:
        keys = (keyring.new_key(),)
        keyring.write_file(settings.data_dir, keys)
    return KeyRing(keys)
