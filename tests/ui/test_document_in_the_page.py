"""The page applies operations as the server does, and takes each of them back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from flowstudio.graph.document import Document, parse_document
from flowstudio.graph.merging import merge
from flowstudio.graph.operations import OPERATIONS, apply
from flowstudio.nodes.registry import load_registry
from tests.builders import document, node, workflow
from tests.operations import BATCHES

NODE = str(Path(sys.executable).parent / "node")
SCRIPT = Path(__file__).with_name("apply_operations.mjs")
REGISTRY = load_registry()


def in_the_page(before: Document, operations: list[Any]) -> tuple[Document, list[Any]]:
    """The document that comes out, and the operations that take all of it back."""
    told = json.dumps({"document": before.dump(), "operations": operations})
    done = subprocess.run([NODE, SCRIPT], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    return parse_document(came["document"]), came["undo"]


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
    assert in_the_page(before, applied)[0] == after


BOXED = workflow(
    node("start"),
    node("task", "a", mode="set", fields={"x": 1, "y": 2}, list=[1, {"b": 2}]),
    node("loop", "each"),
    node("task", "inner", inside="each"),
    node("loop", "deeper", inside="each"),
    node("task", "innermost", inside="deeper"),
    node("task", "last", mode="set", fields={"x": "{{ a.x }}"}),
    edges="start>a>each>last; inner>deeper",
    timeout_s=60,
)


def in_config(path: list[str | int], value: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": "set_config", "id": "a", "path": path, "value": value, **more}


@pytest.mark.parametrize(
    "operations",
    [
        [
            {"op": "add_node", "node": node("task", "new"), "before": "a"},
            {"op": "update_node", "id": "a", "changes": {"notes": "x", "config": {"mode": "sort"}}},
            {"op": "update_node", "id": "a", "changes": {"config": {"new": 1, "fields": None}}},
            {
                "op": "update_node",
                "id": "inner",
                "changes": {"parent": None, "cache": {"ttl_s": 5}},
            },
            {"op": "rename_node", "id": "a", "name": "first"},
            {"op": "add_edge", "edge": {"id": "more", "source": "a", "target": "last"}},
            {"op": "remove_edge", "id": "e1"},
            {"op": "update_workflow", "name": "New", "description": "said"},
            {"op": "update_workflow", "settings": {"timeout_s": None, "concurrency": 3}},
        ],
        [{"op": "remove_node", "id": node_id} for node_id in ("a", "each", "last")],
        [
            in_config(["fields", "x"], 5),
            in_config(["fields", "x"], remove=True),
            in_config(["fields", "new"], 5),
            in_config(["deep", "b", "c"], 5),
            in_config(["list", 2], "late"),
            in_config(["list", 3, "name"], "late"),
            in_config(["list", 0], remove=True),
            in_config(["list", 1], 9),
        ],
        [
            {"op": "put_sticky_note", "sticky_note": {"id": "n", "text": "Before"}},
            {"op": "put_sticky_note", "sticky_note": {"id": "n", "text": "Hi"}},
            {"op": "update_sticky_note", "id": "n", "changes": {"text": "Ho", "colour": "red"}},
            {"op": "remove_sticky_note", "id": "n"},
            {"op": "put_sticky_note", "sticky_note": {"id": "m", "text": "Hi"}},
        ],
    ],
    ids=["fields", "removals", "places", "notes"],
)
def test_what_the_page_takes_back_is_back_on_the_server_too(operations):
    steps = [BOXED]
    for operation in OPERATIONS.validate_python(operations):
        steps.append(apply(steps[-1], [operation], REGISTRY))
        assert steps[-1] != steps[-2]
    _, undo = in_the_page(BOXED, operations)
    back = apply(steps[-1], OPERATIONS.validate_python(undo), REGISTRY)
    # A wire that is put back comes last.
    edges = sorted(back.edges, key=lambda edge: edge.id)
    assert back.model_copy(update={"edges": edges}) == BOXED
