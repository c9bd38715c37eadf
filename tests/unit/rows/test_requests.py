from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowKey
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.requests import (
    MAX_PATHS,
    RowProblem,
    check_native,
    check_size,
    fingerprint,
    merge,
    request_line,
    signature,
)


def said(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}], **more}


def code_of(value: dict[str, Any]) -> str:
    problem = check_native(value)
    return problem.code if problem else ""


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


PATHS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["string", "number"]), max_size=5)


def test_a_request_line_holds_the_key_and_the_request_and_nothing_else() -> None:
    line = request_line(RowKey("j1.0.7"), said({"text": "ä\n"}))
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert orjson.loads(line) == {"custom_id": "j1.0.7", "request": said({"text": "ä\n"})}


def test_a_line_longer_than_vertex_takes_is_a_problem() -> None:
    assert check_size(b"x" * REQUEST_BYTES) is None
    problem = check_size(b"x" * (REQUEST_BYTES + 1))
    assert problem is not None
    assert problem.code == "REQUEST_TOO_LARGE"


@pytest.mark.parametrize(
    "request_",
    [
        said({"text": "hello"}),
        said({"text": ""}),
        {"contents": [{"parts": [{"text": "no role, but alone"}]}]},
        said({"fileData": {"fileUri": "gs://b/x.pdf", "mimeType": "application/pdf"}}),
        said({"file_data": {"file_uri": "gs://b/x.pdf", "mime_type": "application/pdf"}}),
        said({"inlineData": {"data": "AAAA", "mimeType": "image/png"}}),
        {"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]}]},
    ],
)
def test_a_sound_native_line_has_no_problem(request_: dict[str, Any]) -> None:
    assert check_native({"request": request_, "id": 1}) is None


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ({}, "NO_REQUEST", "request"),
        ({"request": "x"}, "NO_REQUEST", "request"),
        ({"request": {}}, "NO_CONTENTS", "request.contents"),
        ({"request": {"contents": {"parts": []}}}, "NO_CONTENTS", "request.contents"),
        ({"request": {"contents": ["x"]}}, "BAD_CONTENT", "request.contents[0]"),
        (
            {"request": {"contents": [{"role": "system", "parts": [{"text": "x"}]}]}},
            "BAD_ROLE",
            "request.contents[0].role",
        ),
        ({"request": {"contents": [{"parts": [{"text": "x"}]}] * 2}}, "BAD_ROLE", "request.contents[0].role"),
        ({"request": {"contents": [{"role": "user"}]}}, "NO_PARTS", "request.contents[0].parts"),
        ({"request": said({})}, "BAD_PART", "request.contents[0].parts[0]"),
        ({"request": said({"text": None})}, "BAD_PART", "request.contents[0].parts[0]"),
        ({"request": said({"text": 5})}, "BAD_TEXT", "request.contents[0].parts[0].text"),
        (
            {"request": said({"fileData": {"fileUri": "https://x/y.png"}})},
            "BAD_URI",
            "request.contents[0].parts[0].fileData.fileUri",
        ),
        ({"request": said({"file_data": {}})}, "BAD_URI", "request.contents[0].parts[0].fileData.fileUri"),
        ({"request": said({"text": "x"}, extra=nested(15))}, "TOO_DEEP", "request"),
    ],
)
def test_what_vertex_would_refuse_is_named_with_its_path(value: dict[str, Any], code: str, path: str) -> None:
    problem = check_native(value)
    assert problem is not None
    assert (problem.code, problem.path) == (code, path)


def test_objects_may_nest_as_deep_as_a_table_can() -> None:
    assert code_of({"request": said({"text": "x"}, extra=nested(14))}) == ""


def test_arrays_in_arrays_count_as_depth_too() -> None:
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    assert code_of({"request": said({"text": "x"}, extra=deep)}) == "TOO_DEEP"
    with pytest.raises(RowProblem):
        signature({"extra": deep})


