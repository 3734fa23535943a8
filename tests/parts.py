"""The parts of the studio's services, over a database of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowstudio.clock import Clock, SystemClock
from flowstudio.security.keyring import KeyRing
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.records import Records

KEY = "a key for tests that is long enough to be one"


@contextmanager
def studio_parts(
    folder: Path, clock: Clock | None = None, **settings: Any
) -> Iterator[StudioParts]:
    """Parts over a migrated database in the folder."""
    chosen = Settings(data_dir=folder, **settings)
    records = Records(open_database(chosen), chosen.durability)
    try:
        yield StudioParts(chosen, records, clock or SystemClock(), KeyRing([KEY]))
    finally:
        records.close()
