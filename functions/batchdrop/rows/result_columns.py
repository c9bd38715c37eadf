"""Names and kinds of the columns of a result: those of the record, then those of the answer."""

import re
from collections.abc import Collection, Iterable, Mapping

from batchdrop.domain.columns import Column, ColumnKind, FoundColumns
from batchdrop.rows.conform import Schema, properties_of

OUTPUT = ("output",)
COUNTS = ("finish_reason", "prompt_tokens", "output_tokens")
MOST_COLUMNS = 300
"""Records with more names between them are kept whole, in one column."""
_MOST_CHARACTERS = 20_000
_EXACT = 2**53
"""Up to here a double holds every integer."""

_PREFIX = "answer"
_RENAMED = re.compile(rf"{_PREFIX}_(?:\d{{1,3}}_)?(.*)", re.DOTALL)


def answer_columns(output_schema: Schema | None, taken: Iterable[str]) -> tuple[str, ...]:
    """Name the columns of an answer: one per property of an object schema, else `output`; then the counts.

    A name that is taken becomes `answer_name`, or if that is taken too `answer_2_name`, and so on.
    """
    return untaken((*(properties_of(output_schema) or OUTPUT), *COUNTS), taken)


def untaken(wanted: tuple[str, ...], taken: Iterable[str]) -> tuple[str, ...]:
    """Rename those of the wanted names that are taken, or that come twice."""
    taken = frozenset(taken)
    columns: list[str] = []
    for name in wanted:
        used = {*taken, *columns}
        columns.append(free(_PREFIX, name, used | set(wanted)) if name in used else name)
    return tuple(columns)


def free(prefix: str, name: str, used: Collection[str]) -> str:
    """Find a name like this one that is not used."""
    found, number = f"{prefix}_{name}", 2
    while found in used:
        found, number = f"{prefix}_{number}_{name}", number + 1
    return found


class ColumnFinder:
    """Sees the records of a shard, in order; `found` has the names so far, in the order that they first came in."""

    def __init__(self, wanted: Iterable[str], *, kinds: bool) -> None:
        """Take the answer's names, and whether to look at values too."""
        self._wanted = frozenset(wanted)
        self._look = kinds
        self._kinds: dict[str, ColumnKind] = {}
        self._too_many = False
        self._last: tuple[str, ...] = ()

    @property
    def found(self) -> FoundColumns:
        """What was found."""
        return _found(self._kinds, too_many=self._too_many)

    def see(self, record: Mapping[str, object]) -> None:
        """Take note of a record."""
        names = tuple(record)
        if names != self._last:
            self._last = names
            self._add(names)
        if self._look and not self._too_many:
            for name, value in record.items():
                self._kinds[name] = mixed(self._kinds[name], kind_of(value))

    def _add(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not self._too_many or _could_clash(name, self._wanted):
                self._kinds.setdefault(name, ColumnKind.NOTHING)
        if not self._too_many and _is_too_much(self._kinds):
            self._too_many = True
            self._kinds = _clashing(self._kinds, self._wanted)


def all_columns(shards: Iterable[FoundColumns], wanted: Iterable[str]) -> FoundColumns:
    """Join what was found in the shards of an input, in its order."""
    wanted = frozenset(wanted)
    kinds: dict[str, ColumnKind] = {}
    too_many = False
    for shard in shards:
        for column in shard.columns:
            kinds[column.name] = mixed(kinds.get(column.name, ColumnKind.NOTHING), column.kind)
        too_many = too_many or shard.too_many or _is_too_much(kinds)
        if too_many:
            kinds = _clashing(kinds, wanted)
    return _found(kinds, too_many=too_many)


def kind_of(value: object) -> ColumnKind:
    """What a column must be to hold a value as it is."""
    kind = _KINDS.get(type(value), ColumnKind.JSON)
    if kind is ColumnKind.WHOLE and isinstance(value, int) and not -_EXACT <= value <= _EXACT:
        return ColumnKind.LONG if -(2**63) <= value < 2**63 else ColumnKind.JSON
    return kind


def mixed(one: ColumnKind, other: ColumnKind) -> ColumnKind:
    """What a column must be to hold values of both kinds."""
    if one is other or other is ColumnKind.NOTHING:
        return one
    return _MIXED.get(frozenset((one, other)), other if one is ColumnKind.NOTHING else ColumnKind.JSON)


_KINDS: Mapping[type, ColumnKind] = {
    type(None): ColumnKind.NOTHING,
    bool: ColumnKind.TRUTH,
    int: ColumnKind.WHOLE,
    float: ColumnKind.NUMBER,
    str: ColumnKind.TEXT,
}
_MIXED: Mapping[frozenset[ColumnKind], ColumnKind] = {
    frozenset((ColumnKind.WHOLE, ColumnKind.NUMBER)): ColumnKind.NUMBER,
    frozenset((ColumnKind.WHOLE, ColumnKind.LONG)): ColumnKind.LONG,
}


def _found(kinds: Mapping[str, ColumnKind], *, too_many: bool) -> FoundColumns:
    return FoundColumns(columns=tuple(Column(*entry) for entry in kinds.items()), too_many=too_many)


def _is_too_much(kinds: Mapping[str, ColumnKind]) -> bool:
    return len(kinds) > MOST_COLUMNS or sum(map(len, kinds)) > _MOST_CHARACTERS


def _clashing(kinds: Mapping[str, ColumnKind], wanted: Collection[str]) -> dict[str, ColumnKind]:
    return {name: ColumnKind.NOTHING for name in kinds if _could_clash(name, wanted)}


def _could_clash(name: str, wanted: Collection[str]) -> bool:
    """Tell whether a record's name could be taken for one of the answer's, or for what it is renamed to."""
    renamed = _RENAMED.fullmatch(name)
    return name in wanted or (renamed is not None and renamed[1] in wanted)