def test_a_signature_maps_paths_to_types() -> None:
    assert signature({**said({"text": "a"}, {"text": "b"}), "generationConfig": {"temperature": 0, "seed": None}}) == {
        "contents": "array",
        "contents[]": "object",
        "contents[].role": "string",
        "contents[].parts": "array",
        "contents[].parts[]": "object",
        "contents[].parts[].text": "string",
        "generationConfig": "object",
        "generationConfig.temperature": "number",
    }


def test_integers_and_floats_are_the_same_type_and_booleans_are_not() -> None:
    assert signature({"a": [1, 2.5]}) == {"a": "array", "a[]": "number"}
    assert signature({"a": True}) == {"a": "boolean"}


def test_two_types_at_one_place_of_a_request_are_its_own_problem() -> None:
    with pytest.raises(RowProblem) as caught:
        signature({"enum": ["a", 1]})
    assert caught.value.problem.code == "MIXED_TYPES"
    assert caught.value.problem.path == "request.enum[]"


def test_a_request_of_too_many_paths_has_no_signature() -> None:
    assert signature({str(number): 1 for number in range(MAX_PATHS)}) is not None
    assert signature({str(number): 1 for number in range(MAX_PATHS + 1)}) is None


def test_signatures_with_a_conflict_do_not_merge() -> None:
    assert merge({"a": "string"}, {"a": "number"}) is None
    assert merge({"a": "string"}, {"b": "number"}) == {"a": "string", "b": "number"}


def test_signatures_that_outgrow_a_document_do_not_merge() -> None:
    assert merge({f"a{n}": "string" for n in range(300)}, {f"b{n}": "string" for n in range(300)}) is None


@given(PATHS, PATHS)
def test_merging_does_not_depend_on_the_order(a: dict[str, str], b: dict[str, str]) -> None:
    assert merge(a, b) == merge(b, a)


@given(PATHS)
def test_a_signature_merges_with_itself(a: dict[str, str]) -> None:
    assert merge(a, a) == a


def test_a_fingerprint_is_sixteen_hex_digits() -> None:
    assert len(fingerprint(said({"text": "x"}))) == 16
    assert int(fingerprint({}), 16) >= 0


def test_a_normalised_echo_keeps_the_fingerprint() -> None:
    sent = {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"fileData": {"fileUri": "gs://b/x", "mimeType": "image/png"}},
                    {"inlineData": {"mimeType": "image/png", "data": "a-_b=="}},
                    {"text": "what?"},
                ],
            }
        ],
    }
    echo = {
        "labels": None,
        "contents": [
            {
                "parts": [
                    {"text": "", "file_data": {"mime_type": "image/png", "file_uri": "gs://b/x"}, "inline_data": None},
                    {"inline_data": {"data": "a+/b", "mime_type": "image/png"}, "text": None},
                    {"thought": False, "text": "what?", "file_data": None},
                ],
                "role": "user",
            }
        ],
        "system_instruction": {"role": "system", "parts": [{"text": "be brief"}]},
    }
    assert fingerprint(sent) == fingerprint(echo)


@pytest.mark.parametrize(
    "other",
    [
        said({"text": "a"}, {"text": "bc"}),
        said({"text": "abc"}),
        said({"text": "ab"}, {"fileData": {"fileUri": "c"}}),
        said({"text": "c"}, {"text": "ab"}),
        said({"text": "ab"}, {"inlineData": {"data": "c"}}),
        {},
    ],
)
def test_what_is_said_differently_has_another_fingerprint(other: dict[str, Any]) -> None:
    assert fingerprint(other) != fingerprint(said({"text": "ab"}, {"text": "c"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["contents", "parts", "text", "fileData", "systemInstruction", "request", "role"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["request", "contents", "systemInstruction"]), JSON))
def test_no_json_whatever_breaks_the_checks(value: dict[str, Any]) -> None:
    problem = check_native(value)
    assert problem is None or problem.message
    assert len(fingerprint(value)) == 16


def test_the_text_of_a_row_problem_holds_no_row_data() -> None:
    with pytest.raises(RowProblem) as caught:
        signature({"secret-key": ["a", 1]})
    assert str(caught.value) == "MIXED_TYPES"
