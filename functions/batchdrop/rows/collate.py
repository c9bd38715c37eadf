"""Joins answers to the rows they are for, by key and fingerprint: one outcome for every row, in row order."""

import math
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, datetime
from enum import Enum, auto

import msgspec

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.shard import Tally
from batchdrop.domain.usage import LONG_PROMPT, Usage
from batchdrop.rows.answers import Answer, Judge
from batchdrop.rows.replies import Kind, Reply
from batchdrop.rows.values import Again, Answered, Failed, Outcome, Problem, SideRow, Stage
from batchdrop.rows.verdict import BLOCKED, MISFITS

Known = Callable[[], Container[str]]
Pair = tuple[RowNumber, Answer]


class _Echo(Enum):
    """Whose the echoed request of an answer is: this row's, nobody's, or another row's of the batch."""

    OWN = auto()
    UNKNOWN = auto()
    FOREIGN = auto()


class Collation:
    """Iterate once over it for the outcomes; `tally`, the usages and `strays` are whole afterwards.

    An answer whose echo is another row's of the batch is an error of its own. One whose echo is nobody's is taken by
    its key, and counted. Of several answers for a row the best is taken: own before foreign, good before bad,
    recognised before unknown, then the earliest, then the smaller; the rest are counted as duplicates.
    `foreign` counts every such answer, `strays` those for rows that are not asked for.
    """

    def __init__(self, sides: Iterable[SideRow], answers: Iterable[Pair], judge: Judge, known: Known) -> None:
        self._sides = sides
        self._answers = answers
        self._judge = judge.judge
        self._known = known
        self._results = self._errors = self._retried = 0
        self._duplicates = self._unknown = self._foreign = self._rekeyed = self._lenient = 0
        self._refused = self._misfits = 0
        self._unreported = 0
        self._usual, self._long, self._saved, self._saved_long = ([0] * len(Usage.__struct_fields__) for _ in range(4))
        self.strays = 0

    @property
    def tally(self) -> Tally:
        """What became of the rows so far."""
        return Tally(
            results=self._results,
            errors=self._errors,
            retried=self._retried,
            duplicates=self._duplicates,
            unknown_echoes=self._unknown,
            foreign=self._foreign,
            rekeyed=self._rekeyed,
            lenient=self._lenient,
            refused=self._refused,
            misfits=self._misfits,
            unreported=self._unreported,
        )

    @property
    def usage(self) -> Usage:
        """What the answers to usual prompts took so far."""
        return Usage(*self._usual)

    @property
    def long_usage(self) -> Usage:
        """What the answers to long prompts took so far."""
        return Usage(*self._long)

    @property
    def saved(self) -> Usage:
        """What the answers to usual prompts would have taken more so far, had each row been asked by itself."""
        return Usage(*self._saved)

    @property
    def long_saved(self) -> Usage:
        """The same of long prompts."""
        return Usage(*self._saved_long)

    def settle(self) -> None:
        """Count the row that was given last as an error: it was to be tried again, but will not be."""
        self._retried -= 1
        self._errors += 1

    def __iter__(self) -> Iterator[Outcome]:
        pairs, judge, count = iter(self._answers), self._judge, self._count
        row, answer = next(pairs, _END)
        for side in self._sides:
            own = side.row
            while row < own:
                self.strays += 1
                row, answer = next(pairs, _END)
            if row != own:
                outcome: Outcome = Again(side=side, problem=_MISSING)
            else:
                first = answer
                row, answer = next(pairs, _END)
                if row != own and first.fingerprint == side.fingerprint:
                    if first.rekeyed:
                        self._rekeyed += 1
                    outcome = judge(first, side)
                else:
                    several = [first]
                    while row == own:
                        several.append(answer)
                        row, answer = next(pairs, _END)
                    outcome = self._choose(side, several)
            count(outcome)
            yield outcome
        self.strays += (row < math.inf) + sum(1 for _ in pairs)

    def _choose(self, side: SideRow, answers: list[Answer]) -> Outcome:
        judged = [self._weigh(side, answer) for answer in answers]
        echo, outcome, answer = judged[0] if len(judged) == 1 else min(judged, key=_preference)
        self._duplicates += len(judged) - 1
        self._foreign += sum(other is _Echo.FOREIGN for other, _, _ in judged)
        self._unknown += echo is _Echo.UNKNOWN
        self._rekeyed += answer.rekeyed
        return outcome

    def _weigh(self, side: SideRow, answer: Answer) -> tuple[_Echo, Outcome, Answer]:
        outcome = self._judge(answer, side)
        if answer.fingerprint == side.fingerprint:
            return _Echo.OWN, outcome, answer
        if answer.fingerprint and answer.fingerprint in self._known():
            return _Echo.FOREIGN, Failed(side=side, problem=_FOREIGN_ANSWER, usage=_usage(outcome)), answer
        return _Echo.UNKNOWN, outcome, answer

    def _count(self, outcome: Outcome) -> None:
        shared = outcome.side.twin_of is not None
        if type(outcome) is Answered:
            output = outcome.output
            used = output.usage
            self._results += 1
            if output.lenient:
                self._lenient += 1
            if not used.rows and not shared:
                self._unreported += 1
        else:
            used = outcome.usage
            self._count_unanswered(outcome)
        if used.rows:
            if used.prompt <= LONG_PROMPT:
                _add(self._saved if shared else self._usual, used)
            else:
                _add(self._saved_long if shared else self._long, used)

    def _count_unanswered(self, outcome: Failed | Again) -> None:
        if type(outcome) is Failed:
            self._errors += 1
        else:
            self._retried += 1
        self._refused += outcome.problem.code == BLOCKED
        self._misfits += outcome.problem.code in MISFITS


def _add(sums: list[int], used: Usage) -> None:
    """Add to sums in the order of the fields; most of what is counted apart is nothing in most rows."""
    sums[0] += used.rows
    sums[1] += used.prompt
    sums[3] += used.output
    if used.cached:
        sums[2] += used.cached
    if used.thoughts:
        sums[4] += used.thoughts
    if used.tools:
        sums[5] += used.tools
    if used.audio:
        sums[6] += used.audio
        sums[7] += used.cached_audio


def collate(sides: Iterable[SideRow], answers: Iterable[Pair], judge: Judge, known: Known) -> Collation:
    """Join answers to rows.

    Args:
        sides: the rows to close, in row order.
        answers: by row number, in ascending order; a row may have several, or none.
        judge: what the job asks of its answers.
        known: opens the fingerprints of all rows that rode in the batch. Called only when an echo is not its own
            row's, which is rare.
    """
    return Collation(sides, answers, judge, known)


_END: tuple[float, Answer] = (math.inf, Answer("", "", "", 0, Reply(Kind.EMPTY)))


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
