"""Which document of a workflow is meant: its draft, what is published, or a version by number."""

from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.graph.canonical import load
from flowstudio.graph.document import Document, parse_document
from flowstudio.store import versions as store
from flowstudio.store.versions import VersionRecord
from flowstudio.store.workflows import StoredWorkflow

VersionRef = int | Literal["draft", "published"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A document that was meant; `version` is None for the draft."""

    workflow: StoredWorkflow
    body: bytes
    version: VersionRecord | None = None

    @property
    def number(self) -> int | None:
        """The version's number, or None for the draft."""
        return self.version.number if self.version is not None else None

    def document(self) -> Document:
        """The document, read."""
        return parse_document(load(self.body))


def choose(session: Session, found: StoredWorkflow, wanted: VersionRef) -> Chosen:
    """The document that is meant.

    Raises:
        ConflictError: what is published is meant, and nothing is.
        NotFoundError: there is no version of that number.
    """
    if wanted == "draft":
        return Chosen(found, found.body)
    number = found.record.published_version if wanted == "published" else wanted
    if number is None:
        message = "This workflow is not published. Publish a version first, or run its draft."
        raise ConflictError(message)
    version = store.find_version(session, found.record.id, number)
    if version is None:
        raise NotFoundError(
            f"This workflow has no version {number}; it may have been cleared away."
        )
    return Chosen(found, version.body, version.record)
