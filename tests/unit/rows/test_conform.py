import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.conform import Mismatch, mismatch, properties_of, wants_text

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
    },
    "required": ["name"],
}


@pytest.mark.parametrize(
    "value",
    [{"name": "x"}, {"name": "x", "age": 3}, {"name": "x", "age": 3.0}, {"name": "x", "tags": ["a", "b"], "more": 1}],
)
def test_a_value_that_fits_has_no_mismatch(value: object) -> None:
    assert mismatch(value, PERSON) is None


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ([], "$", "Expected object, found array."),
        ({}, "$.name", "A required property is missing."),
        ({"name": None}, "$.name", "Expected string, found null."),
        ({"name": ""}, "$.name", "Less than 1 characters."),
        ({"name": "x", "age": "3"}, "$.age", "Expected integer, found string."),
        ({"name": "x", "age": 3.5}, "$.age", "Expected integer, found number."),
        ({"name": "x", "age": True}, "$.age", "Expected integer, found boolean."),
        ({"name": "x", "age": -1}, "$.age", "Less than 0."),
        ({"name": "x", "tags": ["a", "c"]}, "$.tags[1]", "The string is none of the 2 values of the enum."),
        ({"name": "x", "tags": ["a", "a", "a"]}, "$.tags", "More than 2 entries."),
    ],
)
def test_a_mismatch_names_the_place_and_never_the_value(value: object, path: str, message: str) -> None:
    assert mismatch(value, PERSON) == Mismatch(path, message)


def test_types_may_be_written_as_vertex_writes_them() -> None:
    schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "nullable": True}, "s": {"maxLength": "2"}}}
    assert mismatch({"n": None, "s": "ab"}, schema) is None
    assert mismatch({"n": 1.5}, schema) == Mismatch("$.n", "Expected integer, found number.")
    assert mismatch({"s": "abc"}, schema) == Mismatch("$.s", "More than 2 characters.")


def test_a_definition_is_followed() -> None:
    schema = {
        "type": "array",
        "items": {"$ref": "#/$defs/label"},
        "$defs": {"label": {"$ref": "#/$defs/enum"}, "enum": {"enum": ["x", "y"]}},
    }
    assert mismatch(["x", "y"], schema) is None
    assert mismatch(["z"], schema) == Mismatch("$[0]", "The string is none of the 2 values of the enum.")


def test_a_definition_that_means_itself_allows_anything() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert mismatch(1, schema) is None


def test_true_is_not_one() -> None:
    assert mismatch(True, {"enum": [1]}) is not None  # noqa: FBT003  # the value under test
    assert mismatch(1, {"const": 1.0}) is None


def test_properties_are_named_in_the_order_of_the_schema() -> None:
    assert properties_of({"type": "object", "properties": {"z": {}, "a": {}}}) == ("z", "a")
    assert properties_of({"$ref": "#/$defs/o", "$defs": {"o": {"properties": {"q": {}}}}}) == ("q",)
    assert properties_of({"type": "array", "items": PERSON}) == ()
    assert properties_of(None) == ()


def test_only_a_schema_of_a_string_wants_bare_text() -> None:
    assert wants_text({"type": "STRING", "enum": ["a"]})
    assert not wants_text({"type": ["string", "number"]})
    assert not wants_text({})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.0]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": st.integers(-2, 2),
        "maximum": st.integers(-2, 2),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    },
)


def _grow(inner: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    parts = st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    )
    return st.builds(lambda leaf, part: {**leaf, **part}, LEAVES, parts)


@given(VALUES, st.recursive(LEAVES, _grow, max_leaves=5))
def test_it_agrees_with_a_whole_validator_on_the_keywords_it_knows(value: object, schema: dict[str, object]) -> None:
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (mismatch(value, schema) is None) == expected
