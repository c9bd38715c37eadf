"""Rendering a template for one row, into messages."""

from collections.abc import Iterator, Mapping

from dotpromptz_handlebars import Node
from dotpromptz_handlebars._render import compile_template

from batchdrop.rows.calls import Piece, Turn
from batchdrop.rows.media import Medium, media_part, render_problem
from batchdrop.rows.media_buckets import NO_BUCKETS, MediaBuckets
from batchdrop.rows.messages import Message, arranged
from batchdrop.rows.paths import root_scope
from batchdrop.rows.program import compile_nodes, run
from batchdrop.rows.tags import Tag, TagProblem, tags_of

Part = dict[str, object]


class Template:
    """A compiled Handlebars template with Dotprompt's helpers.

    The engine of `dotpromptz` parses it, by a function that has no public name; what it parsed is compiled here.

    Raises:
        TagProblem: the engine does not take it.
    """

    def __init__(self, source: str) -> None:
        try:
            self.nodes: list[Node] = compile_template(source)
            self._program = compile_nodes(self.nodes)
        except ValueError as error:
            offset = next((tag.offset for tag in tags_of(source) if not _compiles(tag)), 0)
            raise TagProblem(offset, f"The template cannot be read: {error}.", "See the Handlebars guide.") from None

    def messages(self, row: Mapping[str, object], buckets: MediaBuckets = NO_BUCKETS) -> list[Message[Part]]:
        """Render for one row, whose media may lie in these buckets.

        Raises:
            RowProblem: its values cannot be rendered, or name a medium or role that cannot be sent.
        """
        pieces: list[Piece] = []
        try:
            run(self._program, root_scope(row), pieces)
        except (ValueError, TypeError, RecursionError):
            hint = "Compare the row's values with what the template does with them."
            raise render_problem("RENDER_FAILED", "The template cannot be filled with this row.", hint) from None
        return arranged(_parts(pieces, buckets))


def _compiles(tag: Tag) -> bool:
    if tag.sigil in {"/", "else"}:
        return True
    closing = f"{{{{/{tag.body.partition(' ')[0]}}}}}" if tag.sigil in {"#", "^"} else ""
    try:
        compile_nodes(compile_template(f"{{{{{tag.sigil}{tag.body}}}}}{closing}"))
    except ValueError:
        return False
    return True


def _parts(pieces: list[Piece], buckets: MediaBuckets) -> Iterator[Turn | Part]:
    """Join texts up to the next medium or turn; blank ones are no parts."""
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        yield from _text(texts)
        texts.clear()
        yield media_part(piece, buckets) if isinstance(piece, Medium) else piece
    yield from _text(texts)


def _text(texts: list[str]) -> Iterator[Part]:
    text = "".join(texts)
    if text and not text.isspace():
        yield {"text": text}
