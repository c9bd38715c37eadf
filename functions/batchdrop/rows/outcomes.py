"""The rows of a closed lot, each with how it ended, one a line and in row order."""

import heapq
from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from batchdrop.domain.usage import Usage
from batchdrop.rows.sidecar import lines_of
from batchdrop.rows.values import Answered, Failed, Output, Problem, SideRow


class _Result(msgspec.Struct, frozen=True, array_like=True, tag="result"):
    side: SideRow
    output: Output


class _Error(msgspec.Struct, frozen=True, array_like=True, tag="error"):
    side: SideRow
    problem: Problem
    usage: Usage


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Result | _Error)


def outcome_line(outcome: Answered | Failed) -> bytes:
    """Write the line of a row that ended."""
    return _ENCODER.encode(_entry(outcome)) + b"\n"


def _entry(outcome: Answered | Failed) -> _Result | _Error:
    match outcome:
        case Answered():
            return _Result(outcome.side, outcome.output)
        case Failed():
            return _Error(outcome.side, outcome.problem, outcome.usage)
        case _:
            assert_never(outcome)


def read_outcomes(chunks: Iterable[bytes]) -> Iterator[Answered | Failed]:
    """Read the outcomes of a lot, row by row."""
    return (_outcome(_DECODER.decode(line)) for line in lines_of(chunks))


def _outcome(entry: _Result | _Error) -> Answered | Failed:
    match entry:
        case _Result():
            return Answered(side=entry.side, output=entry.output)
        case _Error():
            return Failed(side=entry.side, problem=entry.problem, usage=entry.usage)
        case _:
            assert_never(entry)


def merge_outcomes(lots: Iterable[Iterator[Answered | Failed]]) -> Iterator[Answered | Failed]:
    """Merge the outcomes of a shard's lots, each in row order, into one stream in row order."""
    return heapq.merge(*lots, key=lambda outcome: outcome.side.row)
