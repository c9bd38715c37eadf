"""Requests to Gemini: checking them wholly, and writing them."""

from collections.abc import Iterator, Mapping

import msgspec
import orjson

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import UnknownFields
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.media_buckets import NO_BUCKETS, MediaBuckets
from batchdrop.rows.mend import CONTENTS, REQUEST, Mender, field_twice, missing
from batchdrop.rows.problems import request_problem
from batchdrop.rows.signatures import signature_of
from batchdrop.rows.values import Problem

_HALF = REQUEST_BYTES // 2


class Settled(msgspec.Struct, frozen=True):
    """A request that Vertex and its importer take, in the spelling of the API's JSON.

    `signature` tells which other requests may share a batch with it, as `rows.signatures` says.
    """

    request: dict[str, object]
    signature: dict[str, str]


def settle(
    request: Mapping[str, object],
    unknown: UnknownFields = UnknownFields.ERROR,
    buckets: MediaBuckets = NO_BUCKETS,
) -> Settled:
    """Check a request wholly, and restate what can be restated without another meaning. Files may lie in `buckets`.

    Raises:
        RowProblem: Vertex or its importer would refuse it.
    """
    mender = Mender(unknown, buckets)
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
    path = next(_large_data(line), "")
    return request_problem(
        "INLINE_DATA_TOO_LARGE" if path else "REQUEST_TOO_LARGE",
        f"The request has {len(line):,} bytes; Vertex takes {REQUEST_BYTES:,}.",
        "Put the data into a bucket and point to it with a gs:// URI." if path else "Shorten the row.",
        path,
    )


def _large_data(line: bytes) -> Iterator[str]:
    """Where inline data is most of what is too much."""
    turns = orjson.loads(line)[REQUEST][CONTENTS]
    for number, turn in enumerate(turns):
        for index, part in enumerate(turn["parts"]):
            if len(part.get("inlineData", {}).get("data", "")) > _HALF:
                yield f"{REQUEST}.{CONTENTS}[{number}].parts[{index}].inlineData.data"
