from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.signatures import MAX_PATHS, PLAIN, merge, signature_of

SIGNATURES = st.dictionaries(
    st.sampled_from("abcde"), st.sampled_from(["string", "number", "array", "null"]), max_size=5
)


def test_requests_without_anything_free_share_one_signature() -> None:
    assert signature_of({}) is PLAIN


def test_signatures_with_a_conflict_do_not_merge() -> None:
    assert merge({"a": "string"}, {"a": "number"}) is None
    assert merge({"a": "string"}, {"b": "number"}) == {"a": "string", "b": "number"}


def test_a_null_goes_with_any_type_but_an_array() -> None:
    assert merge({"a": "null"}, {"a": "object"}) == {"a": "object"}
    assert merge({"a": "string"}, {"a": "null"}) == {"a": "string"}
    assert merge({"a": "null"}, {"a": "array"}) is None


def test_signatures_that_outgrow_a_document_do_not_merge() -> None:
    assert merge({f"a{n}": "string" for n in range(300)}, {f"b{n}": "string" for n in range(300)}) is None


def test_requests_of_too_many_paths_share_a_batch_with_their_like_alone() -> None:
    large = signature_of({f"a{number}": "string" for number in range(MAX_PATHS + 1)})
    same = signature_of({f"a{number}": "string" for number in reversed(range(MAX_PATHS + 1))})
    other = signature_of({f"a{number}": "number" for number in range(MAX_PATHS + 1)})
    assert len(large) == 1
    assert merge(large, same) == large
    assert merge(large, PLAIN) == merge(PLAIN, large) == large
    assert merge(large, other) is None
    assert merge(large, {"x": "string"}) is merge({"x": "string"}, large) is None


@given(SIGNATURES, SIGNATURES)
def test_merging_does_not_depend_on_the_order(a: dict[str, str], b: dict[str, str]) -> None:
    assert merge(a, b) == merge(b, a)


@given(SIGNATURES)
def test_a_signature_merges_with_itself(a: dict[str, str]) -> None:
    assert merge(a, dict(a)) == a
