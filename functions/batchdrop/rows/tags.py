"""The tags of a Handlebars template, with their places: what the engine keeps to itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(
    r"""\{\{\{\{\s*raw\s*\}\}\}\}.*?\{\{\{\{/raw\}\}\}\}
      | \{\{(?!\{\{)~?!--.*?--~?\}\}
      | \{\{(?!\{\{)~?\{(?P<triple>.*?)\}~?\}\}
      | \{\{(?![~]?\{)~?(?P<plain>.*?)~?\}\}""",
    re.DOTALL | re.VERBOSE,
)
MOST_PARENTHESES = 50
_CLOSE_HINT = "Close it: {{name}}, {{{name}}} or {{{{raw}}}} ... {{{{/raw}}}}; write \\{{ for the signs themselves."


class TagProblem(Exception):
    """The template is broken at an offset."""

    def __init__(self, offset: int, message: str, hint: str) -> None:
        """Keep the parts of the message apart."""
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Call:
    """What stands in a tag: a path, or a helper with arguments. `params` are the names after `as`."""

    name: str
    args: tuple[str, ...]
    named: tuple[tuple[str, str], ...]
    params: tuple[str, ...]

    @property
    def is_bare(self) -> bool:
        """Whether nothing follows the name."""
        return not self.args and not self.named


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. `sigil` is its first sign, `""` for a plain one, `else` for a branch."""

    sigil: str
    body: str
    offset: int

    def call(self) -> Call:
        """Take the body apart.

        Raises:
            TagProblem: it names nothing, or nests without measure.
        """
        if self.body.count("(") > MOST_PARENTHESES:
            raise TagProblem(self.offset, "A tag has too many parentheses.", "Say it in simpler tags.")
        head, bar, names = self.body.partition(" as |")
        words = list(_words(head))
        named = [word.split("=", 1) for word in words if _is_named(word)]
        bare = [word for word in words if not _is_named(word)]
        if not bare:
            raise TagProblem(self.offset, "A tag names nothing.", "Write {{name}}.")
        params = tuple(names.rstrip("|").split()) if bar else ()
        return Call(bare[0], tuple(bare[1:]), tuple((key, value) for key, value in named), params)


def nested_call(word: str) -> Call:
    """Take a subexpression `(helper arg)` apart."""
    return Tag("", word[1:-1].strip(), 0).call()


def _is_named(word: str) -> bool:
    return "=" in word and word[0] not in "\"'("


def _words(text: str) -> Iterator[str]:
    """Split at white space, but not inside quotes, parentheses or brackets."""
    word, depth, quote = "", 0, ""
    for sign in text:
        if sign.isspace() and not quote and depth == 0:
            if word:
                yield word
            word = ""
            continue
        word += sign
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([") - (sign in ")]")
    if word:
        yield word


def tags_of(template: str) -> Iterator[Tag]:
    """All tags of a template in order, comments, raw blocks and escaped ones left out.

    Raises:
        TagProblem: a tag is not closed.
    """
    position = template.find("{{")
    while position >= 0:
        end = position + 2
        if not _is_escaped(template, position):
            match = _TAG.match(template, position)
            if match is None:
                raise TagProblem(position, "A tag is not closed, or opens a block that is unknown.", _CLOSE_HINT)
            if match["triple"] is not None:
                yield Tag("", match["triple"].strip(), position)
            elif match["plain"] is not None and not match["plain"].startswith("!"):
                yield _plain(match["plain"].strip(), position)
            end = match.end()
        position = template.find("{{", end)


def _is_escaped(template: str, position: int) -> bool:
    """One backslash before a tag makes it text; of several, the engine takes one away and keeps the tag."""
    before = template[max(position - 2, 0) : position]
    return before.endswith("\\") and before != "\\\\"


def _plain(body: str, start: int) -> Tag:
    if body == "else" or body.startswith("else "):
        return Tag("else", body.removeprefix("else").strip(), start)
    sigil = body[:1] if body[:1] in tuple("#/^>&*") else ""
    return Tag(sigil, body.removeprefix(sigil).strip(), start)
