"""What fuzzing aims at: each target takes any bytes and raises only if the service breaks a promise.

The bytes go in where a user's or Vertex's would, as a file, a prompt or an answer file, and the whole service runs on
them in memory: every job ends, every row ends once, and the output is the same however the input is cut.
"""

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zstandard

from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.job import Job
from batchdrop.domain.objects import ObjectInfo
from batchdrop.domain.states import ENDED_JOB_STATES, JobState
from batchdrop.settings import Settings
from batchdrop.steps.tick import tick
from tests.fakes.service import SETTINGS, FakeService, Line, answered

T = TypeVar("T")
Check = Callable[[bytes], None]

_PLAIN = b"---\nmodel: gemini-x\nbatch.max_invalid: 1\n---\nSay hello.\n"
_INSERTS = b"""---
model: gemini-x
batch.max_invalid: 1
input:
  default: {a: x}
---
{{a}} and {{#if b}}{{b}}{{/if}}
"""
_TYPED = b"---\nmodel: gemini-x\noutput:\n  schema:\n    n: integer\n    s?: string\n---\nCount {{a}}.\n"
_ROWS = b"a,b\n1,2\n3,4\n5,6\n"
_LONGEST_WAIT = 24
_LEAST_SHARD = 16
_MOST_SHARDS = 20


class Outcome(msgspec.Struct, frozen=True):
    """What a job gives to its user, without what must differ between two runs."""

    state: str
    code: str
    counts: dict[str, int]
    results: bytes
    failed: bytes
    errors: list[dict[str, Any]]


def read_csv(data: bytes) -> None:
    """A CSV: whole, or below a header that the template knows."""
    _same_however_cut("fuzz/rows.csv", *_choose(data, [(data, _PLAIN), (b"a,b\n" + data, _INSERTS)]))


def read_jsonl(data: bytes) -> None:
    """A file of records, one JSON object a line."""
    _same_however_cut("fuzz/rows.jsonl", b'{"a":1}\n' + data, _INSERTS)


def read_head(data: bytes) -> None:
    """A file of any name that we take, with these first bytes."""
    name = _choose(data, ["rows.jsonl", "rows.csv", "rows.parquet", "rows.csv.gz", "rows.jsonl.zst"])
    _run(f"fuzz/{name}", data, _PLAIN, SETTINGS)


def read_compressed(data: bytes) -> None:
    """A compressed file, whole, or cut off or with a byte changed at a place that its first byte tells."""
    suffix, packed = _choose(data, [("gz", gzip.compress(data, mtime=0)), ("zst", zstandard.compress(data))])
    place = data[0] if data else 0
    at = place * len(packed) // 256
    changed = packed[:at] + bytes([packed[at] ^ (place | 1)]) + packed[at + 1 :]
    _run(f"fuzz/rows.csv.{suffix}", _choose(data[1:], [packed, packed[:at], changed]), _PLAIN, SETTINGS)


def read_native(data: bytes) -> None:
    """A Vertex file: a good line, then any."""
    good = b'{"request":{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}}\n'
    _same_however_cut("fuzz/rows.jsonl", good + data, _PLAIN)


def check_request(data: bytes) -> None:
    """A request, and a part of one."""
    value = data.replace(b"\n", b" ")
    lines = (
        b'{"request":%b}\n' % value,
        b'{"request":{"contents":[{"role":"user","parts":[%b]}]}}\n' % value,
        b'{"request":{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":%b}}\n' % value,
    )
    read_native(b"".join(lines))


def parse_prompt(data: bytes) -> None:
    """A prompt file, with its rows."""
    _run("fuzz/rows.csv", _ROWS, data, SETTINGS)


def parse_answers(data: bytes) -> None:
    """An answer file. KEY0 to KEY2 in it stand for the rows' keys, ASK0 to ASK2 for their requests."""
    service = _Answering(data)
    _settle(service, _drop(service, "fuzz/rows.csv", _ROWS, _choose(data, [_INSERTS, _TYPED])))


