from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.shard import Tally
from batchdrop.domain.usage import Usage
from batchdrop.rows.answers import Answer, Expectation, Judge
from batchdrop.rows.collate import Collation, collate
from batchdrop.rows.replies import Kind, Reply
from batchdrop.rows.values import Again, Answered, Failed, Outcome, SideRow

JUDGE = Judge(Expectation())
Pairs = list[tuple[RowNumber, Answer]]


def side(row: int, fingerprint: str | None = None) -> SideRow:
    return SideRow(row=RowNumber(row), line=row + 1, fingerprint=fingerprint or f"f{row}", raw=msgspec.Raw(b"{}"))


def answer(  # noqa: PLR0913  # what the cases differ in
    row: int, text: str = "ok", *, fingerprint: str | None = None, status: str = "", at: str = "", size: int = 100
) -> Answer:
    return Answer(
        fingerprint=f"f{row}" if fingerprint is None else fingerprint,
        status=status,
        processed_time=at,
        raw_size=size,
        reply=Reply(Kind.EMPTY) if status else Reply(Kind.SPOKEN, "STOP", text, (1, 1, 0, 0, 0, 0, 0, 0)),
    )


def pairs_of(answers: dict[int, list[Answer]]) -> Pairs:
    return [(RowNumber(row), found) for row in sorted(answers) for found in answers[row]]


def collation_of(sides: Sequence[SideRow], pairs: Iterable[tuple[RowNumber, Answer]]) -> Collation:
    return collate(sides, pairs, JUDGE, lambda: {one.fingerprint for one in sides})


def run(sides: Sequence[SideRow], answers: dict[int, list[Answer]]) -> tuple[list[Outcome], Tally, Usage]:
    collation = collation_of(sides, pairs_of(answers))
    return list(collation), collation.tally, collation.usage


def text_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Answered), outcome
    return outcome.output.text


def code_of(outcome: Outcome) -> str:
    assert not isinstance(outcome, Answered)
    return outcome.problem.code


def test_answers_come_out_in_row_order_whatever_the_order_they_came_in() -> None:
    outcomes, tally, usage = run(
        [side(0), side(1), side(2)], {2: [answer(2, "c")], 0: [answer(0, "a")], 1: [answer(1, "b")]}
    )
    assert [text_of(outcome) for outcome in outcomes] == ["a", "b", "c"]
    assert tally == Tally(results=3)
    assert usage == Usage(rows=3, prompt=3)


def test_long_prompts_are_counted_apart() -> None:
    replies = [Reply(Kind.SPOKEN, "STOP", "x", (1, prompt, 0, 0, 0, 0, 7, 0)) for prompt in (200_000, 200_001)]
    long = {row: [msgspec.structs.replace(answer(row), reply=reply)] for row, reply in enumerate(replies)}
    collation = collation_of([side(0), side(1)], pairs_of(long))
    assert len(list(collation)) == 2
    assert (collation.usage, collation.long_usage) == (Usage(1, 200_000, audio=7), Usage(1, 200_001, audio=7))


def test_results_that_do_not_tell_what_they_took_are_counted() -> None:
    silent = msgspec.structs.replace(answer(0), reply=Reply(Kind.SPOKEN, "STOP", "x"))
    _, tally, usage = run([side(0), side(1)], {0: [silent], 1: [answer(1)]})
    assert tally == Tally(results=2, unreported=1)
    assert usage == Usage(1, 1)


def test_a_row_without_an_answer_is_tried_again() -> None:
    outcomes, tally, _ = run([side(0), side(1)], {0: [answer(0)]})
    assert isinstance(outcomes[1], Again)
    assert code_of(outcomes[1]) == "MISSING"
    assert tally == Tally(results=1, retried=1)


def test_an_answer_to_another_row_is_an_error_and_never_a_result() -> None:
    swapped = {0: [answer(0, fingerprint="f1")], 1: [answer(1, fingerprint="f0")]}
    outcomes, tally, usage = run([side(0), side(1)], swapped)
    assert all(isinstance(outcome, Failed) for outcome in outcomes)
    assert [code_of(outcome) for outcome in outcomes] == ["FOREIGN_ANSWER"] * 2
    assert tally == Tally(errors=2, foreign=2)
    assert usage == Usage(rows=2, prompt=2)


def test_rows_that_ask_the_same_may_share_a_fingerprint() -> None:
    sides = [side(0, "same"), side(1, "same")]
    outcomes, tally, _ = run(sides, {0: [answer(0, fingerprint="same")], 1: [answer(1, fingerprint="same")]})
    assert tally == Tally(results=2)
    assert len(outcomes) == 2


@pytest.mark.parametrize("fingerprint", ["nobody's", ""])
def test_an_echo_that_is_nobodys_is_taken_by_key_and_counted(fingerprint: str) -> None:
    outcomes, tally, _ = run([side(0)], {0: [answer(0, fingerprint=fingerprint)]})
    assert text_of(outcomes[0]) == "ok"
    assert tally == Tally(results=1, unknown_echoes=1)


def test_of_duplicates_the_good_one_is_taken() -> None:
    found = [answer(0, status="400 no", at="2025-01-01T00:00:00Z"), answer(0, "good", at="2025-01-02T00:00:00Z")]
    outcomes, tally, _ = run([side(0)], {0: found})
    assert text_of(outcomes[0]) == "good"
    assert tally == Tally(results=1, duplicates=1)


def test_of_good_duplicates_the_earliest_is_taken_whatever_its_time_zone() -> None:
    times = {"late": "2025-01-01T10:00:00.5+00:00", "early": "2025-01-01T11:00:00+02:00", "never": "soon", "none": ""}
    outcomes, tally, _ = run([side(0)], {0: [answer(0, text, at=at) for text, at in times.items()]})
    assert text_of(outcomes[0]) == "early"
    assert tally.duplicates == 3


