"""What someone may have meant."""

from collections.abc import Sequence
from difflib import get_close_matches

from batchdrop.rows.importer import shown_path
from batchdrop.rows.problems import RowProblem, refusal
from batchdrop.rows.request_spec import MessageSpec, request_spec

_ALLOW = "If it is newer than this service, set batch.unknown_fields: allow in the prompt."
_LONGEST = 60
_PLACES = ("", "generationConfig", "toolConfig")


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A question ending with a blank, or nothing if nothing known is like it."""
    close = get_close_matches(name, known, n=1) if len(name) <= _LONGEST else []
    return f"Did you mean {close[0]}? " if close else ""


def unknown_field(spec: MessageSpec, name: str, path: str) -> RowProblem:
    """The problem of a field that the definition does not have."""
    camel = _camel(name)
    place = _place_of(camel)
    hint = f"It belongs into {place}. " if place and place != path else did_you_mean(camel, spec.names)
    return refusal("UNKNOWN_FIELD", "Gemini's API has no such field here.", hint + _ALLOW, shown_path(path, name))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _place_of(name: str) -> str:
    for place in _PLACES:
        field = request_spec().fields.get(place)
        message = field.value.message if field is not None else request_spec()
        if message is not None and name in message.fields:
            return f"request.{place}".rstrip(".")
    return ""
