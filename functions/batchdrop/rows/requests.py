"""Requests to Gemini: checking them, writing them, and recognising them in an answer."""

from collections.abc import Iterator, Mapping

import msgspec
import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import UnknownFields
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.fingerprint import fingerprint as fingerprint  # noqa: PLC0414  # its former place
from batchdrop.rows.mend import CONTENTS, REQUEST, Mender, field_twice, missing
from batchdrop.rows.problems import RowProblem as RowProblem  # noqa: PLC0414  # its former place
from batchdrop.rows.problems import request_problem
from batchdrop.rows.signatures import MAX_PATHS, signature_of
from batchdrop.rows.signatures import merge as merge  # noqa: PLC0414  # its former place
from batchdrop.rows.values import Problem

MAX_DEPTH = 15
"""Objects inside objects, the request itself counted: Vertex imports a batch like a BigQuery table."""


def field(value: Mapping[str, object], camel: str, snake: str) -> object:
    """Read a field that may be spelled either way; None if it is absent."""
    found = value.get(camel)
    return value.get(snake) if found is None else found


class Settled(msgspec.Struct, frozen=True):
    """A request that Vertex and its importer take, in the spelling of the API's JSON.

    `signature` tells which other requests may share a batch with it, as `rows.signatures` says.
    """

    request: dict[str, object]
    signature: dict[str, str]


def settle(request: Mapping[str, object], unknown: UnknownFields = UnknownFields.ERROR) -> Settled:
    """Check a request wholly, and restate what can be restated without another meaning.

    Raises:
        RowProblem: Vertex or its importer would refuse it.
    """
    mender = Mender(unknown)
    settled: dict[str, object] = {}
    for name, value in request.items():
        found = mender.top(name, value)
        if found is not None:
            if found[0] in settled:
                raise field_twice(found[0], REQUEST)
            settled[found[0]] = found[1]
    if CONTENTS not in settled:
        raise missing(CONTENTS, REQUEST)
    return Settled(settled, signature_of(mender.types))


def request_line(key: RowKey, request: Mapping[str, object]) -> bytes:
    r"""Write a line of a request file, `{"custom_id": key, "request": {...}}\n`."""
    return orjson.dumps({"custom_id": key, "request": dict(request)}, option=orjson.OPT_APPEND_NEWLINE)


def check_size(line: bytes) -> Problem | None:
    """Judge the length of a request line (docs: inline data and request size)."""
    if len(line) <= REQUEST_BYTES:
        return None
    return request_problem(
        "REQUEST_TOO_LARGE",
        f"The request has {len(line):,} bytes; Vertex takes {REQUEST_BYTES:,}.",
        "Shorten the row, or put its media into a bucket and point to it with a gs:// URI.",
    )


def check_native(value: Mapping[str, object]) -> Problem | None:
    """Judge a record that is a Vertex batch line, `{"request": {"contents": [...], ...}, ...}`."""
    request = value.get("request")
    if not isinstance(request, dict):
        return request_problem("NO_REQUEST", "The record has no object `request`.", _LINE_HINT, "request")
    contents = request.get("contents")
    if not isinstance(contents, list) or not contents:
        return request_problem("NO_CONTENTS", "`contents` is not a list with entries.", _LINE_HINT, "request.contents")
    for index, content in enumerate(contents):
        problem = _check_content(content, f"request.contents[{index}]", single=len(contents) == 1)
        if problem is not None:
            return problem
    return check_depth(request)


_LINE_HINT = 'A line looks like {"request": {"contents": [{"role": "user", "parts": [{"text": "..."}]}]}}.'


def _check_content(content: object, path: str, *, single: bool) -> Problem | None:
    if not isinstance(content, dict):
        return request_problem("BAD_CONTENT", "An entry of `contents` is not an object.", _LINE_HINT, path)
    role = content.get("role")
    if role not in ("user", "model") and not (role is None and single):
        hint = "Use the role user or model; system texts belong into systemInstruction."
        return request_problem("BAD_ROLE", "The role is neither user nor model.", hint, f"{path}.role")
    parts = content.get("parts")
    if not isinstance(parts, list) or not parts:
        return request_problem("NO_PARTS", "`parts` is not a list with entries.", _LINE_HINT, f"{path}.parts")
    for index, part in enumerate(parts):
        problem = _check_part(part, f"{path}.parts[{index}]")
        if problem is not None:
            return problem
    return None


def _check_part(part: object, path: str) -> Problem | None:
    if not isinstance(part, dict) or not any(value is not None for value in part.values()):
        return request_problem("BAD_PART", "A part is not an object with something in it.", _LINE_HINT, path)
    if not isinstance(part.get("text", ""), str | None):
        return request_problem("BAD_TEXT", "The text of a part is not a string.", _LINE_HINT, f"{path}.text")
    file = field(part, "fileData", "file_data")
    if file is None:
        return None
    uri = field(file, "fileUri", "file_uri") if isinstance(file, dict) else None
    if isinstance(uri, str) and uri.startswith("gs://"):
        return None
    hint = "Vertex reads files of a batch from Cloud Storage: gs://bucket/name."
    return request_problem("BAD_URI", "The file's URI does not start with gs://.", hint, f"{path}.fileData.fileUri")


def check_depth(request: Mapping[str, object]) -> Problem | None:
    """Judge how deep the objects of a request are nested."""
    level: list[object] = [request]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _one_deeper(value)]
        if not level:
            return None
    hint = "Flatten the request, most often its schema: Vertex imports all rows of a batch as one table."
    return request_problem("TOO_DEEP", f"Objects are nested more than {MAX_DEPTH} deep.", hint, "request")


def _one_deeper(value: object) -> Iterator[object]:
    """The objects right inside an object or its arrays; an array inside an array is a level of its own."""
    for inner in value.values() if isinstance(value, dict) else _many(value):
        if isinstance(inner, dict) or (isinstance(inner, list) and isinstance(value, list)):
            yield inner
        elif isinstance(inner, list):
            yield from (element for element in inner if isinstance(element, dict | list))


def signature(request: Mapping[str, object]) -> dict[str, str] | None:
    """Map each JSON path of a request to its type; array elements share the path `...[]`. Nulls have none.

    None stands for a request of more than 400 paths.

    Raises:
        RowProblem: one path has two types in this request, or the request is too deep to be looked at.
    """
    problem = check_depth(request)
    if problem is not None:
        raise RowProblem(problem)
    found: dict[str, str] = {}
    for key, value in request.items():
        _sign(value, key, found)
    return found if len(found) <= MAX_PATHS else None


def _sign(value: object, path: str, found: dict[str, str]) -> None:
    if value is None:
        return
    kind = _TYPES.get(type(value), "string")
    if found.setdefault(path, kind) != kind:
        raise RowProblem(
            request_problem(
                "MIXED_TYPES",
                f"The values are of type {found[path]} and {kind}.",
                "Give one place one type: Vertex imports all rows of a batch as one table.",
                f"request.{path}",
            )
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            _sign(inner, f"{path}.{key}", found)
    elif isinstance(value, list):
        for inner in value:
            _sign(inner, f"{path}[]", found)


_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def _many(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
