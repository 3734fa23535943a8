"""Workflows that run workflows."""

import pytest

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.problems import Problem
from flowstudio.graph.validate import validate
from tests.graph.documents import CATALOGUE, document, node


def running(name, *keys):
    """A workflow that runs others."""
    nodes = [
        node(f"n{i}", type="integration", config={"mode": "workflow", "workflow": key})
        for i, key in enumerate(keys)
    ]
    return document(*nodes, node("own"), name=name)


def problems(root, library):
    return [
        (p.code, p.node, p.message)
        for p in validate(root, CATALOGUE, library.get)
        if p.path == "config.workflow"
    ]


def test_without_a_way_to_look_them_up_they_are_not_checked():
    assert validate(running("A", "gone"), CATALOGUE) == []


def test_an_unknown_workflow_is_a_problem():
    ((code, at, message),) = problems(running("A", "b", "gone"), {"b": running("B")})
    assert (code, at) == ("unknown_workflow", "n1")
    assert "'gone'" in message


def test_a_workflow_that_cannot_be_read_is_a_problem():
    def find(_key):
        raise InvalidDocumentError([Problem("not_json", "Not JSON.")])

    assert [p.code for p in validate(running("A", "b"), CATALOGUE, find)] == ["unknown_workflow"]


def test_a28f_running_itself_through_another_is_named():
    a = running("A", "b")
    ((code, at, message),) = problems(a, {"a": a, "b": running("B", "a")})
    assert (code, at) == ("workflow_recursion", "n0")
    assert "A → B → A" in message


def test_a28f_running_itself_is_named():
    a = running("A", "a")
    ((code, _, message),) = problems(a, {"a": a})
    assert (code, message) == ("workflow_recursion", "A workflow cannot run itself: A → A.")


def test_a28f_a_circle_further_down_is_named_too():
    library = {"b": running("B", "c"), "c": running("C", "b")}
    ((code, _, message),) = problems(running("A", "b"), library)
    assert code == "workflow_recursion"
    assert "A → B → C → B" in message


@pytest.mark.parametrize(
    ("count", "codes"), [(10, []), (11, ["workflow_too_deep"]), (50, ["workflow_too_deep"])]
)
def test_a28f_at_most_ten_workflows_run_inside_each_other(count, codes):
    library = {f"w{i}": running(f"W{i}", f"w{i + 1}") for i in range(1, count)}
    library[f"w{count}"] = running("Last")
    assert [code for code, *_ in problems(running("W0", "w1"), library)] == codes


def test_the_same_workflow_may_be_run_in_several_places():
    library = {"b": running("B", "c", "c"), "c": running("C")}
    assert problems(running("A", "b", "c", "b"), library) == []


def test_a_lattice_of_workflows_is_walked_once():
    library = {
        f"w{i}{side}": running(f"W{i}{side}", f"w{i + 1}a", f"w{i + 1}b")
        for i in range(9)
        for side in "ab"
    } | {f"w9{side}": running("End") for side in "ab"}
    looked = []

    def find(key):
        looked.append(key)
        return library[key]

    assert validate(running("A", "w0a", "w0b"), CATALOGUE, find) == []
    assert len(looked) == len(library)
