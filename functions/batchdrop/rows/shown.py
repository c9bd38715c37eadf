"""How a value of a row reads as text in a template: as in JavaScript, of which Handlebars is a part."""

import json

import orjson

from batchdrop.rows.media import render_problem


def shown(value: object) -> str:
    """Write a value as `{{name}}` inserts it: null as nothing, the entries of a list with commas between.

    Raises:
        RowProblem: it is or holds an object, which has no text.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        hint = "Insert one of its fields, {{name.field}}, or its JSON, {{json name}}."
        raise render_problem("OBJECT_AS_TEXT", "The template inserts an object as if it were a text.", hint)
    if isinstance(value, list | tuple):
        return ",".join(map(shown, value))
    return str(value)


def as_json(value: object, indent: int = 0) -> str:
    """Write a value as `{{json name}}` inserts it; `indent` is in spaces, none for one line."""
    if indent:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
