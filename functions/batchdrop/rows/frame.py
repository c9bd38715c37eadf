"""The parts of a template that are the same for every row, told apart from those that are not.

A template whose roles and media stand outside all blocks gives every row the same turns with the same parts. What
differs are texts and media in known places: slots. A row that leaves one blank has other turns, and no place here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from dotpromptz_handlebars import Block, Mustache, Node, Text

from batchdrop.rows.calls import Medium, Piece, Turn, medium_value, role_value
from batchdrop.rows.media import media_part
from batchdrop.rows.messages import Message, arranged
from batchdrop.rows.paths import constant, field_name, root_scope
from batchdrop.rows.program import Program, call_of, compile_nodes, run
from batchdrop.rows.requests import RowProblem
from batchdrop.rows.shown import shown

Part = dict[str, object]
Row = Mapping[str, object]


class NoFrame(Exception):
    """The turns or parts differ from row to row."""


class Blank(Exception):
    """A row leaves a slot blank."""


class Slot:
    """A part of a request that differs from row to row."""

    def __init__(self, part: Callable[[Row], Part], *, is_text: bool) -> None:
        self.part = part
        self.is_text = is_text
