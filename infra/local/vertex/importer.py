"""Brings the input of a job onto this machine's disk, and refuses what Vertex's importer would refuse."""

import re
from collections.abc import Iterable, Iterator

import msgspec
import orjson

from infra.local.vertex.ports import Storage, StoredObject
from infra.local.vertex.settings import Settings
from infra.local.vertex.shape import ImportRefusedError, RowShape
from infra.local.vertex.spool import RowSpool

_WILD = re.compile(r"[*?\[]")


class Imported(msgspec.Struct, frozen=True):
    """The rows of a job's input, and the shape that they share."""

    rows: RowSpool
    shape: RowShape


def imported(storage: Storage, uris: Iterable[str], settings: Settings) -> Imported:
    """The rows of all objects that `uris` name, in the order of the URIs and, below a wildcard, of the names.

    Raises:
        ImportRefusedError: no such file, too much, or a row that the importer cannot take.
    """
    found = list(_found(storage, uris))
    if sum(stored.size for stored in found) > settings.max_bytes:
        raise ImportRefusedError(f"The input is larger than {settings.max_bytes} bytes.")
    taken = Imported(RowSpool(), RowShape())
    try:
        _fill(taken, storage, found, settings.max_rows)
    except BaseException:
        taken.rows.close()
        raise
    return taken


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and object name of a `gs://` URI."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def _fill(taken: Imported, storage: Storage, found: Iterable[StoredObject], max_rows: int) -> None:
    spool, shape = taken.rows, taken.shape
    for stored in found:
        for number, line in enumerate(_lines(storage.read(stored)), 1):
            if not line.strip():
                continue
            shape.add(_row(line, stored, number))
            spool.add(line)
            if len(spool) > max_rows:
                raise ImportRefusedError(f"The input has more than {max_rows} rows.")
    if not spool:
        raise ImportRefusedError("The input has no rows.")
    spool.seal()


def _row(line: bytes, stored: StoredObject, number: int) -> dict[str, object]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = None
    where = f"File: gs://{stored.bucket}/{stored.name}, line {number}"
    if not isinstance(row, dict):
        raise ImportRefusedError(f"JSON parsing error: a JSON object is expected. {where}")
    if not isinstance(row.get("request"), dict):
        raise ImportRefusedError(f"Missing required field: request. {where}")
    return row


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        for other in others:
            yield b"".join(begun)
            begun = [other]
    yield b"".join(begun)


def _found(storage: Storage, uris: Iterable[str]) -> Iterator[StoredObject]:
    seen = set()
    for uri in uris:
        matches = list(_matches(storage, uri))
        if not matches:
            raise ImportRefusedError(f"No input files found: {uri}")
        for stored in matches:
            if (stored.bucket, stored.name) not in seen:
                seen.add((stored.bucket, stored.name))
                yield stored


def _matches(storage: Storage, uri: str) -> Iterator[StoredObject]:
    bucket, name = split_uri(uri)
    wild = _WILD.search(name)
    if wild is None:
        # By name the exact match comes first of all that begin so.
        first = next(iter(storage.objects(bucket, name)), None)
        return iter([first] if first and first.name == name else [])
    pattern = _pattern(name)
    listed = storage.objects(bucket, name[: wild.start()])
    return (stored for stored in listed if pattern.fullmatch(stored.name))


def _pattern(wildcard: str) -> re.Pattern[str]:
    """Cloud Storage's wildcards: `**` crosses slashes, `*` and `?` do not, `[a-z]` is a set."""
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", wildcard)
    symbols = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    made = (symbols.get(part) or (part if part[:1] == "[" else re.escape(part)) for part in parts)
    return re.compile("".join(made), re.DOTALL)
