"""Everything that is wrong with a document, at once."""

from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.checks.configs import check_configs, check_error_habits, check_types
from flowstudio.graph.checks.containers import check_bodies, check_parents
from flowstudio.graph.checks.edges import check_edges
from flowstudio.graph.checks.flow import check_cycles, check_starts
from flowstudio.graph.checks.names import check_ids, check_names
from flowstudio.graph.checks.references import check_references
from flowstudio.graph.checks.subject import Finding, Findings, Subject, check_nodes
from flowstudio.graph.checks.subworkflows import FindWorkflow, check_subworkflows
from flowstudio.graph.document import MAX_BYTES, Document
from flowstudio.graph.problems import Problem

CHECKS = (
    check_ids,
    check_names,
    check_types,
    check_configs,
    check_error_habits,
    check_parents,
    check_bodies,
    check_starts,
    check_references,
    check_edges,
    check_cycles,
)


def validate(
    document: Document, catalogue: Catalogue, find_workflow: FindWorkflow | None = None
) -> list[Problem]:
    """Find every problem of meaning; those of form were found when the document was read.

    Returns problems of the workflow itself first, then of nodes and of edges in document order.

    Args:
        document: any document that could be read; bad content never raises.
        catalogue: the node types there are.
        find_workflow: looks up the workflows that nodes run inside this one, None if there is no
            such workflow. Given the document's own key it should return this document. Without it
            these are not checked.
    """
    subject = Subject(document, catalogue, check_nodes(document, catalogue))
    findings: list[Finding] = [*_check_size(subject)]
    for check in CHECKS:
        findings.extend(check(subject))
    if find_workflow is not None:
        findings.extend(check_subworkflows(subject, find_workflow))
    findings.sort(key=lambda finding: finding.rank)
    return [finding.problem for finding in findings]


def _check_size(subject: Subject) -> Findings:
    size = len(subject.document.model_dump_json(exclude_defaults=True).encode())
    if size > MAX_BYTES:
        message = f"The document has {size:,} bytes; at most {MAX_BYTES:,} are kept."
        yield subject.at_document("too_large", message)


__all__ = ["check_nodes", "validate"]
