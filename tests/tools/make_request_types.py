"""Writes `functions/batchdrop/rows/request_types.py` from the API's own definition.

Run as `python -m tests.tools.make_request_types` after google-cloud-aiplatform was upgraded.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import GenerateContentRequest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

TARGET = Path(__file__).parents[2] / "functions" / "batchdrop" / "rows" / "request_types.py"

_WIDTH = 120
_PATH_FIELDS = frozenset({("GenerateContentRequest", "model")})
"""Required of a call, where they stand in the URL; a line of a batch has no URL."""

_SCALARS = {
    FieldDescriptor.TYPE_STRING: "str",
    FieldDescriptor.TYPE_BYTES: "Bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "float",
    FieldDescriptor.TYPE_FLOAT: "Float",
    FieldDescriptor.TYPE_INT32: "Int32",
    FieldDescriptor.TYPE_INT64: "Int64",
}
_WELL_KNOWN = {
    "google.protobuf.Struct": "dict[str, Any]",
    "google.protobuf.Value": "Any",
    "google.protobuf.ListValue": "list[Any]",
    "google.protobuf.Duration": "Duration",
    "google.protobuf.Timestamp": "Timestamp",
}
_HEAD = '''"""The messages of a request to Gemini, as the JSON of the API spells them.

Made from the definitions of google-cloud-aiplatform by `python -m tests.tools.make_request_types`; edit that instead.
Enums are the names that this version of it knows, `Any` is any JSON. What is required there is required here.
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Bytes = Annotated[str, Meta(extra={"format": "bytes"})]
Duration = Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$")]
Timestamp = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$")]
Float = Annotated[float, Meta(ge=-3.4028234663852886e38, le=3.4028234663852886e38)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Message(Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """A message; of each of its `oneofs`, which name fields as JSON does, at most one may be set."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = ()
'''


def module_text() -> str:
    """The whole module, formatted."""
    root = GenerateContentRequest.pb(GenerateContentRequest()).DESCRIPTOR
    found: dict[str, Descriptor] = {}
    _collect(root, found)
    required = _required_fields()
    enums = {_enum_name(enum): enum for message in found.values() for enum in _enums(message)}
    names = [_class_name(message) for message in found.values()] + list(enums)
    if len(set(names)) != len(names):
        raise AssertionError("two messages or enums of the API would get the same name")
    literals = "\n".join(_literal(name, enums[name]) for name in sorted(enums))
    classes = "\n\n\n".join(_class(message, required) for message in found.values())
    return f"{_HEAD}\n\n{literals}\n\n\n{classes}\n"


def _collect(message: Descriptor, found: dict[str, Descriptor]) -> None:
    """Gather messages, each behind those it is made of."""
    if message.full_name in found or message.full_name in _WELL_KNOWN:
        return
    under_way = {message.full_name: message}
    for inner in _messages(message):
        if inner.full_name not in under_way:
            _collect(inner, found)
    found.update(under_way)


def _messages(message: Descriptor) -> Iterator[Descriptor]:
    for field in message.fields:
        made_of = (_map_value(field) or field).message_type
        if made_of is not None:
            yield made_of


def _enums(message: Descriptor) -> Iterator[EnumDescriptor]:
    return (field.enum_type for field in message.fields if field.enum_type is not None)


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else None


def _class_name(message: Descriptor) -> str:
    outer = message.containing_type
    return (_class_name(outer) if outer is not None else "") + message.name


def _enum_name(enum: EnumDescriptor) -> str:
    outer = enum.containing_type
    return (_class_name(outer) if outer is not None else "") + enum.name


def _required_fields() -> frozenset[tuple[str, str]]:
    """(Class, field) of all fields whose documentation begins with "Required."; the descriptor does not tell."""
    found: set[tuple[str, str]] = set()
    seen: set[type] = set()
    _read_docs(GenerateContentRequest, found, seen)
    return frozenset(found) - _PATH_FIELDS


def _read_docs(kind: Any, found: set[tuple[str, str]], seen: set[type]) -> None:
    if kind in seen or not hasattr(kind, "meta"):
        return
    seen.add(kind)
    name = _class_name(kind.meta.pb.DESCRIPTOR)
    documented = re.findall(r"\n\s+(\w+) \([^)]*\):\s+Required\.", kind.__doc__ or "")
    found.update((name, field) for field in documented)
    for field in kind.meta.fields.values():
        if isinstance(field.message, type):
            _read_docs(field.message, found, seen)


def _literal(name: str, enum: EnumDescriptor) -> str:
    return _wrapped(f"{name} = Literal[", [f'"{value.name}"' for value in enum.values], "]")


def _wrapped(head: str, items: list[str], tail: str) -> str:
    line = head + ", ".join(items) + tail
    return line if len(line) <= _WIDTH else f"{head}\n" + "".join(f"    {item},\n" for item in items) + tail


def _class(message: Descriptor, required: frozenset[tuple[str, str]]) -> str:
    name = _class_name(message)
    lines = [f"class {name}(Message):", f'    """`{message.full_name}`."""']
    oneofs = list(_oneofs(message))
    if oneofs or message.fields:
        lines.append("")
    if oneofs:
        lines.append(_oneofs_line(oneofs))
    needed = [field for field in message.fields if (name, field.name) in required]
    lines += [f"    {field.name}: {_needed_type(field)}" for field in needed]
    lines += [f"    {_optional(message, field)}" for field in message.fields if field not in needed]
    return "\n".join(lines)


def _oneofs(message: Descriptor) -> Iterator[list[str]]:
    for oneof in message.oneofs:
        if len(oneof.fields) > 1:
            yield [field.json_name for field in oneof.fields]


def _oneofs_line(oneofs: Iterable[list[str]]) -> str:
    groups = ["(" + ", ".join(f'"{name}"' for name in names) + ")" for names in oneofs]
    head = "    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = ("
    line = f"{head}{', '.join(groups)},)"
    if len(line) <= _WIDTH:
        return line
    return f"{head}\n" + "".join(f"        {group},\n" for group in groups) + "    )"


def _needed_type(field: FieldDescriptor) -> str:
    kind = _field_type(field)
    return f"Annotated[{kind}, Meta(min_length=1)]" if field.is_repeated else kind


def _optional(message: Descriptor, field: FieldDescriptor) -> str:
    kind = f"{_field_type(field)} | UnsetType"
    # A class cannot name itself while it is being made.
    recursive = re.search(rf"\b{_class_name(message)}\b", kind) is not None
    return f'{field.name}: "{kind}" = UNSET' if recursive else f"{field.name}: {kind} = UNSET"


def _field_type(field: FieldDescriptor) -> str:
    value = _map_value(field)
    if value is not None:
        return f"dict[str, {_single_type(value)}]"
    single = _single_type(field)
    return f"list[{single}]" if field.is_repeated else single


def _single_type(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        return _enum_name(field.enum_type)
    if field.message_type is None:
        return _SCALARS[field.type]
    return _WELL_KNOWN.get(field.message_type.full_name) or _class_name(field.message_type)


if __name__ == "__main__":
    TARGET.write_text(module_text())
