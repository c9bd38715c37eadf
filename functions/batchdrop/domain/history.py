"""What a prompt's finished jobs took: how estimates learn.

A job counts by its ratios to what the rules expected of it. The median of the last few is taken, so one odd job moves
nothing. A prompt's document is never expired: it is small, and there are as many as prompts.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from batchdrop.domain.estimate import Learned, Scale
from batchdrop.domain.ids import JobId, ModelName, PromptId
from batchdrop.domain.money import Bill
from batchdrop.domain.refs import Document, Ref
from batchdrop.domain.usage import Usage

RECENT = 9
"""So many jobs are remembered."""
LABELS = 200
"""From so many labels on, new ones are not summed: a label of its own for each run would fill the document."""
_MARGINS = (Fraction(1, 4), Fraction(1, 6), Fraction(1, 8))
_LEAST_MARGIN = Fraction(1, 10)
_ENOUGH = 4
"""From so many jobs on the outermost on each side are taken for odd."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one finished job: what the rules expected, and what all its answers took."""

    job: JobId
    expected_input: int
    expected_output: int
    input: int
    output: int

    @classmethod
    def of(cls, job: JobId, expected_input: int, expected_output: int, usage: Usage) -> "Seen":
        """Set what was expected beside what was used."""
        return cls(
            job=job,
            expected_input=expected_input,
            expected_output=expected_output,
            input=usage.prompt + usage.tools,
            output=usage.output + usage.thoughts,
        )


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A job that has ended: what its answers took, and what there is to learn of it."""

    job: JobId
    usage: Usage
    bill: Bill | None = None
    seen: Seen | None = None
    labels: dict[str, str] = {}


class History(Document, frozen=True, kw_only=True):
    """A prompt with a model, and what its jobs took. A native file without a prompt goes by its folder.

    `jobs` and `paid`, by currency, are of all its jobs that came to an end; `recent` of the last that teach. `by_label`
    is what of `paid` bore a label, by `key=value`: a prompt may change its labels.
    """

    id: PromptId
    prompt: str
    model: ModelName
    jobs: int = 0
    requests: int = 0
    paid: dict[str, Decimal] = {}
    by_label: dict[str, dict[str, Decimal]] = {}
    last: tuple[JobId, ...] = ()
    recent: tuple[Seen, ...] = ()


def history_ref(prompt: PromptId) -> Ref[History]:
    """Where a prompt's history lives."""
    return Ref(f"prompts/{prompt}", History)


def remember(history: History, ended: Ended) -> History:
    """Add a job that has ended; one that is there already adds nothing."""
    if ended.job in history.last:
        return history
    recent = history.recent if ended.seen is None else (*history.recent, ended.seen)
    return msgspec.structs.replace(
        history,
        jobs=history.jobs + 1,
        requests=history.requests + ended.usage.rows,
        paid=_paid(history.paid, ended.bill),
        by_label=history.by_label | _by_label(history.by_label, ended),
        last=(*history.last, ended.job)[-2 * RECENT :],
        recent=recent[-RECENT:],
    )


def _by_label(known: dict[str, dict[str, Decimal]], ended: Ended) -> dict[str, dict[str, Decimal]]:
    names = (f"{key}={value}" for key, value in ended.labels.items())
    return {name: _paid(known.get(name, {}), ended.bill) for name in names if name in known or len(known) < LABELS}


def _paid(paid: dict[str, Decimal], bill: Bill | None) -> dict[str, Decimal]:
    if bill is None:
        return paid
    return paid | {bill.currency: paid.get(bill.currency, Decimal(0)) + bill.paid}


def learned(recent: Sequence[Seen]) -> Learned | None:
    """What there is to learn of some jobs; None of none."""
    if not recent:
        return None
    return Learned(
        jobs=len(recent),
        input=_scale([Fraction(seen.input, seen.expected_input) for seen in recent]),
        output=_scale([Fraction(seen.output, seen.expected_output) for seen in recent]),
    )


def _scale(ratios: list[Fraction]) -> Scale:
    ordered = sorted(ratios)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    usual = ordered[1:-1] if len(ordered) >= _ENOUGH else ordered
    margin = _MARGINS[len(ordered) - 1] if len(ordered) <= len(_MARGINS) else _LEAST_MARGIN
    return Scale(usual[0] * (1 - margin), median, usual[-1] * (1 + margin))
