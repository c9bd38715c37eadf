"""Joins a lot's answers to its rows, by key and fingerprint: one outcome for every row, in row order."""

import functools
import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import groupby
from operator import itemgetter

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.shard import Tally, Usage
from batchdrop.rows.answers import Answer, Expectation, judge
from batchdrop.rows.values import Again, Answered, Failed, Outcome, Problem, SideRow, Stage

Sides = Callable[[], Iterator[SideRow]]
Known = Callable[[], Container[str]]
Answers = Mapping[RowNumber, Sequence[Answer]] | Iterable[tuple[RowNumber, Answer]]


class _Echo(Enum):
    """Whose the echoed request of an answer is: this row's, nobody's, or another row's of the batch."""

    OWN = auto()
    UNKNOWN = auto()
    FOREIGN = auto()


class Collation:
    """Iterate once over it for the outcomes; `tally`, `usage` and `strays` are whole afterwards.

    An answer whose echo is another row's of the batch is an error of its own. One whose echo is nobody's is taken by
    its key, and counted. Of several answers for a row the best is taken: own before foreign, good before bad,
    recognised before unknown, then the earliest, then the smaller; the rest are counted as duplicates.
    `foreign` counts every such answer, `strays` those for rows that the lot does not have.
    """

    def __init__(self, sides: Sides, answers: Answers, expectation: Expectation, known: Known) -> None:
        self._sides = sides
        self._answers = answers
        self._expectation = expectation
        self._known = known
        self._counts: Counter[str] = Counter()
        self.usage = Usage()
        self.strays = 0

    @property
    def tally(self) -> Tally:
        """What became of the rows so far."""
        return Tally(**self._counts)

    def __iter__(self) -> Iterator[Outcome]:
        groups = _grouped(self._answers)
        row, answers = next(groups, _END)
        for side in self._sides():
            while row < side.row:
                self.strays += len(answers)
                row, answers = next(groups, _END)
            outcome = self._close(side, answers if row == side.row else [])
            if row == side.row:
                row, answers = next(groups, _END)
            self._count(outcome)
            yield outcome
        self.strays += len(answers) + sum(len(rest) for _, rest in groups)

    def _close(self, side: SideRow, answers: list[Answer]) -> Outcome:
        if not answers:
            return Again(side=side, problem=_MISSING)
        judged = [self._judge(side, answer) for answer in answers]
        echo, outcome, _ = judged[0] if len(judged) == 1 else min(judged, key=_preference)
        self._counts["duplicates"] += len(judged) - 1
        self._counts["foreign"] += sum(other is _Echo.FOREIGN for other, _, _ in judged)
        self._counts["unknown_echoes"] += echo is _Echo.UNKNOWN
        return outcome

    def _judge(self, side: SideRow, answer: Answer) -> tuple[_Echo, Outcome, Answer]:
        outcome = judge(answer, side, self._expectation)
        if answer.fingerprint == side.fingerprint:
            return _Echo.OWN, outcome, answer
        if answer.fingerprint in self._known():
            return _Echo.FOREIGN, Failed(side=side, problem=_FOREIGN_ANSWER, usage=_usage(outcome)), answer
        return _Echo.UNKNOWN, outcome, answer

    def _count(self, outcome: Outcome) -> None:
        self._counts[_field(outcome)] += 1
        self.usage += _usage(outcome)


def collate(sides: Sides, answers: Answers, expectation: Expectation, known: Known | None = None) -> Collation:
    """Join answers to the rows of a lot.

    Args:
        sides: opens the lot's sidecar, in row order; it may be called twice.
        answers: by row number of the shard; or pairs in ascending order of it, for what does not fit memory.
        expectation: what the job asks of its answers.
        known: opens the fingerprints of all rows that rode with these, the lot's own unless told. Called only when an
            echo is not its own row's, which is rare.

    Raises:
        ValueError: while iterating, if the pairs are out of order.
    """
    own = functools.cache(lambda: frozenset(side.fingerprint for side in sides()))
    return Collation(sides, answers, expectation, known or own)


_END: tuple[float, list[Answer]] = (math.inf, [])


def _grouped(answers: Answers) -> Iterator[tuple[float, list[Answer]]]:
    if isinstance(answers, Mapping):
        yield from ((row, list(answers[row])) for row in sorted(answers))
        return
    last = -1
    for row, pairs in groupby(answers, key=itemgetter(0)):
        if row < last:
            raise ValueError(f"The answers to collate are out of order: row {row} comes after row {last}")
        last = row
        yield row, [answer for _, answer in pairs]


def _preference(judged: tuple[_Echo, Outcome, Answer]) -> tuple[bool, bool, bool, float, int, bytes]:
    echo, outcome, answer = judged
    bad = not isinstance(outcome, Answered)
    # The answer's own bytes come last, so that the choice never depends on the order of arrival.
    foreign, unknown = echo is _Echo.FOREIGN, echo is _Echo.UNKNOWN
    return foreign, bad, unknown, _when(answer), answer.raw_size, msgspec.json.encode(answer)


def _when(answer: Answer) -> float:
    try:
        time = datetime.fromisoformat(answer.processed_time)
    except ValueError:
        return math.inf
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _field(outcome: Outcome) -> str:
    match outcome:
        case Answered():
            return "results"
        case Failed():
            return "errors"
        case Again():
            return "retried"


def _usage(outcome: Outcome) -> Usage:
    return outcome.output.usage if isinstance(outcome, Answered) else outcome.usage


_MISSING = Problem(
    stage=Stage.ANSWER,
    code="MISSING",
    message="Vertex gave no answer to this row.",
    hint="Drop the failed rows again.",
)
_FOREIGN_ANSWER = Problem(
    stage=Stage.ANSWER,
    code="FOREIGN_ANSWER",
    message="The answer under this row's key echoes the request of another row; it was put aside.",
    hint="Drop the failed rows again.",
)
