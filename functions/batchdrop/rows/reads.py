"""What a template reads of a row, and what in it cannot work in a batch."""

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NoReturn

from batchdrop.rows.tags import Call, Tag, TagProblem, nested_call, tags_of

ROLES = ("system", "user", "model")
INLINE_HELPERS = frozenset({"json", "lookup", "media", "role"})
BLOCKS = {"if": 1, "unless": 1, "each": 1, "with": 1, "ifEquals": 2, "unlessEquals": 2}
"""Blocks that there are, and how many arguments each takes."""

MOST_BLOCKS = 90
"""The engine stops at a depth of 100, and has levels of its own."""

_MOVING = frozenset({"each", "with"})
_NESTED_HELPERS = frozenset({"json", "lookup"})
_IMPOSSIBLE = {
    "history": "A batch has no conversation before it; write its turns with {{role}}.",
    "section": "Sections are filled by code; write the text itself.",
    "log": "Nothing of a row is logged; take it away.",
}
_SEGMENT = re.compile(r"\[([^\]]*)\]|([^./\[\]]+|\.\.)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Reads:
    """Names of a row's values that a template reads.

    `columns` are all of them; `needed` those that are inserted outside all blocks, and asked for by none.
    """

    columns: frozenset[str]
    needed: frozenset[str]


def reads_of(template: str) -> Reads:
    """Find what a template reads, as well as it can be told without a row.

    Raises:
        TagProblem: a tag is broken, or names what is not there.
    """
    reader = _Reader()
    for tag in tags_of(template):
        reader.take(tag)
    reader.finish()
    return Reads(frozenset(reader.inserted | reader.asked), frozenset(reader.inserted - reader.asked))


@dataclass(slots=True)
class _Block:
    name: str
    offset: int
    moves: bool
    params: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    inserted: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    open: list[_Block] = field(default_factory=list)

    def take(self, tag: Tag) -> None:
        if tag.sigil in {">", "*"} or (tag.sigil == "#" and tag.body.startswith((">", "*"))):
            _refuse(tag, "Partials cannot be used.", "Write their text into this template; there is no prompt store.")
        if tag.sigil == "/":
            self._close(tag)
        elif tag.sigil == "else":
            self._branch(tag)
        elif tag.sigil in {"#", "^"}:
            self._block(tag, tag.call())
        else:
            self._insert(tag, tag.call())

    def finish(self) -> None:
        for block in self.open:
            hint = f"Close it with {{{{/{block.name}}}}}."
            raise TagProblem(block.offset, f"The block {block.name} is not closed.", hint)

    def _close(self, tag: Tag) -> None:
        if not self.open or self.open[-1].name != tag.body:
            expected = f"Close {self.open[-1].name} first." if self.open else "No block is open here."
            _refuse(tag, f"{{{{/{tag.body}}}}} closes a block that is not open.", expected)
        self.open.pop()

    def _branch(self, tag: Tag) -> None:
        if not self.open:
            _refuse(tag, "{{else}} stands outside a block.", "Put it between {{#if ...}} and {{/if}}.")
        last = self.open[-1]
        self.open[-1] = _Block(last.name, last.offset, moves=False, params=())
        if tag.body:
            call = tag.call()
            if call.name not in {"if", "unless"} or len(call.args) != 1:
                _refuse(tag, "{{else}} is followed by what it cannot take.", "Write {{else}} or {{else if name}}.")
            self._read(tag, call.args[0], self.asked)

    def _block(self, tag: Tag, call: Call) -> None:
        wanted = BLOCKS.get(call.name)
        if wanted is None and not call.is_bare:
            _refuse_helper(tag, call.name, BLOCKS)
        if wanted is not None and len(call.args) != wanted:
            _refuse(tag, f"#{call.name} takes {wanted} argument(s), not {len(call.args)}.", "See the Handlebars guide.")
        for word in call.args if wanted is not None else (call.name,):
            self._read(tag, word, self.asked)
        if len(self.open) >= MOST_BLOCKS:
            _refuse(tag, f"Blocks are nested more than {MOST_BLOCKS} deep.", "Flatten them.")
        moves = (call.name in _MOVING or wanted is None) and tag.sigil == "#"
        self.open.append(_Block(call.name, tag.offset, moves, call.params))

    def _insert(self, tag: Tag, call: Call) -> None:
        if call.name in _IMPOSSIBLE:
            hint = f"{_IMPOSSIBLE[call.name]} A column of that name is read by {{{{this.{call.name}}}}}."
            _refuse(tag, f"{{{{{call.name}}}}} cannot be used in a batch.", hint)
        if call.name in INLINE_HELPERS:
            self._helper(tag, call)
        elif call.name in BLOCKS or not call.is_bare:
            _refuse_helper(tag, call.name, INLINE_HELPERS)
        else:
            self._read(tag, call.name, self._into())

    def _into(self) -> set[str]:
        """Inside a block, whatever its condition, a value may be absent."""
        return self.asked if self.open else self.inserted

    def _helper(self, tag: Tag, call: Call) -> None:
        if call.is_bare:
            hint = f"Give it an argument; a column of that name is read by {{{{this.{call.name}}}}}."
            _refuse(tag, f"{call.name} is a helper and needs an argument.", hint)
        if call.name == "role":
            _check_role(tag, call)
        if call.name == "media":
            _check_media(tag, call)
        for word in (*call.args, *(value for _, value in call.named)):
            self._read(tag, word, self._into())

    def _read(self, tag: Tag, word: str, into: set[str]) -> None:
        if word.startswith("("):
            call = nested_call(word)
            if call.name not in _NESTED_HELPERS:
                _refuse_helper(tag, call.name, _NESTED_HELPERS)
            for inner in (*call.args, *(value for _, value in call.named)):
                self._read(tag, inner, into)
            return
        name = self._top_name(word)
        if name:
            into.add(name)

    def _top_name(self, word: str) -> str:
        """The name of the row's value that a path begins with, or nothing for what is no path to one."""
        if _literal(word) is not None or word in {"true", "false", "null", "undefined"} or _NUMBER.fullmatch(word):
            return ""
        segments = [bracketed or plain for bracketed, plain in _SEGMENT.findall(word)]
        if word.startswith("@"):
            return segments[1] if segments[0] == "@root" and len(segments) > 1 else ""
        climbed = segments.count("..")
        names = [segment for segment in segments if segment not in {"..", "this"}]
        if not names or climbed != sum(block.moves for block in self.open):
            return ""
        return "" if climbed == 0 and any(names[0] in block.params for block in self.open) else names[0]


def _literal(word: str) -> str | None:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else None


def _check_role(tag: Tag, call: Call) -> None:
    role = _literal(call.args[0]) if call.args else ""
    if role is not None and role not in ROLES:
        hint = f"Write {', '.join(ROLES)}; the model's own turns have the role model."
        _refuse(tag, "The template names a role that Gemini does not know.", hint)


def _check_media(tag: Tag, call: Call) -> None:
    url = dict(call.named).get("url")
    if url is None:
        _refuse(tag, "media has no url.", 'Write {{media url=column}}, with contentType="image/png" if need be.')
    literal = _literal(url)
    if literal is not None and not literal.startswith(("gs://", "data:")):
        _refuse(tag, "The URL of a medium is neither gs:// nor data:.", "Put the file into a bucket: gs://bucket/name.")


def _refuse(tag: Tag, message: str, hint: str) -> NoReturn:
    raise TagProblem(tag.offset, message, hint)


def _refuse_helper(tag: Tag, name: str, known: frozenset[str] | dict[str, int]) -> NoReturn:
    match = get_close_matches(name, known, n=1)
    hint = f"Did you mean {match[0]}?" if match else f"Known are: {', '.join(sorted(known))}."
    spaced = " A column whose name has spaces is read by {{[the name]}}." if tag.sigil == "" else ""
    _refuse(tag, f"There is no helper {name} here.", hint + spaced)
