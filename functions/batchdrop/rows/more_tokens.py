"""A request whose answer ran out of tokens, to be asked once more with room for a longer one."""

import msgspec

from batchdrop.domain.limits import REQUEST_BYTES

_TIMES = 4
_CONFIG = "generationConfig"
_MOST = "maxOutputTokens"


class _Line(msgspec.Struct):
    custom_id: msgspec.Raw
    request: dict[str, msgspec.Raw]


_line = msgspec.json.Decoder(_Line).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_tokens = msgspec.json.Decoder(int, strict=False).decode


def with_more_tokens(line: bytes, limit: int) -> bytes | None:
    """Write a request line anew with four times its `maxOutputTokens`, though no more than `limit`.

    None where that would change nothing: the line has the most already, or names none, which means the model's most.
    """
    asked = _line(line)
    config = _fields(asked.request.get(_CONFIG, b"{}"))
    now = _tokens(config[_MOST]) if _MOST in config else limit
    more = min(_TIMES * now, limit)
    if more <= now:
        return None
    larger = config | {_MOST: msgspec.Raw(b"%d" % more)}
    asked.request[_CONFIG] = msgspec.Raw(msgspec.json.encode(larger))
    written = msgspec.json.encode(asked) + b"\n"
    return written if len(written) <= REQUEST_BYTES else None
