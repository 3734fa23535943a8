"""Whether the parts of this installation work; each check says what it found."""

from flowstudio.settings import Settings
from flowstudio.store.database import newest_version, open_database


def check_database(settings: Settings) -> str:
    """Open the database, bringing its schema up to date.

    Raises:
        JournalError: it cannot be opened.
    """
    path = open_database(settings)
    return f"{path}, schema {newest_version()}, durability {settings.durability}"
