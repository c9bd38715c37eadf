import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.fingerprint import Continued, fingerprint, fingerprint_of, fingerprint_of_echo, pieces_of


def said(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}], **more}


SENT = {
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
NORMALISED = {
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


def test_a_fingerprint_is_sixteen_hex_digits() -> None:
    assert len(fingerprint(said({"text": "x"}))) == 16
    assert int(fingerprint({}), 16) >= 0


def test_a_normalised_echo_keeps_the_fingerprint() -> None:
    assert fingerprint(SENT) == fingerprint(NORMALISED)
    assert fingerprint_of_echo(json.dumps(NORMALISED).encode()) == fingerprint(SENT)


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


def test_a_hundred_thousand_texts_that_differ_in_one_place_have_as_many_fingerprints() -> None:
    assert len({fingerprint_of([f"the row {number} of many"]) for number in range(100_000)}) == 100_000


@pytest.mark.parametrize("echo", [b"", b"null", b"[1]", b"{", b'"text"', b"\xff", b'{"contents":"\xff"}'])
def test_what_is_no_object_has_no_fingerprint(echo: bytes) -> None:
    assert fingerprint_of_echo(echo) == ""


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.lists(st.text("ab\0ü", min_size=1)))
def test_going_on_from_what_was_hashed_gives_the_same(begin: list[str], rest: list[str]) -> None:
    assert Continued(begin).fingerprint("\0".join(rest).encode()) == fingerprint_of([*begin, *rest])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "contents",
                    "parts",
                    "text",
                    "fileData",
                    "file_uri",
                    "systemInstruction",
                    "inline_data",
                    "data",
                    "role",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["contents", "system_instruction", "systemInstruction"]), JSON))
def test_an_echo_has_one_fingerprint_however_it_is_read(echo: dict[str, Any]) -> None:
    assert fingerprint_of_echo(json.dumps(echo).encode()) == fingerprint(echo) == fingerprint_of(pieces_of(echo))


@given(st.binary())
def test_no_bytes_break_it(echo: bytes) -> None:
    assert len(fingerprint_of_echo(echo)) in (0, 16)
