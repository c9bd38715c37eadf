"""The front matter of a prompt: what it says, and at which line and column."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml
from dotpromptz import FrontmatterError, ParsedPrompt, parse_document

from batchdrop.domain.errors import Refused
from batchdrop.domain.reasons import Code, Reason

Path = tuple[str | int, ...]

MOST_BYTES = 1024 * 1024
MOST_FRONT_BYTES = 128 * 1024
"""YAML is read at some 30 KB a second, and whoever stages a shard reads its prompt."""

_FENCE = "---"
_MOST_SIGNS = 500
_YAML_HINT = "Check the indentation, and put quotes around texts that hold ': ' or ' #' or begin with a sign."


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A prompt file that could be parsed: its front matter as YAML gives it, and its template.

    `template_line` is the line of the file that the template's first line is.
    """

    name: str
    fields: Mapping[str, Any]
    template: str
    template_line: int
    _root: yaml.Node | None
    _first_line: int

    def refused(self, path: Path, message: str, hint: str) -> Refused:
        """Refuse the prompt because of the key or list entry at this path."""
        node = _key_at(self._root, path)
        line = node.start_mark.line + self._first_line if node else None
        column = node.start_mark.column + 1 if node else None
        return refused(self.name, message, hint, line, column)

    def refused_in_template(self, line: int, column: int, message: str, hint: str) -> Refused:
        """Refuse the prompt because of a place in its template, lines counted from 0, columns from 1."""
        return refused(self.name, message, hint, self.template_line + line, column)


def refused(name: str, message: str, hint: str, line: int | None = None, column: int | None = None) -> Refused:
    """Refuse a prompt. What it quotes of the prompt may be of any length; documents have no room for that."""
    code = Code.PROMPT_INVALID
    message, hint = (text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]} ..." for text in (message, hint))
    return Refused(Reason(code=code, message=message, hint=hint, where=name, line=line, column=column))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the known word that this one resembles, as a question, or nothing."""
    match = get_close_matches(word, list(known), n=1)
    return f"Did you mean {match[0]}?" if match else ""


def parse_front_matter(source: bytes, name: str) -> FrontMatter:
    """Parse a prompt file.

    Raises:
        Refused: it is not UTF-8, its YAML is broken, or a field has the wrong type.
    """
    text = _text(source, name)
    _check_size(text, name)
    try:
        parsed: ParsedPrompt[Any] = parse_document(text)
    except FrontmatterError as error:
        message = f"The front matter cannot be read: {error.reason}."
        raise refused(name, message, _YAML_HINT, error.line, error.column) from None
    except RecursionError:
        raise refused(name, "The front matter is nested too deeply.", "Flatten it.") from None
    except ValueError:
        raise _wrong_scalar(text, name) from None
    fences = _fences(text) if parsed.raw is not None else None
    if fences is None:
        return FrontMatter(name, {}, text.strip(), 1 + _blank_lines(text), None, 1)
    opening, closing = fences
    lines = text.split("\n")
    body = "\n".join(lines[closing + 1 :])
    return FrontMatter(
        name=name,
        fields=parsed.raw or {},
        template=parsed.template,
        template_line=closing + 2 + _blank_lines(body),
        _root=yaml.compose("\n".join(lines[opening + 1 : closing]), Loader=yaml.SafeLoader),
        _first_line=opening + 2,
    )


def _check_size(text: str, name: str) -> None:
    fences = _fences(text)
    front = sum(map(len, text.split("\n")[fences[0] : fences[1]])) if fences else 0
    if len(text) > MOST_BYTES or front > MOST_FRONT_BYTES:
        message = f"The prompt has more than {MOST_BYTES:,} signs, or {MOST_FRONT_BYTES:,} of front matter."
        raise refused(name, message, "Shorten it; what differs from row to row belongs into the rows.")


def _wrong_scalar(text: str, name: str) -> Refused:
    """Tell of a date that no calendar has, or a number that no machine can hold."""
    opening, closing = _fences(text) or (0, 0)
    root = yaml.compose("\n".join(text.split("\n")[opening + 1 : closing]), Loader=yaml.SafeLoader)
    found = next((node for node in _scalars(root) if not _reads(node)), None)
    line = found.start_mark.line + opening + 2 if found else None
    column = found.start_mark.column + 1 if found else None
    message = "A value looks like a date or a number, but is none."
    return refused(name, message, "Put quotes around it.", line, column)


def _scalars(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting += [inner for pair in reversed(node.value) for inner in reversed(pair)]


def _reads(node: yaml.ScalarNode) -> bool:
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError:
        return False
    return True


def _text(source: bytes, name: str) -> str:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"Byte {error.start + 1} of the prompt is not UTF-8."
        raise refused(name, message, "Save the prompt as UTF-8.", line, column) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fences(text: str) -> tuple[int, int] | None:
    """The lines, from 0, that open and close the front matter."""
    found = [number for number, line in enumerate(text.split("\n")) if line.rstrip(" \t") == _FENCE]
    return (found[0], found[1]) if len(found) > 1 else None


def _blank_lines(body: str) -> int:
    """Lines that stripping takes away before the template."""
    return body[: len(body) - len(body.lstrip())].count("\n")


def _key_at(root: yaml.Node | None, path: Path) -> yaml.Node | None:
    """The node of the deepest part of a path that is there; of a mapping's entry, its key."""
    found, current = root, root
    for part in path:
        step = _step(current, part)
        if step is None:
            break
        found, current = step
    return found


def _step(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
