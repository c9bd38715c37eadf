"""What stands in a template's tag, compiled: values, helpers that give a value, and roles and media."""

from typing import NamedTuple

from batchdrop.rows.media import Medium
from batchdrop.rows.paths import Names, Scope, Value, constant, literal, path
from batchdrop.rows.shown import as_json
from batchdrop.rows.tags import Call, nested_call


class Turn(NamedTuple):
    """Begins a turn of the conversation."""

    role: str


Piece = str | Turn | Medium

HELPERS = frozenset({"json", "lookup", "media", "role", "ifEquals", "unlessEquals", "log"})
"""Names that the engine takes for helpers, wherever they stand first in a tag."""


def token_value(token: str, names: Names) -> Value:
    """Compile an argument: a subexpression, a literal or a path.

    Raises:
        ValueError: a subexpression is none that gives a value.
    """
    if token.startswith("(") and token.endswith(")"):
        return call_value(nested_call(token), names)
    return literal(token) or path(token, names)


def call_value(call: Call, names: Names) -> Value:
    """Compile a call of `json` or `lookup`.

    Raises:
        ValueError: it calls something else, or without an argument.
    """
    args = [token_value(token, names) for token in call.args]
    if call.name == "json" and args:
        return _json(args[0], _named(call, "indent", names))
    if call.name == "lookup" and args:
        return _lookup(args[0], args[1] if len(args) > 1 else constant(None))
    raise ValueError(f"{call.name} gives no value")


def role_value(call: Call, names: Names) -> Value:
    """Compile the name in `{{role name}}`.

    Raises:
        ValueError: there is none.
    """
    if not call.args:
        raise ValueError("role names nothing")
    return token_value(call.args[0], names)


class MediumValue(NamedTuple):
    """The arguments of `{{media url=... contentType=...}}`, compiled."""

    url: Value
    content_type: Value
    field: str

    def medium(self, scope: Scope) -> Medium | None:
        """The medium of a row, if it has one."""
        url = _text(self.url(scope)).strip()
        return Medium(url, _text(self.content_type(scope)).strip(), self.field) if url else None


def medium_value(call: Call, names: Names) -> MediumValue:
    """Compile the arguments of `{{media}}`."""
    url = dict(call.named).get("url", "")
    field = "" if literal(url) or url.startswith("(") else url
    return MediumValue(_named(call, "url", names), _named(call, "contentType", names), field)


def _named(call: Call, key: str, names: Names) -> Value:
    token = dict(call.named).get(key)
    return constant("") if token is None else token_value(token, names)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _json(argument: Value, indent: Value) -> Value:
    def value(scope: Scope) -> object:
        width = str(indent(scope))
        return as_json(argument(scope), int(width) if width.isdecimal() else 0)

    return value


def _lookup(argument: Value, key: Value) -> Value:
    def value(scope: Scope) -> object:
        found, wanted = argument(scope), key(scope)
        if isinstance(found, dict):
            return found.get(wanted) if isinstance(wanted, str) else None
        if isinstance(found, list) and isinstance(wanted, str | int) and str(wanted).isdecimal():
            return found[int(wanted)] if int(wanted) < len(found) else None
        return "" if found == "" else None

    return value
