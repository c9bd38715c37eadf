"""Columns of a result table, found in records that have no header."""

from enum import StrEnum

import msgspec


class ColumnKind(StrEnum):
    """What the values of a column are, as narrow as can be. JSON is for values of any kind, as text."""

    NOTHING = "nothing"
    TRUTH = "truth"
    WHOLE = "whole"
    LONG = "long"
    """An integer that a double cannot hold."""
    NUMBER = "number"
    TEXT = "text"
    JSON = "json"


class Column(msgspec.Struct, frozen=True):
    """A column of the records. In a table of texts the kind says nothing."""

    name: str
    kind: ColumnKind = ColumnKind.NOTHING


class FoundColumns(msgspec.Struct, frozen=True, kw_only=True):
    """What the records of a shard, or of a whole input, have for columns.

    `too_many`: they are kept whole, in one column, and only such names are here as the answer's could be taken for.
    """

    columns: tuple[Column, ...] = ()
    too_many: bool = False
