"""The page applies operations as the server does, and takes each of them back."""

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings

from flowstudio.graph.document import Document, parse_document
from flowstudio.graph.merging import merge
from flowstudio.graph.operations import OPERATIONS
from flowstudio.nodes.registry import load_registry
from tests.builders import document, node
from tests.operations import BATCHES

NODE = str(Path(sys.executable).parent / "node")
SCRIPT = Path(__file__).with_name("apply_operations.mjs")
REGISTRY = load_registry()


def in_the_page(before: Document, operations: list[object]) -> Document:
    told = json.dumps({"document": before.dump(), "operations": operations})
    done = subprocess.run([NODE, SCRIPT], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return parse_document(json.loads(done.stdout))


@given(BATCHES)
@settings(max_examples=60, deadline=None)
def test_the_page_and_the_server_come_to_the_same_document(batches):
    before = Document.model_validate(
        document(node("task", "a", text="{{ b }}"), node("task", "b"), node("loop", "c"))
    )
    after, applied = before, []
    for operations in batches:
        merged = merge(after, OPERATIONS.validate_python(operations), REGISTRY)
        after = merged.document
        if merged.applied:
            values = OPERATIONS.dump_python(merged.applied, mode="json", exclude_defaults=True)
            applied += [
                {"op": operation.op} | value
                for operation, value in zip(merged.applied, values, strict=True)
            ]
    assert in_the_page(before, applied) == after
