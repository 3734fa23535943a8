"""Names as they stand in addresses and file names."""

import re
import unicodedata


def slug_of(name: str) -> str:
    """A name in kebab case, of at most 60 characters: `Weekly Brief (2)` becomes `weekly-brief-2`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "workflow"
