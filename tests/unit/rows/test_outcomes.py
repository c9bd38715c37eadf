import msgspec
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.usage import Usage
from batchdrop.rows.outcomes import merge_outcomes, outcome_line, read_outcomes
from batchdrop.rows.values import Answered, Failed, Output, Problem, SideRow, Stage, text_raw

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNTS = st.integers(0, 2**60)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
SIDES = st.builds(
    SideRow,
    row=st.integers(0, 10**6).map(RowNumber),
    line=st.integers(1, 10**6),
    fingerprint=TEXTS,
    raw=TEXTS.map(text_raw),
)
OUTPUTS = st.builds(
    Output,
    text=TEXTS,
    finish_reason=TEXTS,
    usage=USAGES,
    response=JSON.map(lambda value: msgspec.Raw(msgspec.json.encode(value))),
    fields=st.none() | st.dictionaries(TEXTS, JSON, max_size=4),
)
PROBLEMS = st.builds(Problem, stage=st.sampled_from(Stage), code=TEXTS, message=TEXTS, hint=TEXTS, path=TEXTS)
OUTCOMES = st.builds(Answered, side=SIDES, output=OUTPUTS) | st.builds(
    Failed, side=SIDES, problem=PROBLEMS, usage=USAGES
)


@given(st.lists(OUTCOMES, max_size=6))
def test_outcomes_read_back_as_they_were_written(outcomes: list[Answered | Failed]) -> None:
    assert list(read_outcomes([b"".join(map(outcome_line, outcomes))])) == outcomes


@given(st.lists(OUTCOMES, max_size=6))
def test_every_outcome_is_one_line(outcomes: list[Answered | Failed]) -> None:
    assert b"".join(map(outcome_line, outcomes)).count(b"\n") == len(outcomes)


def test_a_response_keeps_its_own_bytes() -> None:
    response = b'{"b": 1.50, "a" : 12345678901234567890123}'
    outcome = Answered(
        side=SideRow(row=RowNumber(0), line=1, fingerprint="f", raw=msgspec.Raw(b"{}")),
        output=Output(text="", finish_reason="STOP", usage=Usage(), response=msgspec.Raw(response)),
    )
    (read,) = read_outcomes([outcome_line(outcome)])
    assert isinstance(read, Answered)
    assert bytes(read.output.response) == response


def test_fields_keep_their_order() -> None:
    output = Output(
        text="", finish_reason="", usage=Usage(), response=msgspec.Raw(b"null"), fields={"z": 1, "a": None, "m": 2}
    )
    side = SideRow(row=RowNumber(0), line=1, fingerprint="f", raw=msgspec.Raw(b"{}"))
    (read,) = read_outcomes([outcome_line(Answered(side=side, output=output))])
    assert isinstance(read, Answered)
    assert read.output.fields is not None
    assert list(read.output.fields) == ["z", "a", "m"]


def failed(row: int) -> Failed:
    side = SideRow(row=RowNumber(row), line=row + 1, fingerprint="", raw=msgspec.Raw(b"{}"))
    return Failed(side=side, problem=Problem(stage=Stage.ANSWER, code="C", message="", hint=""))


@given(st.lists(st.integers(0, 3), max_size=40))
def test_lots_of_a_shard_merge_into_row_order(lot_of_row: list[int]) -> None:
    lots = [[failed(row) for row, lot in enumerate(lot_of_row) if lot == number] for number in range(4)]
    merged = merge_outcomes(map(iter, lots))
    assert [outcome.side.row for outcome in merged] == list(range(len(lot_of_row)))


def test_no_lots_merge_into_nothing() -> None:
    assert list(merge_outcomes([])) == []
