"""Documents of the workflows that people work on, read from JSON once for each revision."""

import threading
from collections import OrderedDict

from flowstudio.graph.canonical import load
from flowstudio.graph.document import Document, parse_document
from flowstudio.store.workflows import StoredWorkflow

_MOST = 32


def read_stored(found: StoredWorkflow) -> Document:
    """The document of a stored workflow."""
    return parse_document(load(found.body))


class Documents:
    """The latest documents that this process has read or made, one a workflow.

    What did not change from one revision to the next are the same objects in both, so that what
    follows from them need not be found out again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Document]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, found: StoredWorkflow) -> Document:
        """The document of a stored workflow."""
        record = found.record
        with self._lock:
            revision, document = self._kept.get(record.id, (0, None))
        if document is None or revision != record.revision:
            document = read_stored(found)
            self.keep(record.id, record.revision, document)
        return document

    def keep(self, workflow_id: str, revision: int, document: Document) -> None:
        """Remember what a revision is, once it is committed; older ones than known are let be."""
        with self._lock:
            known, _ = self._kept.get(workflow_id, (0, None))
            if known <= revision:
                self._kept[workflow_id] = (revision, document)
                self._kept.move_to_end(workflow_id)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
