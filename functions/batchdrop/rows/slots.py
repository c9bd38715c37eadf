"""What differs from row to row in a template whose turns and parts are the same: texts and media in known places."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from dotpromptz_handlebars import Mustache, Node, Text

from batchdrop.rows.calls import MediumValue, Piece
from batchdrop.rows.makers import text_maker
from batchdrop.rows.media import media_part
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.paths import field_name, root_scope
from batchdrop.rows.program import call_of, compile_nodes, run
from batchdrop.rows.shown import shown

Row = Mapping[str, object]
Part = dict[str, object]
_Fill = Callable[[Row], str]


class Irregular(Exception):
    """This row leaves a slot blank, so its parts are others than the frame's."""


class Known(NamedTuple):
    """What is known of all rows.

    `present` are fields that hardly a row lacks: for them it is worth to find out by a KeyError. `texts` are fields
    that every row has, and whose values are texts.
    """

    present: frozenset[str]
    texts: frozenset[str] = frozenset()


class TextSlot:
    """A text with insertions, made of the nodes of a template that are inserted as texts."""

    def __init__(self, nodes: Sequence[Node], known: Known) -> None:
        fill = _by_names(nodes, known) or _by_program(nodes)
        constant = "".join(node.value for node in nodes if isinstance(node, Text))
        self.text: _Fill = fill if constant.strip() else _filled(fill)
        """The text of a row, never blank. May raise Irregular, KeyError, or whatever a value gives rise to."""


class MediaSlot:
    """A medium whose URL differs."""

    def __init__(self, value: MediumValue, buckets: MediaBuckets) -> None:
        self._value = value
        self._buckets = buckets

    def part(self, row: Row) -> Part:
        """Make the part of a row.

        Raises:
            Irregular: the row has no URL.
            RowProblem: the URL is of another kind, or points into another bucket, or its type cannot be told.
        """
        medium = self._value.medium(root_scope(row))
        if medium is None:
            raise Irregular
        return media_part(medium, self._buckets)


Slot = TextSlot | MediaSlot


def _filled(fill: _Fill) -> _Fill:
    def filled(row: Row) -> str:
        text = fill(row)
        if not text or text.isspace():
            raise Irregular
        return text

    return filled


def _by_program(nodes: Sequence[Node]) -> _Fill:
    """Nothing in these nodes arranges, so all pieces are texts."""
    program = compile_nodes(nodes)

    def text(row: Row) -> str:
        pieces: list[Piece] = []
        run(program, root_scope(row), pieces)
        return "".join(cast("list[str]", pieces))

    return text


def _by_names(nodes: Sequence[Node], known: Known) -> _Fill | None:
    """Where nothing but the row's own fields is inserted, one formatting does it."""
    names = [_name(node) for node in nodes if not isinstance(node, Text)]
    if not known.present.issuperset(names):
        return None
    if known.texts.issuperset(names):
        return text_maker([node.value if isinstance(node, Text) else (_name(node),) for node in nodes])
    pattern = "".join(node.value.replace("%", "%%") if isinstance(node, Text) else "%s" for node in nodes)
    return _of_values(pattern, names)


def _name(node: Node) -> str:
    call = call_of(node) if isinstance(node, Mustache) else None
    return (field_name(call.name) if call is not None and call.is_bare else None) or ""


def _of_values(pattern: str, names: Sequence[str]) -> _Fill:
    def text(row: Row) -> str:
        values = [row[name] for name in names]
        return pattern % tuple([value if value.__class__ is str else shown(value) for value in values])

    return text
