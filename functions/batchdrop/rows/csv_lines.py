"""A run of lines of a CSV with quotes, split into records by Python's csv module."""

import csv
from collections.abc import Callable
from itertools import repeat
from operator import concat
from typing import NamedTuple, cast

from batchdrop.domain.job import Layout

_CONCAT = cast("Callable[[str, str], str]", concat)

Record = tuple[int, str, list[str]]
"""The line it begins on, its text without the line end, its fields."""


class Split(NamedTuple):
    """The whole records among lines: `lines` and `size` count their lines and bytes.

    `stuck` tells that the csv module gave up behind them; else no more of them end in the run.
    """

    records: list[Record]
    lines: int
    size: int
    stuck: bool


class CsvLines:
    """A run of whole lines, the first of which begins a record. Carriage returns stand only before line feeds."""

    def __init__(self, run: bytes, text: str, layout: Layout) -> None:
        self._run = run
        self._lines = text.split("\n")
        self._bare = text.replace("\r\n", "\n").split("\n") if b"\r" in run else self._lines
        self._layout = layout

    def split(self, first_line: int) -> Split:
        """Split the lines into records."""
        bare, records = self._bare, list[Record]()
        begin, stuck = 0, False
        lines = map(_CONCAT, self._lines, repeat("\n"))
        reader = csv.reader(lines, delimiter=self._layout.delimiter, quotechar=self._layout.quote)
        try:
            for fields in reader:
                end = reader.line_num
                record = bare[begin] if end == begin + 1 else self._over_lines(begin, end)
                records.append((first_line + begin, record, fields))
                begin = end
        except csv.Error:
            stuck = True
        if begin == len(bare):
            # What follows the last line end, nothing, was taken for a record or into one that has not ended.
            begin = records.pop()[0] - first_line
        return Split(records, begin, self._size(begin), stuck)

    def _over_lines(self, begin: int, end: int) -> str:
        return "\n".join(self._lines[begin:end]).removesuffix("\r")

    def _size(self, lines: int) -> int:
        return len(self._run) - len("\n".join(self._lines[lines:]).encode())
