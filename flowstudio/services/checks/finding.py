"""What a check found, for a person and for programs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        what: was looked at.
        says: what was found.
        level: a warning is worth knowing; with a problem, something does not work.
        why: it matters; empty when all is well.
        todo: what helps; empty when all is well.
    """

    what: str
    says: str
    level: Literal["ok", "warning", "problem"] = "ok"
    why: str = ""
    todo: str = ""

    @property
    def is_well(self) -> bool:
        """Whether everything works."""
        return self.level != "problem"


def problem(what: str, says: str, why: str, todo: str) -> Finding:
    """Something does not work."""
    return Finding(what, says, "problem", why, todo)


def warning(what: str, says: str, why: str, todo: str) -> Finding:
    """Something will not work some day, or not as well as it could."""
    return Finding(what, says, "warning", why, todo)
