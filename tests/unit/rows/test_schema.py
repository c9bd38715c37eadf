from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.problems import RowProblem
from batchdrop.rows.requests import Settled, settle
from batchdrop.rows.schema import SchemaProblem, json_schema
from batchdrop.rows.vertex_schema import response_schema

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


def test_other_numbers_of_an_enum_are_told_as_their_range() -> None:
    assert vertex("{enum: [0.5, 2, 1]}") == {"type": "NUMBER", "minimum": 0.5, "maximum": 2}


def test_an_enum_of_truths_is_a_boolean_where_it_says_so() -> None:
    assert vertex("{type: boolean, const: true}") == {"type": "BOOLEAN"}


def test_a_constant_is_an_enum_of_one() -> None:
    assert vertex("{const: v1}") == {"type": "STRING", "format": "enum", "enum": ["v1"]}


def test_alternatives_that_are_only_null_make_a_schema_nullable() -> None:
    for null in ("{type: 'null'}", "{const: null}", "{enum: [null]}"):
        assert vertex(f"{{anyOf: [{{type: string}}, {null}]}}") == {**TEXT, "nullable": True}


def test_what_stands_beside_alternatives_holds_for_each() -> None:
    source = """
        type: object
        description: a contact
        properties: {mail: {type: string}, phone: {type: string}}
        anyOf: [{required: [mail]}, {required: [phone]}]
    """
    fields = {"properties": {"mail": TEXT, "phone": TEXT}, "propertyOrdering": ["mail", "phone"]}
    assert vertex(source) == {
        "anyOf": [
            {"type": "OBJECT", **fields, "required": ["mail"]},
            {"type": "OBJECT", **fields, "required": ["phone"]},
        ],
        "description": "a contact",
    }


def test_an_all_of_one_is_that_one_under_the_texts_beside_it() -> None:
    source = "{allOf: [{type: string, title: T, description: d}], description: mine, default: x}"
    assert vertex(source) == {**TEXT, "title": "T", "description": "mine"}


def test_the_parts_of_an_all_of_are_one_object() -> None:
    source = """
        allOf:
          - {type: object, properties: {a: {type: string}}, required: [a]}
          - allOf: [{properties: {b: {type: integer}}, required: [b]}]
        properties: {c: {type: boolean}}
    """
    found = vertex(source)
    assert sorted(found["properties"]) == ["a", "b", "c"]
    assert sorted(found["required"]) == ["a", "b"]


def test_bounds_are_told_inclusively() -> None:
    assert vertex("{type: integer, exclusiveMinimum: 0, maximum: 9, exclusiveMaximum: 9}") == {
        "type": "INTEGER",
        "minimum": 1,
        "maximum": 8,
    }
    assert vertex("{type: number, exclusiveMinimum: 0.5}") == {"type": "NUMBER", "minimum": 0.5}


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
        ("{a(enum): [x, 1]}", ("a",)),
        ("{a(enum): [.inf]}", ("a",)),
        ("{type: string, enum: [1, 2]}", ()),
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
        ("{allOf: [{type: string}, {type: integer}]}", ()),
        ("{allOf: [{type: string, pattern: a}, {pattern: b}]}", ()),
        ("{allOf: [{properties: {a: {type: string}}}, {properties: {a: {type: integer}}}]}", ("a",)),
        ("{type: object, properties: {a: {type: array, items: {type: string}, minItems: 1.5}}}", ("a",)),
        ("{type: object, properties: {a: {type: number, minimum: .inf}}}", ("a",)),
        ("{type: object, additionalProperties: {type: string}}", ()),
        ("{type: array, prefixItems: [{type: string}]}", ()),
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


def test_references_behind_references_without_end_are_refused() -> None:
    defs = {f"d{n}": {"type": "object", "properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}} for n in range(1500)}
    with pytest.raises(SchemaProblem):
        json_schema({"$ref": "#/$defs/d0", "$defs": {**defs, "d1500": {"type": "string"}}})


def test_the_source_is_left_as_it_is() -> None:
    source = {"a?(enum)": ["x"]}
    json_schema(source)
    assert source == {"a?(enum)": ["x"]}


NAMES = st.sampled_from(["a", "b", "_c", "B", "a b", "properties", "$ref"])
LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null", ["string", "null"], "STRING", 5])},
        optional={
            "description": st.sampled_from(["text", "", 5, None]),
            "format": st.sampled_from(["date-time", "email", "int32", 5]),
            "minimum": st.sampled_from([0, -1.5, "1", None, True]),
            "maxLength": st.sampled_from([0, 5, 2**70, -1, "5"]),
            "default": st.none(),
            "nullable": st.booleans(),
            "enum": st.lists(st.sampled_from(["x", "", 1, 1.5, None, True]), max_size=3),
        },
    ),
    st.sampled_from([{"const": "v"}, {"$ref": "#/$defs/d"}, {"$ref": "#"}, {}, True, "string", None]),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)},
            optional={
                "required": st.lists(NAMES, max_size=2),
                "additionalProperties": st.one_of(st.booleans(), inner),
                "anyOf": st.lists(inner, max_size=2),
                "minProperties": st.integers(0, 2),
            },
        ),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)}),
        st.fixed_dictionaries({}, optional={key: st.lists(inner, max_size=3) for key in ("anyOf", "oneOf", "allOf")}),
    ),
    max_leaves=8,
)


@given(SCHEMAS, SCHEMAS)
def test_what_is_told_is_what_vertex_takes_as_it_stands(schema: object, definition: object) -> None:
    whole = {**schema, "$defs": {"d": definition}} if isinstance(schema, dict) else schema
    try:
        told = response_schema(json_schema(whole))
    except SchemaProblem:
        return
    turns = [{"role": "user", "parts": [{"text": "x"}]}]
    request: dict[str, object] = {"contents": turns, "generationConfig": {"responseSchema": told}}
    try:
        settled = settle(request)
    except RowProblem as refused:
        assert refused.problem.code == "TOO_DEEP"  # noqa: PT017  # the one rule that only a whole request can break
        return
    assert settled == Settled(request, {})
