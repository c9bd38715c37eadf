import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.conform import Checker, Mismatch, Schema, properties_of, wants_text

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
    },
    "required": ["name"],
}


def mismatch(value: object, schema: Schema) -> Mismatch | None:
    checker = Checker(schema)
    found = checker.mismatch(value)
    assert checker.fits(value) == (found is None)
    return found


@pytest.mark.parametrize(
    "value",
    [{"name": "x"}, {"name": "x", "age": 3}, {"name": "x", "age": 3.0}, {"name": "x", "tags": ["a", "b"], "more": 1}],
)
def test_a_value_that_fits_has_no_mismatch(value: object) -> None:
    assert mismatch(value, PERSON) is None


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ([], "$", "An array does not fit `type: object`."),
        ({}, "$.name", "A required property is missing."),
        ({"name": None}, "$.name", "Null does not fit `type: string`."),
        ({"name": ""}, "$.name", "A string does not fit `minLength: 1`."),
        ({"name": "x", "age": "3"}, "$.age", "A string does not fit `type: integer`."),
        ({"name": "x", "age": 3.5}, "$.age", "A number does not fit `type: integer`."),
        ({"name": "x", "age": True}, "$.age", "A boolean does not fit `type: integer`."),
        ({"name": "x", "age": -1}, "$.age", "A number does not fit `minimum: 0`."),
        ({"name": "x", "tags": ["a", "c"]}, "$.tags[1]", "A string does not fit `enum`."),
        ({"name": "x", "tags": ["a", "a", "a"]}, "$.tags", "An array does not fit `maxItems: 2`."),
    ],
)
def test_a_mismatch_names_the_place_and_never_the_value(value: object, path: str, message: str) -> None:
    assert mismatch(value, PERSON) == Mismatch(path, message)


def test_a_name_that_only_the_answer_has_is_not_told() -> None:
    schema: Schema = {"additionalProperties": {"type": "string"}}
    assert mismatch({"secret": 1}, schema) == Mismatch("$.*", "A number does not fit `type: string`.")


def test_types_may_be_written_as_vertex_writes_them() -> None:
    schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "nullable": True}, "s": {"maxLength": "2"}}}
    assert mismatch({"n": None, "s": "ab"}, schema) is None
    assert mismatch({"n": 1.5}, schema) == Mismatch("$.n", "A number does not fit `type: integer or null`.")
    assert mismatch({"s": "abc"}, schema) == Mismatch("$.s", "A string does not fit `maxLength: 2`.")


@pytest.mark.parametrize(
    "schema", [{"type": "STRING", "enum": ["a"], "nullable": True}, {"anyOf": [{"type": "STRING"}], "nullable": True}]
)
def test_what_may_be_null_may_be_null(schema: Schema) -> None:
    assert mismatch(None, schema) is None
    assert mismatch("a", schema) is None
    assert mismatch(1, schema) is not None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 1e22])
def test_an_integer_has_to_fit_64_bits(number: float) -> None:
    assert mismatch(number, {"type": "integer"}) is not None
    assert mismatch(number, {"type": "number"}) is None


def test_a_definition_is_followed() -> None:
    schema = {
        "type": "array",
        "items": {"$ref": "#/$defs/label"},
        "$defs": {"label": {"$ref": "#/$defs/enum"}, "enum": {"enum": ["x", "y"]}},
    }
    assert mismatch(["x", "y"], schema) is None
    assert mismatch(["z"], schema) == Mismatch("$[0]", "A string does not fit `enum`.")


@pytest.mark.parametrize(
    "schema",
    [{"type": "thing"}, {"$ref": "https://example.com/schema.json"}, {"$ref": "#/$defs/none"}, {"pattern": "("}],
)
def test_what_is_no_schema_is_refused_and_nothing_is_fetched(schema: Schema) -> None:
    with pytest.raises(ValueError, match=r"."):
        Checker(schema)


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
def test_it_agrees_with_the_reference_and_tells_no_words_of_the_answer(
    value: object, schema: dict[str, object]
) -> None:
    found = mismatch(value, schema)
    assert (found is None) == jsonschema.Draft202012Validator(schema).is_valid(value)
    assert found is None or len(found.message) < 100
