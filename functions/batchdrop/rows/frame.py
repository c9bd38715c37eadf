"""What a template gives every row alike, told apart from what differs.

Where roles and media stand outside all blocks, every row has the same turns with the same parts; what differs are
texts and media in known places, the slots. A row that leaves a slot blank has other parts: it is irregular.
"""

from collections.abc import Iterable, Iterator

from dotpromptz_handlebars import Block, Mustache, Node, Text

from batchdrop.rows.calls import Turn, medium_value
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.messages import Message, arranged, check
from batchdrop.rows.paths import is_quoted
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.program import call_of
from batchdrop.rows.slots import Irregular, Known, MediaSlot, Part, Slot, TextSlot
from batchdrop.rows.tags import Call

_ARRANGING = frozenset({"role", "media"})


def frame_of(nodes: Iterable[Node], known: Known, buckets: MediaBuckets) -> list[Message[Part | Slot]] | None:
    """Tell the frame of a parsed template, or None if its rows have none in common."""
    try:
        messages: list[Message[Part | Slot]] = arranged(_parts(nodes, known, buckets))
        check(messages, _is_text)
    except (Irregular, RowProblem):
        return None
    return messages


def _is_text(part: Part | Slot) -> bool:
    return isinstance(part, TextSlot) or (isinstance(part, dict) and "text" in part)


def _parts(nodes: Iterable[Node], known: Known, buckets: MediaBuckets) -> Iterator[Turn | Part | Slot]:
    text: list[Node] = []
    for node in nodes:
        call = call_of(node) if isinstance(node, Mustache) else None
        if call is not None and call.name in _ARRANGING:
            yield from _text(text, known)
            text = []
            yield _turn(call) if call.name == "role" else MediaSlot(medium_value(call, frozenset()), buckets)
        elif isinstance(node, Block) and _arranges(node):
            raise Irregular
        else:
            text.append(node)
    yield from _text(text, known)


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


def _text(nodes: list[Node], known: Known) -> Iterator[Part | TextSlot]:
    if any(not isinstance(node, Text) for node in nodes):
        yield TextSlot(nodes, known)
        return
    constant = "".join(node.value for node in nodes if isinstance(node, Text))
    if constant and not constant.isspace():
        yield {"text": constant}
