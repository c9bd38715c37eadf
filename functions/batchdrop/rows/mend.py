"""A walk over a request, field by field, that refuses what Vertex would and restates what it would stumble over.

Restated is what keeps its meaning: names in snake case, nulls, empty lists and objects, a single value for a list,
numbers as texts, enum names in small letters, references in schemas.
"""

from collections.abc import Mapping
from typing import assert_never

from batchdrop.domain.job import UnknownFields
from batchdrop.rows.foreign_schema import importable_json_schema, vertex_schema
from batchdrop.rows.importer import REQUEST_DEPTH, FreeForm, check_depth, check_names, empty_object
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.problems import RowProblem, refusal
from batchdrop.rows.references import written_out
from batchdrop.rows.request_rules import RULES, check_turns, not_in_batch
from batchdrop.rows.request_spec import FieldSpec, Kind, MessageSpec, Shape, ValueSpec, request_spec
from batchdrop.rows.request_types import FileData, FunctionResponseFileData, Schema, ToolGoogleSearch
from batchdrop.rows.scalars import choice, number, plain_text, wrong_type
from batchdrop.rows.suggestions import unknown_field
from batchdrop.rows.values import Stage

REQUEST = "request"
CONTENTS = "contents"

_ABSENT = object()
_FILES = frozenset({FileData, FunctionResponseFileData})
_URI = "fileUri"
_STORAGE = "gs://"
_SCHEMA_FIELDS = frozenset({"responseSchema", "parameters", "response"})
_JSON_SCHEMA_FIELDS = frozenset({"responseJsonSchema", "parametersJsonSchema"})
_STAND_FOR_EMPTY: dict[type, dict[str, object]] = {ToolGoogleSearch: {"timeRangeFilter": None}}
"""What says the same as an empty message and can be imported (googleapis/python-genai#2123)."""


class Mender:
    """Walks over one request, or over parts of it. `types` is its signature: the types of what the API leaves free."""

    __slots__ = ("_allow", "_buckets", "_free")

    def __init__(self, unknown: UnknownFields, buckets: MediaBuckets) -> None:
        self._allow = unknown is UnknownFields.ALLOW
        self._buckets = buckets
        self._free = FreeForm()

    @property
    def types(self) -> dict[str, str]:
        """JSON path to type, of the free parts seen so far."""
        return self._free.types

    def message(self, spec: MessageSpec, value: object, path: str, depth: int) -> dict[str, object]:
        """Walk over a message; `depth` is its level as an object. Empty if it says nothing.

        Raises:
            RowProblem: Vertex or its importer would refuse it.
        """
        if not isinstance(value, dict):
            raise wrong_type(value, "an object", path)
        check_depth(depth, path)
        mended: dict[str, object] = {}
        for name, inner in (vertex_schema(value) if spec.kind is Schema else value).items():
            if inner is None:
                continue
            field = spec.fields.get(name)
            if field is None:
                _put(mended, name, self._unknown(spec, name, inner, path, depth), path)
            elif (found := self._field(field, inner, path, depth)) is not _ABSENT:
                _put(mended, field.name, found, path)
        _check_message(spec, mended, path)
        rule = RULES.get(spec.kind)
        ruled = mended if rule is None or not mended else rule(mended, path)
        if ruled and spec.kind in _FILES and not self._buckets.hold(str(ruled.get(_URI))):
            raise RowProblem(self._buckets.refusal(Stage.REQUEST, f"{path}.{_URI}"))
        return ruled

    def top(self, name: str, value: object) -> tuple[str, object] | None:
        """Walk over a field of the request itself; gives its name in JSON, and None if it says nothing.

        Raises:
            RowProblem: Vertex or its importer would refuse it.
        """
        spec = request_spec()
        field = spec.fields.get(name)
        if value is None:
            return None
        if field is None:
            return name, self._unknown(spec, name, value, REQUEST, REQUEST_DEPTH)
        found = self._field(field, value, REQUEST, REQUEST_DEPTH)
        if found is _ABSENT:
            return None
        if field.name == CONTENTS:
            check_turns(found, f"{REQUEST}.{CONTENTS}")
        elif field.name in _NOT_IN_BATCH and not self._allow:
            raise _NOT_IN_BATCH[field.name](f"{REQUEST}.{field.name}")
        return field.name, found

    def _unknown(self, spec: MessageSpec, name: str, value: object, path: str, depth: int) -> object:
        if not self._allow:
            raise unknown_field(spec, name, path)
        check_names({name: value}, path)
        self._free.take(value, f"{path}.{name}", depth)
        self._keep_in(value, f"{path}.{name}")
        return value

    def _keep_in(self, value: object, path: str) -> None:
        """Whatever an unknown field is for, it must not point where rows may not."""
        match value:
            case str() if value[: len(_STORAGE)].lower() == _STORAGE and not self._buckets.hold(value):
                raise RowProblem(self._buckets.refusal(Stage.REQUEST, path))
            case dict():
                for name, inner in value.items():
                    self._keep_in(inner, f"{path}.{name}")
            case list():
                for index, inner in enumerate(value):
                    self._keep_in(inner, f"{path}[{index}]")
            case _:
                pass

    def _field(self, field: FieldSpec, value: object, around: str, depth: int) -> object:
        path = f"{around}.{field.name}"
        match field.shape:
            case Shape.ONE:
                found = self._value(field.value, _schema_of(field, value, path), path, depth)
                return found if found != {} else _empty(field, path)
            case Shape.MANY:
                values = value if isinstance(value, list) else [value]
                listed = [self._element(field.value, inner, f"{path}[{i}]", depth) for i, inner in enumerate(values)]
                return listed or _ABSENT
            case Shape.MAP:
                if not isinstance(value, dict):
                    raise wrong_type(value, "an object", path)
                return self._map(field.value, value, path, depth + 1)
            case _:
                assert_never(field.shape)

    def _map(self, spec: ValueSpec, value: dict[str, object], path: str, depth: int) -> object:
        check_depth(depth, path)
        named = {name: inner for name, inner in value.items() if inner is not None}
        check_names(named, path)
        return {name: self._element(spec, inner, f"{path}.{name}", depth) for name, inner in named.items()} or _ABSENT

    def _element(self, spec: ValueSpec, value: object, path: str, depth: int) -> object:
        found = self._value(spec, value, path, depth)
        if found == {}:
            raise empty_object(path)
        return found

    def _value(self, spec: ValueSpec, value: object, path: str, depth: int) -> object:
        match spec.kind:
            case Kind.MESSAGE:
                if spec.message is None:
                    raise AssertionError("a message has a specification")
                return self.message(spec.message, value, path, depth + 1)
            case Kind.OBJECT | Kind.ANY:
                return self._free_value(spec, value, path, depth)
            case Kind.CHOICE:
                return choice(spec, value, path, strict=not self._allow)
            case Kind.TEXT | Kind.BYTES:
                return plain_text(spec, value, path)
            case Kind.WHOLE | Kind.NUMBER:
                return number(spec, value, path)
            case Kind.FLAG:
                if not isinstance(value, bool):
                    raise wrong_type(value, "true or false", path)
                return value
            case _:
                assert_never(spec.kind)

    def _free_value(self, spec: ValueSpec, value: object, path: str, depth: int) -> object:
        if spec.kind is Kind.OBJECT and not isinstance(value, dict):
            raise wrong_type(value, "an object", path)
        if value != {}:
            self._free.take(value, path, depth)
        return value


