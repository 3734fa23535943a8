"""Reading documents, the hostile ones above all."""

import json

import pytest

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.document import MAX_BYTES, Document, parse_document, read_document

MINIMAL = {"format": "flowstudio/1", "name": "Empty"}


def refusal(source):
    with pytest.raises(InvalidDocumentError) as caught:
        read_document(source)
    return caught.value.problems


def with_config(text: str) -> str:
    head = '{"format": "flowstudio/1", "name": "x", "nodes": [{"id": "n", "type": "t", "name": "n",'
    return f'{head} "config": {{"a": {text}}}}}]}}'


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("", "not_json", "line 1, column 1"),
        ("{", "not_json", "line 1"),
        ('{"a": 1,}', "not_json", "column 9"),
        ("[]", "not_an_object", "JSON object"),
        ("null", "not_an_object", "JSON object"),
        (b"\xff\xfe{}", "not_utf8", "UTF-8"),
        (b"PK\x03\x04\x00\x00", "not_json", "line 1"),
        ('{"name": "\ud800"}', "not_utf8", "surrogates"),
        (with_config('"\\ud800"'), "not_utf8", "surrogates"),
        (with_config('{"\\udfff": 1}'), "not_utf8", "surrogates"),
        ("[" * 100_000, "too_deep", "too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "too_deep", "too deeply"),
        (with_config("[" * 70 + "]" * 70), "too_deep", "at most 60"),
        (with_config("9" * 5_000), "not_json", "4300"),
        (with_config("NaN"), "not_json", "NaN is not a JSON number"),
        (with_config("-Infinity"), "not_json", "-Infinity is not a JSON number"),
        (with_config("1e999"), "not_json", "1e999 is too large"),
        ('{"format": "flowstudio/1", "format": "x"}', "not_json", "'format' stands twice"),
        (with_config('{"b": 1, "b": 2}'), "not_json", "'b' stands twice"),
        ("{}", "unknown_format", '"format" is missing'),
        ('{"format": 1}', "unknown_format", "Unknown format 1"),
        ('{"format": "flowstudio/99"}', "unknown_format", "flowstudio/99"),
        ('{"format": ["flowstudio/1"]}', "unknown_format", "Unknown format"),
    ],
)
def test_hostile_text_is_refused_in_one_sentence(source, code, said):
    (problem,) = refusal(source)
    assert problem.code == code
    assert said in problem.message


def test_a_document_over_five_megabytes_is_refused_before_it_is_read():
    (problem,) = refusal("[" * (MAX_BYTES + 1))
    assert problem.code == "too_large"
    assert "5,000,001 bytes" in problem.message


def test_bytes_count_and_not_characters():
    text = json.dumps({**MINIMAL, "description": "é" * (MAX_BYTES // 2)}, ensure_ascii=False)
    assert refusal(text)[0].code == "too_large"


def test_a_repeated_key_among_half_a_million_is_found():
    keys = ",".join(f'"{i}":0' for i in range(300_000))
    (problem,) = refusal("{" + keys + ',"7":1}')
    assert "'7' stands twice" in problem.message


def test_a_byte_order_mark_is_skipped():
    assert read_document(b"\xef\xbb\xbf" + json.dumps(MINIMAL).encode()).name == "Empty"


def test_more_nodes_than_allowed_are_refused():
    nodes = [{"id": str(i), "type": "task", "name": f"n{i}"} for i in range(5_001)]
    with pytest.raises(InvalidDocumentError) as caught:
        parse_document({**MINIMAL, "nodes": nodes})
    assert [(p.code, p.path) for p in caught.value.problems] == [("too_long", "nodes")]


def test_every_fault_of_form_is_named_with_its_node_and_path():
    bad = {
        **MINIMAL,
        "nodes": [
            {"id": "a", "type": "task", "name": "first", "retry": {"attempts": 0}, "colour": 1},
            {"id": "", "type": "task", "name": 5},
            "nonsense",
        ],
        "edges": [{"id": "e"}],
        "settings": {"max_cost_usd": "NaN"},
    }
    with pytest.raises(InvalidDocumentError) as caught:
        parse_document(bad)
    assert {(p.node, p.path) for p in caught.value.problems} == {
        ("first", "retry.attempts"),
        ("first", "colour"),
        ("nodes[1]", "id"),
        ("nodes[1]", "name"),
        ("nodes[2]", ""),
        ("", "edges.0.source"),
        ("", "edges.0.target"),
        ("", "settings.max_cost_usd"),
    }
    assert "Unknown key; remove it or check its spelling." in str(caught.value)


@pytest.mark.parametrize("key", ["__proto__", "constructor", "prototype", "toString"])
def test_prototype_keys_are_unknown_keys_outside_a_config(key):
    (problem,) = refusal(json.dumps({**MINIMAL, key: {"polluted": True}}))
    assert (problem.code, problem.path) == ("extra_forbidden", key)


def test_a_document_reads_back_as_it_was_written():
    given = {
        **MINIMAL,
        "settings": {"max_cost_usd": "0.10"},
        "nodes": [
            {"id": "n", "type": "task", "name": "n", "config": {"a": [10**30, None]}, "parent": "p"}
        ],
        "edges": [{"id": "e", "source": "n", "target": "n"}],
    }
    document = parse_document(given)
    assert document.dump() == given
    assert read_document(json.dumps(document.dump())) == document


def test_defaults_say_nothing_in_a_written_document():
    assert Document(name="Empty").dump() == MINIMAL
