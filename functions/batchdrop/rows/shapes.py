"""The structural shape of a request: which paths it has, and what types stand there."""

from hashlib import blake2b

import orjson

_UNREADABLE = "unreadable"


def shape_of(line: bytes) -> str:
    """Hash the shape of a request line, `{"custom_id": ..., "request": ...}`, to 16 hex digits.

    Two requests have one shape if they have the same paths with the same JSON types; the order of keys and the
    number of array elements do not count, whether an array or an object is empty does.
    """
    try:
        request = orjson.loads(line)["request"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return _UNREADABLE
    paths: set[str] = set()
    waiting: list[tuple[str, object]] = [("", request)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            paths.add(f"{path}:object" if value else f"{path}:empty object")
            waiting += [(f"{path}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            paths.add(f"{path}:array" if value else f"{path}:empty array")
            waiting += [(f"{path}[]", inner) for inner in value]
        else:
            paths.add(f"{path}:{_kind(value)}")
    return blake2b("\0".join(sorted(paths)).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "number"