def test_of_equally_early_duplicates_the_smaller_is_taken() -> None:
    outcomes, _, _ = run([side(0)], {0: [answer(0, "long", size=9), answer(0, "short", size=8)]})
    assert text_of(outcomes[0]) == "short"


@pytest.mark.parametrize("texts", [("a", "b"), ("b", "a")])
def test_duplicates_alike_in_all_else_are_told_apart_by_what_they_say(texts: tuple[str, str]) -> None:
    outcomes, _, _ = run([side(0)], {0: [answer(0, text) for text in texts]})
    assert text_of(outcomes[0]) == "a"


def test_a_recognised_duplicate_is_taken_before_an_unknown_one() -> None:
    found = [
        answer(0, "unknown", fingerprint="x", at="2025-01-01T00:00:00Z"),
        answer(0, "own", at="2025-01-02T00:00:00Z"),
    ]
    outcomes, tally, _ = run([side(0)], {0: found})
    assert text_of(outcomes[0]) == "own"
    assert tally == Tally(results=1, duplicates=1)


def test_a_bad_answer_of_its_own_is_taken_before_a_good_one_of_another_row() -> None:
    found = [answer(0, "foreign", fingerprint="f1"), answer(0, status="400 no")]
    outcomes, tally, _ = run([side(0), side(1)], {0: found, 1: [answer(1)]})
    assert code_of(outcomes[0]) == "VERTEX_INVALID_ARGUMENT"
    assert tally == Tally(results=1, errors=1, duplicates=1, foreign=1)


def test_the_rows_of_the_batch_are_asked_for_only_because_of_a_strange_echo() -> None:
    opened: list[int] = []

    def known() -> set[str]:
        opened.append(1)
        return {"f0", "f1"}

    sides = [side(0), side(1)]
    plain = pairs_of({0: [answer(0)], 1: [answer(1)]})
    assert len(list(collate(sides, plain, JUDGE, known))) == 2
    assert not opened
    strange = pairs_of({0: [answer(0, fingerprint="x")], 1: [answer(1)]})
    assert len(list(collate(sides, strange, JUDGE, known))) == 2
    assert opened


def test_answers_for_rows_that_are_not_asked_for_are_counted_apart() -> None:
    collation = collation_of([side(1), side(3)], pairs_of({row: [answer(row)] for row in (0, 1, 2, 3, 4, 5)}))
    assert [outcome.side.row for outcome in collation] == [1, 3]
    assert collation.strays == 4
    assert collation.tally == Tally(results=2)


def test_an_answer_found_by_its_echo_is_counted() -> None:
    collation = collation_of([side(0)], [(RowNumber(0), msgspec.structs.replace(answer(0), rekeyed=True))])
    assert len(list(collation)) == 1
    assert collation.tally == Tally(results=1, rekeyed=1)


def test_a_row_that_will_not_be_tried_again_is_an_error() -> None:
    collation = collation_of([side(0), side(1)], [])
    for _ in collation:
        collation.settle()
    assert collation.tally == Tally(errors=2)


def test_pairs_are_read_no_further_than_needed() -> None:
    taken: list[int] = []

    def pairs() -> Iterator[tuple[RowNumber, Answer]]:
        for row in range(10):
            taken.append(row)
            yield RowNumber(row), answer(row)

    outcomes = iter(collation_of([side(row) for row in range(10)], pairs()))
    next(outcomes)
    assert max(taken) <= 2


ANSWERS = st.builds(
    answer,
    st.just(0),
    st.sampled_from(["a", "b"]),
    fingerprint=st.sampled_from(["f0", "f1", "f2", "f3", "x", ""]),
    status=st.sampled_from(["", "", "429 slow down", "400 no"]),
    at=st.sampled_from(["", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000+00:00", "2025-01-02T00:00:00"]),
    size=st.integers(1, 3),
)
LOTS = st.tuples(
    st.sets(st.integers(0, 5)).map(sorted),
    st.dictionaries(st.integers(0, 7), st.lists(ANSWERS, min_size=1, max_size=4)),
)


@given(LOTS)
def test_every_row_ends_exactly_once_and_every_answer_is_accounted_for(
    lot: tuple[list[int], dict[int, list[Answer]]],
) -> None:
    rows, answers = lot
    collation = collation_of([side(row) for row in rows], pairs_of(answers))
    outcomes = list(collation)
    tally = collation.tally
    assert [outcome.side.row for outcome in outcomes] == rows
    assert tally.results + tally.errors + tally.retried == len(rows)
    missing = sum(code_of(outcome) == "MISSING" for outcome in outcomes if isinstance(outcome, Again))
    taken = len(rows) - missing
    assert taken + tally.duplicates + collation.strays == sum(map(len, answers.values()))


@given(LOTS, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_never_matters(lot: tuple[list[int], dict[int, list[Answer]]], random: object) -> None:
    rows, answers = lot
    shuffled = {row: random.sample(found, len(found)) for row, found in reversed(answers.items())}  # type: ignore[attr-defined]
    sides = [side(row) for row in rows]
    assert run(sides, answers) == run(sides, shuffled)


@given(LOTS)
def test_no_row_is_answered_with_what_echoes_another_row(lot: tuple[list[int], dict[int, list[Answer]]]) -> None:
    rows, answers = lot
    outcomes, _, _ = run([side(row) for row in rows], answers)
    known = {f"f{row}" for row in rows}
    for outcome in outcomes:
        if isinstance(outcome, Answered):
            own = outcome.side.fingerprint
            echoes = {found.fingerprint for found in answers[outcome.side.row]}
            assert own in echoes or echoes - known
