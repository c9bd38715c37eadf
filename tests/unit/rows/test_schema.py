from typing import Any

import pytest
import yaml

from batchdrop.rows.schema import SchemaProblem, json_schema, response_schema

TEXT = {"type": "STRING"}


def vertex(source: str) -> dict[str, Any]:
    return response_schema(json_schema(yaml.safe_load(source)))


def problem(source: str) -> SchemaProblem:
    with pytest.raises(SchemaProblem) as caught:
        vertex(source)
    assert caught.value.hint
    return caught.value


def test_picoschema_becomes_what_vertex_takes() -> None:
    found = vertex("""
        sentiment(enum, how it feels): [POSITIVE, NEGATIVE]
        score?: number, from 0 to 1
        tags(array, the tags): string
        author?(object):
          name: string
    """)
    assert found == {
        "type": "OBJECT",
        "properties": {
            "sentiment": {
                "type": "STRING",
                "format": "enum",
                "enum": ["POSITIVE", "NEGATIVE"],
                "description": "how it feels",
            },
            "score": {"type": "NUMBER", "nullable": True, "description": "from 0 to 1"},
            "tags": {"type": "ARRAY", "items": TEXT, "description": "the tags"},
            "author": {
                "type": "OBJECT",
                "nullable": True,
                "properties": {"name": TEXT},
                "propertyOrdering": ["name"],
                "required": ["name"],
            },
        },
        "propertyOrdering": ["sentiment", "score", "tags", "author"],
        "required": ["sentiment", "tags"],
    }


def test_the_order_of_properties_is_kept() -> None:
    assert vertex("{z: string, a: string, m: string}")["propertyOrdering"] == ["z", "a", "m"]


def test_json_schema_is_taken_as_it_is_and_loses_what_vertex_cannot_say() -> None:
    found = vertex("""
        $schema: https://json-schema.org/draft/2020-12/schema
        type: object
        additionalProperties: false
        required: [when, gone]
        properties:
          when: {type: string, format: date-time, default: now}
          mail: {type: string, format: email, minLength: 3}
          count: {type: [integer, "null"], minimum: 1}
    """)
    assert found == {
        "type": "OBJECT",
        "properties": {
            "when": {"type": "STRING", "format": "date-time"},
            "mail": {"type": "STRING", "minLength": 3},
            "count": {"type": "INTEGER", "minimum": 1, "nullable": True},
        },
        "propertyOrdering": ["when", "mail", "count"],
        "required": ["when"],
    }


def test_references_are_written_out() -> None:
    source = """
        $ref: "#/$defs/order"
        $defs:
          order: {type: object, properties: {lines: {type: array, items: {$ref: "#/$defs/line"}}}}
          line: {type: object, properties: {definitions: {type: string}}}
    """
    schema = json_schema(yaml.safe_load(source))
    assert schema == {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "items": {"type": "object", "properties": {"definitions": {"type": "string"}}},
            }
        },
    }
    assert vertex(source)["properties"]["lines"]["items"]["properties"] == {"definitions": TEXT}


def test_what_stands_beside_a_reference_wins() -> None:
    source = (
        "{type: object, properties: {a: {$ref: '#/$defs/t', description: mine}},"
        " $defs: {t: {type: string, description: d}}}"
    )
    assert vertex(source)["properties"]["a"] == {**TEXT, "description": "mine"}


def test_one_of_null_and_another_is_nullable() -> None:
    assert vertex("{anyOf: [{type: 'null'}, {type: string}]}") == {**TEXT, "nullable": True}


def test_several_alternatives_stay_alternatives() -> None:
    assert vertex("{oneOf: [{type: string}, {type: integer}]}") == {"anyOf": [TEXT, {"type": "INTEGER"}]}
    properties = vertex("{type: object, properties: {a: {type: [string, integer]}}}")["properties"]
    assert properties["a"] == {"anyOf": [TEXT, {"type": "INTEGER"}]}


def test_whole_numbers_of_an_enum_are_told_as_texts() -> None:
    assert vertex("{enum: [1, 2, null]}") == {
        "type": "INTEGER",
        "format": "enum",
        "enum": ["1", "2"],
        "nullable": True,
    }


def test_a_top_level_scalar_is_a_schema() -> None:
    assert vertex("string, a headline") == {**TEXT, "description": "a headline"}


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("any", ()),
        ("{a: any}", ("a",)),
        ("{a(array): {b: any}}", ("a", "[]", "b")),
        ("{a: SomeOtherSchema}", ()),
        ("{a(list): string}", ()),
        ("[a, b]", ()),
        ("{a(enum): [yes, no]}", ("a",)),
        ("{a(enum): [1.5]}", ("a",)),
        ("{a(enum): []}", ("a",)),
        ("{a(object): {(*): string}}", ("a",)),
        ("{type: object}", ()),
        ("{type: array}", ()),
        ("{type: object, properties: {a: {type: array}}}", ("a",)),
        ("{type: object, properties: {a: {type: 'null'}}}", ("a",)),
        ("{type: object, properties: {a: {type: text}}}", ("a",)),
        ("{type: object, properties: {a: 5}}", ("a",)),
        ("{type: object, properties: {a: {type: string, minLength: many}}}", ("a",)),
        ("{type: object, properties: {'a b': {type: string}}}", ()),
        ("{type: object, properties: {a: {type: string}, A: {type: string}}}", ()),
        ("{allOf: [{type: string}]}", ()),
        ("{anyOf: [{type: 'null'}]}", ()),
        ("{$ref: '#/$defs/gone'}", ()),
        ("{$ref: 'https://example.com/schema'}", ()),
        ("{type: object, properties: {a: {$ref: '#'}}}", ("a", "a")),
    ],
)
def test_what_vertex_cannot_say_is_refused_with_its_place(source: str, path: tuple[str, ...]) -> None:
    assert problem(source).path == path


def test_references_that_grow_without_measure_are_refused() -> None:
    parts = [
        f"d{n}: {{type: object, properties: {{a: {{$ref: '#/$defs/d{n + 1}'}}, b: {{$ref: '#/$defs/d{n + 1}'}}}}}}"
        for n in range(30)
    ]
    source = "{$ref: '#/$defs/d0', $defs: {" + ", ".join([*parts, "d30: {type: string}"]) + "}}"
    assert "parts" in problem(source).message


def test_the_source_is_left_as_it_is() -> None:
    source = {"a?(enum)": ["x"]}
    json_schema(source)
    assert source == {"a?(enum)": ["x"]}
