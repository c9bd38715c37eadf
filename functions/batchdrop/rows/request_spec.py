"""What the API's definition says of a message, in the form that a walk over a JSON value needs."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from types import MappingProxyType

from msgspec import inspect

from batchdrop.rows.request_types import GenerateContentRequest, Message, Tool


class Kind(Enum):
    """What a single value is."""

    MESSAGE = auto()
    TEXT = auto()
    BYTES = auto()
    FLAG = auto()
    WHOLE = auto()
    NUMBER = auto()
    CHOICE = auto()
    OBJECT = auto()
    ANY = auto()


class Shape(Enum):
    """How many values a field holds."""

    ONE = auto()
    MANY = auto()
    MAP = auto()


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """A single value. `choices` are an enum's names, `bounds` those of a number, `pattern` that of a text."""

    kind: Kind
    message: "MessageSpec | None" = None
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field. One that `tells` says something by being there, even if it is empty."""

    name: str
    shape: Shape
    value: ValueSpec
    needed: bool
    tells: bool


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message. `fields` are found by their name in JSON and by their name in the definition (snake case)."""

    kind: type[Message]
    fields: Mapping[str, FieldSpec]
    needed: tuple[str, ...]
    oneofs: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]


@cache
def spec_of(kind: type[Message]) -> MessageSpec:
    """The specification of a message."""
    return _Reader().message(kind)


@cache
def request_spec() -> MessageSpec:
    """The specification of a whole request."""
    return spec_of(GenerateContentRequest)


class _Reader:
    """Follows messages into messages, a schema into itself."""

    def __init__(self) -> None:
        self._found: dict[type[Message], MessageSpec] = {}

    def message(self, kind: type[Message]) -> MessageSpec:
        if kind in self._found:
            return self._found[kind]
        info = inspect.type_info(kind)
        if not isinstance(info, inspect.StructType):
            raise AssertionError("a message is a struct")
        spelled: dict[str, FieldSpec] = {}
        spec = MessageSpec(
            kind=kind,
            fields=MappingProxyType(spelled),
            needed=tuple(found.encode_name for found in info.fields if found.required),
            oneofs=kind.oneofs,
            names=tuple(found.encode_name for found in info.fields),
        )
        self._found[kind] = spec
        in_oneofs = {name for group in kind.oneofs for name in group}
        for found in info.fields:
            made = self._field(found, tells=kind is Tool or found.encode_name in in_oneofs)
            spelled |= dict.fromkeys((found.encode_name, found.name, found.name.rstrip("_")), made)
        return spec

    def _field(self, found: inspect.Field, *, tells: bool) -> FieldSpec:
        kind = _bare(found.type)
        shape = Shape.ONE
        if isinstance(kind, inspect.ListType):
            shape, kind = Shape.MANY, _bare(kind.item_type)
        elif isinstance(kind, inspect.DictType) and not isinstance(kind.value_type, inspect.AnyType):
            shape, kind = Shape.MAP, _bare(kind.value_type)
        value = self._value(kind)
        return FieldSpec(found.encode_name, shape, value, needed=found.required, tells=tells or found.required)

    def _value(self, kind: inspect.Type) -> ValueSpec:
        match kind:
            case inspect.StructType(cls=cls) if issubclass(cls, Message):
                return ValueSpec(Kind.MESSAGE, message=self.message(cls))
            case inspect.LiteralType(values=values):
                return ValueSpec(Kind.CHOICE, choices=tuple(map(str, values)))
            case inspect.StrType(pattern=pattern):
                return ValueSpec(Kind.TEXT, pattern=re.compile(pattern) if pattern else None)
            case inspect.IntType(ge=low, le=high):
                return ValueSpec(Kind.WHOLE, bounds=_bounds(low, high))
            case inspect.FloatType(ge=low, le=high):
                return ValueSpec(Kind.NUMBER, bounds=_bounds(low, high))
            case inspect.Metadata():
                return ValueSpec(Kind.BYTES)
            case _:
                return ValueSpec(_PLAIN[type(kind)])


_PLAIN: dict[type[inspect.Type], Kind] = {
    inspect.BoolType: Kind.FLAG,
    inspect.DictType: Kind.OBJECT,
    inspect.AnyType: Kind.ANY,
}


def _bounds(low: float | None, high: float | None) -> tuple[float, float]:
    return -math.inf if low is None else low, math.inf if high is None else high


def _bare(kind: inspect.Type) -> inspect.Type:
    """A type that is not always there shows as a union with nothing else left in it."""
    return kind.types[0] if isinstance(kind, inspect.UnionType) and len(kind.types) == 1 else kind
