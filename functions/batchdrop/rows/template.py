"""Rendering a template for one row, into messages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
from dotpromptz_handlebars import Handlebars, HelperOptions, SafeString

from batchdrop.rows.media import media_part, render_problem
from batchdrop.rows.reads import ROLES
from batchdrop.rows.tags import Tag, TagProblem, tags_of

MARK = "\ufdd0"
"""Sets roles and media apart from text. Unicode keeps it from being a character; one in a row is escaped."""

_ESCAPED = f"{MARK}e{MARK}"
_SPLIT = "\ufdd1"
_OBJECT = "[object Object]"


@dataclass(slots=True)
class Message:
    """One turn: texts and media in order."""

    role: str
    parts: list[dict[str, object]] = field(default_factory=list)


class Template:
    """A compiled Handlebars template with Dotprompt's helpers.

    Raises:
        TagProblem: the engine does not take it.
    """

    def __init__(self, source: str) -> None:
        if MARK in source or _SPLIT in source:
            offset = max(source.find(MARK), source.find(_SPLIT))
            raise TagProblem(offset, "The template holds U+FDD0 or U+FDD1, which are no characters.", "Take it away.")
        engine = _engine()
        try:
            self._render = engine.compile(source)
        except ValueError as error:
            offset = next((tag.offset for tag in tags_of(source) if not _compiles(engine, tag)), 0)
            raise TagProblem(offset, f"The template cannot be read: {error}.", "See the Handlebars guide.") from None
        self._says_object = _OBJECT in source

    def messages(self, context: Mapping[str, object]) -> list[Message]:
        """Render for one row.

        Raises:
            RowProblem: its values cannot be rendered, or name a medium or role that cannot be sent.
        """
        try:
            text = self._render(_guarded(context))
        except ValueError:
            hint = "Compare the row's values with what the template does with them."
            raise render_problem("RENDER_FAILED", "The template cannot be filled with this row.", hint) from None
        if _OBJECT in text and not self._says_object and _OBJECT.encode() not in orjson.dumps(context):
            hint = "Insert one of its fields, {{name.field}}, or its JSON, {{json name}}."
            raise render_problem("OBJECT_AS_TEXT", "The template inserts an object as if it were a text.", hint)
        return _Assembly().of(text.split(MARK))


def _compiles(engine: Handlebars, tag: Tag) -> bool:
    alone = f"{{{{{tag.sigil}{tag.body}}}}}"
    if tag.sigil in {"/", "else"}:
        return True
    try:
        engine.compile(alone + f"{{{{/{tag.body.split()[0]}}}}}" if tag.sigil in {"#", "^"} else alone)
    except ValueError:
        return False
    return True


def _guarded(value: object) -> object:
    """Escape the mark wherever a row holds it, so that nothing in a row becomes a role or a medium."""
    if isinstance(value, str):
        return value.replace(MARK, _ESCAPED) if MARK in value else value
    if isinstance(value, Mapping):
        return {_guarded(key): _guarded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_guarded(inner) for inner in value]
    return value


def _engine() -> Handlebars:
    engine = Handlebars(escape_html=False)
    engine.register_helper("role", _role)
    engine.register_helper("media", _media)
    engine.register_helper("json", _json)
    engine.register_helper("ifEquals", lambda args, options: options.fn() if args[0] == args[1] else options.inverse())
    engine.register_helper(
        "unlessEquals", lambda args, options: options.fn() if args[0] != args[1] else options.inverse()
    )
    return engine


def _role(args: list[object], _: HelperOptions) -> SafeString:
    return SafeString(f"{MARK}r{_plain(args[0])}{MARK}")


def _media(_: list[object], options: HelperOptions) -> SafeString:
    url, content_type = (_plain(options.hash_value(key)) for key in ("url", "contentType"))
    return SafeString(f"{MARK}m{url}{_SPLIT}{content_type}{MARK}" if url else "")


def _plain(value: object) -> str:
    return str(value).replace(MARK, "").replace(_SPLIT, "")


def _json(args: list[object], options: HelperOptions) -> SafeString:
    indent = str(options.hash_value("indent"))
    if indent.isdecimal() and int(indent) > 0:
        return SafeString(json.dumps(args[0], ensure_ascii=False, indent=int(indent)))
    return SafeString(json.dumps(args[0], ensure_ascii=False, separators=(",", ":")))


class _Assembly:
    """Messages in the making. Blank texts are no parts, and messages without parts are none."""

    def __init__(self) -> None:
        self._messages = [Message("user")]
        self._text: list[str] = []

    def of(self, pieces: Iterable[str]) -> list[Message]:
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                self._text.append(piece)
            elif piece == "e":
                self._text.append(MARK)
            else:
                self._flush()
                self._command(piece[0], piece[1:])
        self._flush()
        return [message for message in self._messages if message.parts]

    def _command(self, kind: str, value: str) -> None:
        if kind == "m":
            self._messages[-1].parts.append(media_part(*value.split(_SPLIT)))
        elif value not in ROLES:
            hint = f"Known are: {', '.join(ROLES)}."
            raise render_problem("BAD_ROLE", "The row names a role that Gemini does not know.", hint)
        elif self._messages[-1].parts:
            self._messages.append(Message(value))
        else:
            self._messages[-1].role = value

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if text and not text.isspace():
            self._messages[-1].parts.append({"text": text})
