import pytest

from flowstudio.ui.widgets.fields import fields_of, read_form, with_problems

SCHEMA = {
    "type": "object",
    "required": ["mail", "count"],
    "properties": {
        "mail": {"type": "string", "format": "textarea", "title": "Mail"},
        "count": {"type": "integer", "default": 3},
        "ratio": {"type": "number"},
        "urgent": {"type": "boolean", "default": True},
        "tone": {"enum": ["kind", "short", 3], "default": "kind"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
        "more": {"type": "object", "description": "Anything."},
        "short_note": {"type": "string"},
    },
}
FILLED = {"mail": "Hello", "count": "4"}


def test_each_type_of_input_gets_its_kind_of_field() -> None:
    kinds = {field.name: field.kind for field in fields_of(SCHEMA)}
    assert kinds == {
        "mail": "long",
        "count": "integer",
        "ratio": "number",
        "urgent": "boolean",
        "tone": "choice",
        "tags": "lines",
        "more": "json",
        "short_note": "text",
    }


def test_defaults_stand_in_the_fields_and_given_values_go_before_them() -> None:
    values = {field.name: field.value for field in fields_of(SCHEMA, {"count": 9})}
    assert values["count"] == "9"
    assert values["tags"] == "a\nb"
    assert values["urgent"] == "on"


def test_a_name_without_a_title_becomes_words() -> None:
    assert fields_of(SCHEMA)[-1].label == "Short note"


def test_typed_text_becomes_values_of_the_right_types() -> None:
    typed = FILLED | {
        "ratio": "0.5",
        "urgent": "on",
        "tone": "3",
        "tags": " x \n\ny",
        "more": '{"a": [1]}',
    }
    reading = read_form(SCHEMA, typed)
    assert reading.is_valid
    assert reading.values == {
        "mail": "Hello",
        "count": 4,
        "ratio": 0.5,
        "urgent": True,
        "tone": 3,
        "tags": ["x", "y"],
        "more": {"a": [1]},
    }


def test_an_empty_optional_field_is_left_out_and_a_switch_is_off() -> None:
    assert read_form(SCHEMA, FILLED).values == {"mail": "Hello", "count": 4, "urgent": False}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mail", "  ", "Fill this in."),
        ("count", "4.5", "Give a whole number."),
        ("ratio", "much", "Give a number."),
        ("more", "{", "This is not JSON"),
    ],
)
def test_what_is_wrong_stands_at_its_field_with_what_was_typed(
    name: str, text: str, message: str
) -> None:
    reading = read_form(SCHEMA, FILLED | {name: text})
    field = next(field for field in reading.fields if field.name == name)
    assert not reading.is_valid
    assert field.error.startswith(message)
    assert field.value == text


def test_a_payload_that_is_no_text_does_no_harm() -> None:
    assert not read_form(SCHEMA, {"mail": {"a": 1}, "count": None}).is_valid


def test_problems_of_the_service_go_to_their_fields_and_the_rest_stays() -> None:
    fields, rest = with_problems(
        fields_of(SCHEMA), ["'count' must be at most 40.", "tags[0]: too long.", "Something else."]
    )
    errors = {field.name: field.error for field in fields if field.error}
    assert errors == {"count": "'count' must be at most 40.", "tags": "too long."}
    assert rest == ["Something else."]
