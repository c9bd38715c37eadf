"""What stands around the texts of a request, the same in most lines of a file.

A line like another but for what stands in one place, the hole, is as sound as what stands there. The hole is the text
of a request that has a single one, else its turns.
"""

import re
from collections.abc import Iterable

import msgspec

from batchdrop.rows.fingerprint import Continued
from batchdrop.rows.mend import CONTENTS
from batchdrop.rows.settings_memo import Setting
from batchdrop.rows.turns import NOT_OF_THE_TYPE, place_of_text

BEGIN = b'{"custom_id":"'
"""A request line is this, its key, OPENING, its request, CLOSING."""
OPENING = b'","request":'
CLOSING = b"}\n"
FIRST = b'{"contents":'
FIELD = b'"request":'

_LARGEST = 256 * 1024
_SIBLING = re.compile(rb'(\{\s*"[^"\\]*"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[0-9]+)(\s*,\s*)', re.DOTALL)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Mould(msgspec.Struct, frozen=True):
    """Bytes of a line around the hole, and what becomes of them.

    `lead` is what is before the hole, from the field's name on; `trail` is what is behind it: to the end of the line
    if the mould `closes` it, else to the end of the request. The line is written as `opening`, hole, `closing`.
    A hole that is a `text` has its quotes, and its mould closes the line. If then one other field is before, a text
    or a number, `before` is what its value stands behind, and `lead` begins behind that value.
    """

    before: bytes
    lead: bytes
    trail: bytes
    opening: bytes
    closing: bytes
    text: bool
    closes: bool
    said: Continued
    signature: dict[str, str]


def fields_of(json: bytes) -> dict[str, msgspec.Raw]:
    """Take an object apart without looking into its fields.

    Raises:
        one of NOT_OF_THE_TYPE: it is no JSON object.
    """
    return _FIELDS.decode(json)


def on_one_line(json: bytes) -> bytes:
    """Take carriage returns out: in JSON they are blank space, but line ends to some readers of JSONL."""
    return json.replace(b"\r", b" ") if b"\r" in json else json


def written(settings: Iterable[Setting]) -> bytes:
    """Fields behind the turns, each with its comma in front."""
    return b"".join(b',"%b":%b' % (setting.name.encode(), setting.json) for setting in settings if setting.name)


class Halves(msgspec.Struct, frozen=True):
    """A line, taken apart: what is before the field `request`, the JSON of that, and what is behind."""

    before: bytes
    request: bytes
    behind: bytes


def mould_of(halves: Halves, contents: bytes, settings: list[Setting], signature: dict[str, str]) -> Mould | None:
    """Make the mould of a sound line; None where that cannot be done surely.

    Args:
        halves: the line, taken apart.
        contents: the JSON of its turns.
        settings: the other fields of its request, and
        signature: theirs alone.
    """
    request = halves.request
    at = request.find(contents)
    head, tail = request[:at], request[at + len(contents) :]
    if at < 0 or len(head) + len(tail) > _LARGEST or not _is_around(head, tail):
        return None
    same = all(setting.same for setting in settings)
    first, last = (head.lstrip(), tail) if same else (FIRST, written(settings) + b"}")
    closes = halves.behind == b"}"
    start, end = (closes and place_of_text(contents)) or (0, len(contents))
    text = end - start < len(contents)
    sibling = _SIBLING.fullmatch(halves.before) if text else None
    before, between = (sibling[1], sibling[2]) if sibling is not None else (b"", b"")
    return Mould(
        before=before,
        lead=between + FIELD + head + contents[:start],
        trail=contents[end:] + tail + (halves.behind if closes else b""),
        opening=on_one_line(OPENING + first + contents[:start]),
        closing=on_one_line(contents[end:] + last + CLOSING),
        text=text,
        closes=closes,
        said=Continued(piece for setting in settings for piece in setting.pieces),
        signature=signature,
    )


def _is_around(head: bytes, tail: bytes) -> bool:
    """Whether it is the turns that stand between the two, and not the like of them somewhere else."""
    try:
        return bytes(fields_of(head + b"null" + tail)[CONTENTS]) == b"null"
    except (*NOT_OF_THE_TYPE, KeyError):
        return False
