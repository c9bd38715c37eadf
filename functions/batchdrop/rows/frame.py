"""What a template gives every row alike, told apart from what differs.

Where roles and media stand outside all blocks, every row has the same turns with the same parts; what differs are
texts and media in known places, the slots. A row that leaves a slot blank has other parts: it is irregular.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter

from dotpromptz_handlebars import Block, Mustache, Node, Text

from batchdrop.rows.calls import MediumValue, Piece, Turn, medium_value
from batchdrop.rows.media import media_part
from batchdrop.rows.messages import Message, arranged, check
from batchdrop.rows.paths import field_name, is_quoted, root_scope
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.program import call_of, compile_nodes, run
from batchdrop.rows.shown import shown
from batchdrop.rows.tags import Call

Row = Mapping[str, object]
Part = dict[str, object]


class Irregular(Exception):
    """This row leaves a slot blank, so its parts are others than the frame's."""


class TextSlot:
    """A text with insertions. `text` gives it for a row; it may raise `Irregular` or KeyError."""

    def __init__(self, text: Callable[[Row], str]) -> None:
        self.text = text


class MediaSlot:
    """A medium whose URL differs. `part` gives it for a row; it may raise `Irregular`."""

    def __init__(self, value: MediumValue) -> None:
        self._value = value

    def part(self, row: Row) -> Part:
        """Make the part of a row."""
        medium = self._value.medium(root_scope(row))
        if medium is None:
            raise Irregular
        return media_part(*medium)


Slot = TextSlot | MediaSlot


def frame_of(nodes: Iterable[Node], present: frozenset[str]) -> list[Message[Part | Slot]] | None:
    """Tell the frame of a parsed template, or None if its rows have none in common.

    `present` are fields that hardly a row lacks: for them it is worth to find out by a KeyError.
    """
    try:
        messages: list[Message[Part | Slot]] = arranged(_parts(nodes, present))
        check(messages, _is_text)
    except (Irregular, RowProblem):
        return None
    return messages


def _is_text(part: Part | Slot) -> bool:
    return isinstance(part, TextSlot) or (isinstance(part, dict) and "text" in part)


def _parts(nodes: Iterable[Node], present: frozenset[str]) -> Iterator[Turn | Part | Slot]:
    text: list[Node] = []
    for node in nodes:
        call = call_of(node) if isinstance(node, Mustache) else None
        if call is not None and call.name in {"role", "media"}:
            yield from _text(text, present)
            text.clear()
            yield _turn(call) if call.name == "role" else MediaSlot(medium_value(call, frozenset()))
        elif isinstance(node, Block) and _arranges(node):
            raise Irregular
        else:
            text.append(node)
    yield from _text(text, present)


def _turn(call: Call) -> Turn:
    if not is_quoted(call.args[0]):
        raise Irregular
    return Turn(call.args[0][1:-1])


def _arranges(block: Block) -> bool:
    """Whether what stands in a block may be a role or a medium."""
    return any(
        _arranges(node) if isinstance(node, Block) else isinstance(node, Mustache) and node.call["name"] in _ARRANGING
        for node in (*block.body, *block.inverse)
    )


_ARRANGING = frozenset({"role", "media"})


def _text(nodes: list[Node], present: frozenset[str]) -> Iterator[Part | TextSlot]:
    constant = "".join(node.value for node in nodes if isinstance(node, Text))
    if all(isinstance(node, Text) for node in nodes):
        if constant and not constant.isspace():
            yield {"text": constant}
        return
    text = _by_names(nodes, present) or _by_program(nodes)
    yield TextSlot(text if constant.strip() else _filled(text))


def _filled(text: Callable[[Row], str]) -> Callable[[Row], str]:
    def filled(row: Row) -> str:
        found = text(row)
        if not found or found.isspace():
            raise Irregular
        return found

    return filled


def _by_program(nodes: list[Node]) -> Callable[[Row], str]:
    program = compile_nodes(nodes)

    def text(row: Row) -> str:
        pieces: list[Piece] = []
        run(program, root_scope(row), pieces)
        return "".join(piece for piece in pieces if isinstance(piece, str))

    return text


def _by_names(nodes: list[Node], present: frozenset[str]) -> Callable[[Row], str] | None:
    """Where nothing but the row's own fields is inserted, one formatting does it."""
    names: list[str] = []
    pattern = ""
    for node in nodes:
        if isinstance(node, Text):
            pattern += node.value.replace("%", "%%")
            continue
        name = _name(node)
        if name not in present:
            return None
        names.append(name)
        pattern += "%s"
    return _one(pattern, names[0]) if len(names) == 1 else _several(pattern, names)


def _name(node: Node) -> str:
    call = call_of(node) if isinstance(node, Mustache) else None
    return (field_name(call.name) if call is not None and call.is_bare else None) or ""


def _one(pattern: str, name: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row[name]
        return pattern % (value if value.__class__ is str else shown(value),)

    return text


def _several(pattern: str, names: list[str]) -> Callable[[Row], str]:
    values_of: Callable[[Row], tuple[object, ...]] = itemgetter(*names)

    def text(row: Row) -> str:
        values = values_of(row)
        for value in values:
            if value.__class__ is not str:
                return pattern % tuple(map(shown, values))
        return pattern % values

    return text
