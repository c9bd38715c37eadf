"""Whether what the requests of a prompt have in common stands at their beginning, where an implicit cache finds it.

A request is cached as far as it begins like one before, its system instruction first, and not at all below a least
length (docs: generative-ai/docs/context-cache/context-cache-overview).
"""

from collections.abc import Iterable, Iterator

import msgspec
from dotpromptz_handlebars import Block, Mustache, Node, Text

from batchdrop.rows.paths import is_quoted
from batchdrop.rows.program import call_of
from batchdrop.rows.template import Template
from batchdrop.rows.text_tokens import tokens_of_text

LEAST_CACHED = 2_048
"""Tokens of a request that may be cached; the docs of some models ask for 4,096."""
_WORTH_A_WORD = 128
_SYSTEM = "system"


class CacheOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that all requests have in common: at their `beginning`, and `behind` the first that differs."""

    beginning: int
    behind: int
    first: str

    @property
    def lost(self) -> int:
        """Tokens that a cache would hold if all of them stood at the beginning, and does not as it is."""
        whole = self.beginning + self.behind
        if self.behind < _WORTH_A_WORD or whole < LEAST_CACHED:
            return 0
        return self.behind if self.beginning >= LEAST_CACHED else whole


def cache_order(template: str) -> CacheOrder:
    """Tell where the fixed texts of a template stand. What is in a block is taken to differ from row to row.

    Raises:
        TagProblem: the template is none.
    """
    pieces = [*_in_order(Template(template).nodes)]
    first = next((place for place, piece in enumerate(pieces) if not isinstance(piece, Text)), len(pieces))
    return CacheOrder(
        beginning=_tokens(pieces[:first]),
        behind=_tokens(pieces[first:]),
        first=_named(pieces[first]) if first < len(pieces) else "",
    )


def _in_order(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes that make texts and media, in the order of the request: those of the system instruction come first."""
    system: list[Node] = []
    others: list[Node] = []
    to = others
    for node in nodes:
        call = call_of(node) if isinstance(node, Mustache) else None
        if call is None or call.name != "role":
            to.append(node)
        elif is_quoted(call.args[0]):
            to = system if call.args[0][1:-1] == _SYSTEM else others
        else:
            to = others
            to.append(node)
    yield from system
    yield from others


def _tokens(pieces: Iterable[Node]) -> int:
    return sum(tokens_of_text(piece.value).expected for piece in pieces if isinstance(piece, Text))


def _named(node: Node) -> str:
    """The name of what differs, as the template says it."""
    return call_of(node).name if isinstance(node, Mustache | Block) else ""
