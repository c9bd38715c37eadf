"""A canary: the first rows of a job, asked before all others, and what their answers say about the rest."""

from enum import StrEnum

import msgspec


class CanaryVerdict(StrEnum):
    """What becomes of the job."""

    OPEN = "OPEN"
    PASSED = "PASSED"
    FAILED = "FAILED"


class CanaryReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of a canary came to so far.

    `open` rows wait for an answer, a first or another one. `answers` counts what came back of all attempts, `misfits`
    those of them that were not the JSON asked for; of the `errors`, so many were `refused`.
    """

    verdict: CanaryVerdict = CanaryVerdict.OPEN
    results: int
    errors: int
    refused: int
    open: int
    answers: int
    misfits: int

    @property
    def rows(self) -> int:
        """All rows of the canary."""
        return self.results + self.errors + self.open


def judge(report: CanaryReport, most: float) -> CanaryVerdict:
    """Judge a canary by the share of its rows that may fail, as soon as no row that is open can change it.

    An answer that does not fit the schema counts even if the row is asked again: each of them is paid for.
    """
    if report.errors > most * report.rows or report.misfits > most * report.answers:
        return CanaryVerdict.FAILED
    if report.answers and report.errors + report.open <= most * report.rows:
        return CanaryVerdict.PASSED
    return CanaryVerdict.OPEN if report.open else CanaryVerdict.PASSED
