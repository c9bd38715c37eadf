import itertools

import orjson
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.columns import Column, ColumnKind, FoundColumns
from batchdrop.rows.result_columns import (
    COUNTS,
    MOST_COLUMNS,
    ColumnFinder,
    all_columns,
    answer_columns,
    kind_of,
    mixed,
    untaken,
)

SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}, "tags": {"type": "array"}}}


def test_an_answer_without_a_schema_has_an_output_and_its_counts() -> None:
    assert answer_columns(None, ("id",)) == ("output", *COUNTS)
    assert answer_columns({"type": "array"}, ()) == ("output", *COUNTS)


def test_an_answer_with_an_object_schema_has_a_column_per_property() -> None:
    assert answer_columns(SCHEMA, ("id",)) == ("label", "tags", *COUNTS)


def test_a_name_that_is_taken_gets_a_prefix_then_a_number() -> None:
    assert answer_columns(None, ("output",)) == ("answer_output", *COUNTS)
    assert answer_columns(None, ("output", "answer_output")) == ("answer_2_output", *COUNTS)
    assert answer_columns(None, COUNTS) == ("output", *(f"answer_{name}" for name in COUNTS))


def test_a_property_keeps_its_name_before_a_count_does() -> None:
    schema: dict[str, object] = {"properties": {"finish_reason": {}, "answer_x": {}, "x": {}}}
    assert answer_columns(schema, ("x",)) == (
        "finish_reason",
        "answer_x",
        "answer_2_x",
        "answer_finish_reason",
        "prompt_tokens",
        "output_tokens",
    )


def test_a_renamed_property_does_not_take_the_name_of_another() -> None:
    columns = answer_columns({"properties": {"x": {}, "answer_x": {}}}, ("x",))
    assert columns[:2] == ("answer_2_x", "answer_x")


NAMES = st.sampled_from(["x", "output", "answer_x", "answer_2_x", "answer_output", "finish_reason"])


@given(st.lists(NAMES, unique=True), st.lists(NAMES, unique=True))
def test_no_two_columns_share_a_name(properties: list[str], taken: list[str]) -> None:
    columns = answer_columns({"properties": {name: {} for name in properties}}, tuple(taken))
    assert len({*columns, *taken}) == len(columns) + len(taken)


def found_in(*records: dict[str, object], kinds: bool = True) -> FoundColumns:
    finder = ColumnFinder(("output", *COUNTS), kinds=kinds)
    for record in records:
        finder.see(record)
    return finder.found


def test_columns_come_in_the_order_in_which_they_were_first_seen() -> None:
    found = found_in({"b": 1, "a": 2}, {"c": 3, "a": 4}, kinds=False)
    assert [column.name for column in found.columns] == ["b", "a", "c"]


def test_a_column_is_as_narrow_as_its_values_allow() -> None:
    records: list[dict[str, object]] = [
        {"truth": True, "whole": 1, "long": 2**60, "number": 1, "text": "x", "any": 1, "list": [1], "none": None},
        {"truth": None, "whole": -5, "long": 1, "number": 1.5, "text": "", "any": "1", "list": None},
    ]
    assert {column.name: column.kind for column in found_in(*records).columns} == {
        "truth": ColumnKind.TRUTH,
        "whole": ColumnKind.WHOLE,
        "long": ColumnKind.LONG,
        "number": ColumnKind.NUMBER,
        "text": ColumnKind.TEXT,
        "any": ColumnKind.JSON,
        "list": ColumnKind.JSON,
        "none": ColumnKind.NOTHING,
    }


def test_an_integer_that_no_double_holds_does_not_mix_with_numbers() -> None:
    assert mixed(kind_of(2**60), kind_of(0.5)) is ColumnKind.JSON
    assert kind_of(2**64 - 1) is ColumnKind.JSON


def test_of_too_many_names_only_those_that_could_clash_are_kept() -> None:
    record: dict[str, object] = {f"c{number}": 1 for number in range(MOST_COLUMNS)}
    found = found_in({"output": 1}, record, {"answer_output": 1, "answer_2_finish_reason": 1, "answer_other": 1})
    assert found.too_many
    assert [column.name for column in found.columns] == ["output", "answer_output", "answer_2_finish_reason"]


def test_names_that_are_long_together_are_too_many() -> None:
    assert found_in({f"{number}" * 10_000: 1 for number in range(3)}).too_many


KEYS = st.sampled_from(["a", "b", "output", "answer_output", "answer_2_output", "finish_reason", *"cdefgh"])
VALUES = st.sampled_from([None, True, 1, 2**60, 0.5, "x", [1]])
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=12)


@given(RECORDS, st.lists(st.integers(0, 12)))
def test_the_columns_of_a_file_do_not_depend_on_how_it_was_cut(
    records: list[dict[str, object]], cuts: list[int]
) -> None:
    bounds = [0, *sorted(cuts), len(records)]
    shards = [found_in(*records[start:end]) for start, end in itertools.pairwise(bounds)]
    assert all_columns(shards, ("output", *COUNTS)) == found_in(*records)


@given(RECORDS)
def test_every_value_fits_its_column(records: list[dict[str, object]]) -> None:
    kinds = {column.name: column.kind for column in found_in(*records).columns}
    for record in records:
        for name, value in record.items():
            assert mixed(kinds[name], kind_of(value)) is kinds[name], orjson.dumps(record)


def test_too_many_columns_of_one_shard_are_too_many_of_the_file() -> None:
    some, many = FoundColumns(columns=(Column("a"), Column("output"))), FoundColumns(too_many=True)
    assert all_columns([some, many], ("output",)) == FoundColumns(columns=(Column("output"),), too_many=True)


def test_wanted_names_that_are_free_stay() -> None:
    assert untaken(("x", "y"), ("z",)) == ("x", "y")