TARGETS: Mapping[str, Check] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "head": read_head,
    "compressed": read_compressed,
    "native": read_native,
    "request": check_request,
    "prompt": parse_prompt,
    "answers": parse_answers,
}


def _choose(data: bytes, of: Sequence[T]) -> T:
    """One of several ways to go, always the same for the same bytes."""
    return of[zlib.crc32(data) % len(of)]


def _same_however_cut(name: str, data: bytes, prompt: bytes) -> None:
    wide = _run(name, data, prompt, SETTINGS)
    shard_bytes = max(_LEAST_SHARD, len(data) // _MOST_SHARDS)
    narrow = _run(name, data, prompt, msgspec.structs.replace(SETTINGS, shard_bytes=shard_bytes, lot_rows=2))
    assert wide == narrow, f"{wide} is not {narrow}"


def _run(name: str, data: bytes, prompt: bytes, settings: Settings) -> Outcome:
    service = FakeService(settings, lambda line: answered(line, "fine"))
    info = _drop(service, name, data, prompt)
    job = _settle(service, info)
    return _outcome(service, job)


def _drop(service: FakeService, name: str, data: bytes, prompt: bytes) -> ObjectInfo:
    service.drop("fuzz/default.prompt", prompt)
    return service.drop(name, data)


def _settle(service: FakeService, info: ObjectInfo) -> Job:
    """Run until the job has ended, or is held for a person, and check that it adds up."""
    service.run()
    for hours in _waits():
        job = service.job(info)
        if job.state in ENDED_JOB_STATES or job.state is JobState.HELD:
            _check_counts(service, job)
            return job
        service.run_on(timedelta(hours=hours))
    raise AssertionError(f"the job is still {service.job(info).state}")


def _waits() -> Iterator[float]:
    """Short waits first, because most jobs need none."""
    yield from (0.0, 0.05, 0.1, 0.25, 0.5, *(1.0 for _ in range(_LONGEST_WAIT)))


def _check_counts(service: FakeService, job: Job) -> None:
    if job.state in (JobState.HELD, JobState.CANCELLED):
        return
    counts = service.manifest(job.input.name)["counts"]
    assert counts["rows"] == counts["results"] + counts["errors"] + counts.get("not_asked", 0), f"{counts}"


def _outcome(service: FakeService, job: Job) -> Outcome:
    if job.state is JobState.HELD:
        return Outcome(job.state, "", {}, b"", b"", [])
    name = job.input.name
    errors = [{**line, "key": ""} for line in service.lines(name, "errors")]
    code = "" if job.reason is None else str(job.reason.code)
    counts = service.manifest(name)["counts"]
    return Outcome(job.state, code, counts, service.file(name, "results"), service.file(name, "failed"), errors)


class _Answering(FakeService):
    """Vertex answers the first batch with these bytes, and later ones as it should."""

    def __init__(self, data: bytes) -> None:
        super().__init__(SETTINGS, lambda line: answered(line, '{"n":1}'))
        self._data: bytes | None = data

    def _end(self, name: VertexJobName) -> None:
        if self._data is None:
            super()._end(name)
            return
        data, self._data = _with_keys(self._data, self.requests_of(name)), None
        bucket, _, prefix = self.batches.end(name).output_directory.removeprefix("gs://").partition("/")
        self.objects.put(bucket, f"{prefix}/predictions.jsonl", data)
        tick(self.context)


def _with_keys(data: bytes, asked: list[Line]) -> bytes:
    for number, line in enumerate(asked):
        data = data.replace(b"KEY%d" % number, line["custom_id"].encode())
        data = data.replace(b"ASK%d" % number, json.dumps(line["request"]).encode())
    return data


def main() -> None:
    """Replay one input: `python -m tests.fuzz.targets <target> <file>`."""
    TARGETS[sys.argv[1]](Path(sys.argv[2]).read_bytes())


if __name__ == "__main__":
    main()
