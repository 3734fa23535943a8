"""The example workflows that ship with FlowStudio."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flowstudio.errors import NotFoundError
from flowstudio.graph.document import Document, read_document
from flowstudio.services.access import Actor, authorize

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow to start from; `slug` names it in addresses."""

    slug: str
    document: Document


class TemplateService:
    """Reads the templates."""

    def __init__(self, folder: Path = EXAMPLES) -> None:
        self._folder = folder

    def list(self, actor: Actor) -> list[Template]:
        """All templates, by name."""
        authorize(actor, "template.read")
        templates = (_read(path) for path in sorted(self._folder.glob("*.json")))
        return sorted(templates, key=lambda template: template.document.name)

    def get(self, actor: Actor, slug: str) -> Template:
        """One template.

        Raises:
            NotFoundError: there is none of that name.
        """
        authorize(actor, "template.read")
        for path in self._folder.glob("*.json"):
            if path.stem == slug:
                return _read(path)
        raise NotFoundError(f"There is no example called {slug!r}.")


@lru_cache(maxsize=256)
def _read(path: Path) -> Template:
    return Template(path.stem, read_document(path.read_bytes()))
