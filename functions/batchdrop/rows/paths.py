"""Paths and literals of a template, compiled to functions that find their value for a row."""

import re
from collections.abc import Callable, Mapping

Value = Callable[["Scope"], object]
Names = frozenset[str]

_HERE = (".", "this")
_SEGMENT = re.compile(r"\[([^\]]*)\]|(\.\.|^\.(?!\.)|[^./\[\]]+)")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NO_NAMES: Mapping[str, object] = {}


class Data:
    """What `{{@name}}` reads inside #each, of one entry."""

    __slots__ = ("index", "is_last", "key", "outer")

    def __init__(self, outer: "Data | None", key: object, index: int, *, is_last: bool) -> None:
        self.outer = outer
        self.key = key
        self.index = index
        self.is_last = is_last

    def values(self) -> dict[str, object]:
        """All of it by name."""
        return {"key": self.key, "index": self.index, "first": self.index == 0, "last": self.is_last}


class Scope:
    """Where a path begins: a value, the scope around it, and the names that `as |name|` gave.

    `data` is that of the #each around it, None outside of all.
    """

    __slots__ = ("data", "names", "outer", "value")

    def __init__(
        self, value: object, outer: "Scope | None", data: Data | None, names: Mapping[str, object] = _NO_NAMES
    ) -> None:
        self.value = value
        self.outer = outer
        self.data = data
        self.names = names


def root_scope(row: Mapping[str, object]) -> Scope:
    """Where a template begins."""
    return Scope(row if isinstance(row, dict) else dict(row), None, None)


def is_list(value: object) -> bool:
    """Whether a value is a list to a template."""
    return isinstance(value, list | tuple)


def constant(value: object) -> Value:
    """Find the same value in every row."""
    return lambda _: value


def literal(word: str) -> Value | None:
    """Compile a text in quotes, a number or a truth; None is what is neither."""
    if is_quoted(word):
        # Only an escaped quote is special to Handlebars; \n stays a backslash and an n.
        return constant(word[1:-1].replace("\\" + word[0], word[0]))
    if word in {"true", "false"}:
        return constant(word == "true")
    if _NUMBER.fullmatch(word):
        return constant(float(word) if "." in word else int(word))
    return None


def is_quoted(word: str) -> bool:
    """Whether a word is a text in quotes."""
    return len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"


def field_name(path: str) -> str | None:
    """The name of the row's own field that a path at the top of a template is, if it is no more than that."""
    if path.startswith("@") or literal(path) is not None:
        return None
    keys = [part for part in _segments(path) if part not in _HERE]
    return keys[0] if len(keys) == 1 and keys[0] != ".." else None


def path(source: str, names: Names) -> Value:
    """Compile a path. `names` are those that blocks around it give with `as |name|`."""
    if source.startswith("@"):
        return _data_path(_segments(source[1:]))
    parts = _segments(source)
    climbed = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    keys = tuple(part for part in parts[climbed:] if part not in _HERE)
    if climbed == 0 and parts and parts[0] in names:
        return _named(keys[0], keys[1:])
    if climbed == 0 and len(keys) == 1:
        return _field(keys[0])
    return _climbing(climbed, keys)


def _segments(source: str) -> list[str]:
    return [bracketed or plain for bracketed, plain in _SEGMENT.findall(source)]


def _field(key: str) -> Value:
    def value(scope: Scope) -> object:
        found = scope.value
        return found.get(key) if isinstance(found, dict) else _step(found, key)

    return value


def _climbing(climbed: int, keys: tuple[str, ...]) -> Value:
    def value(scope: Scope) -> object:
        for _ in range(climbed):
            if scope.outer is None:
                return None
            scope = scope.outer
        return _walk(scope.value, keys)

    return value


def _named(name: str, keys: tuple[str, ...]) -> Value:
    def value(scope: Scope) -> object:
        around: Scope | None = scope
        while around is not None:
            if name in around.names:
                return _walk(around.names[name], keys)
            around = around.outer
        return _walk(_step(scope.value, name), keys)

    return value


def _data_path(parts: list[str]) -> Value:
    climbed = parts.count("..")
    keys = tuple(part for part in parts if part != "..")

    def value(scope: Scope) -> object:
        data = scope.data
        for _ in range(climbed):
            if data is None:
                return None
            data = data.outer
        here = {} if data is None else data.values()
        return _walk({**here, "root": _root(scope)}, keys)

    return value


def _root(scope: Scope) -> object:
    while scope.outer is not None:
        scope = scope.outer
    return scope.value


def _walk(value: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        value = _step(value, key)
    return value


def _step(value: object, key: str) -> object:
    if isinstance(value, dict):
        return value.get(key)
    if key.isdecimal() and isinstance(value, list | tuple):
        index = int(key)
        return value[index] if index < len(value) else None
    return None