def _schema_of(field: FieldSpec, value: object, path: str) -> object:
    if field.name in _JSON_SCHEMA_FIELDS and value != {}:
        return importable_json_schema(written_out(value, path))
    if field.name == "additionalProperties" and value == {}:
        return True
    is_schema = field.value.kind is Kind.MESSAGE and field.name in _SCHEMA_FIELDS
    return written_out(value, path) if is_schema else value


def _empty(field: FieldSpec, path: str) -> object:
    """What becomes of an empty message."""
    if not field.tells:
        return _ABSENT
    stand_in = _STAND_FOR_EMPTY.get(field.value.message.kind) if field.value.message is not None else None
    if stand_in is None:
        raise empty_object(path)
    return stand_in


def _put(mended: dict[str, object], name: str, value: object, path: str) -> None:
    if name in mended:
        raise field_twice(name, path)
    mended[name] = value


def field_twice(name: str, path: str) -> RowProblem:
    """The problem of a field that is spelled in both ways."""
    hint = "Take one of the two away."
    return refusal("FIELD_TWICE", "A field is there in both spellings.", hint, f"{path}.{name}")


def _check_message(spec: MessageSpec, value: Mapping[str, object], path: str) -> None:
    for group in spec.oneofs:
        there = [name for name in group if name in value]
        if len(there) > 1:
            message = f"Only one of these can be there: {', '.join(there)}."
            raise refusal("ONE_OF", message, "Keep one of them, or give each a part of its own.", path)
    for name in spec.needed if value else ():
        if name not in value:
            raise missing(name, path)


def missing(name: str, path: str) -> RowProblem:
    """The problem of a field that Vertex requires."""
    code = _MISSING.get(name, "MISSING_FIELD")
    return refusal(code, f"`{name}` is missing or empty.", "Vertex requires it.", f"{path}.{name}")


def _model_in_request(path: str) -> RowProblem:
    hint = "Take it away, and name the model in a prompt beside the file: a batch has one model for all rows."
    return refusal("MODEL_IN_REQUEST", "The row names a model of its own.", hint, path)


_MISSING = {"contents": "NO_CONTENTS", "parts": "NO_PARTS"}
_NOT_IN_BATCH = {"model": _model_in_request, "cachedContent": not_in_batch}
