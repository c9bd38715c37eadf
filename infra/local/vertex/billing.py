"""Who would have been billed for what: every request that the model answered."""

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from infra.local.vertex.jobs import Job


class BilledRequest(msgspec.Struct, frozen=True, rename="camel"):
    """An answered request: the job's name, the row's place in its input from 0, its `custom_id`, and the tokens.

    `cached_tokens` are part of `prompt_tokens`; `thoughts_tokens` are billed as output beside `output_tokens`.
    """

    job: str
    row: int
    custom_id: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    thoughts_tokens: int = 0


class BilledJob(msgspec.Struct, frozen=True, rename="camel"):
    """A job, how many of its requests were answered, and their tokens."""

    name: str
    display_name: str
    answered: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    thoughts_tokens: int = 0


class Billed(msgspec.Struct, frozen=True, rename="camel"):
    """Answered requests by job, and by the `custom_id` of their row (rows without one count for the job alone)."""

    jobs: tuple[BilledJob, ...]
    custom_ids: dict[str, int]

    @property
    def answered(self) -> int:
        """All answered requests."""
        return sum(job.answered for job in self.jobs)

    @property
    def repeated(self) -> dict[str, int]:
        """The `custom_id`s that were answered more than once."""
        return {custom_id: count for custom_id, count in self.custom_ids.items() if count > 1}


_BLOCK = 1 << 20
_DECODER = msgspec.json.Decoder(BilledRequest)


class Ledger:
    """The answered requests, in a temporary file. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, BilledJob] = {}
        self._file = tempfile.TemporaryFile(prefix="vertex-billed-")  # noqa: SIM115  # closed by close
        self._begin = self._end = 0

    def answered(self, job: Job, row: int, custom_id: str, usage: Mapping[str, Any]) -> None:
        """One request of `job` was answered, with this `usageMetadata`."""
        request = BilledRequest(
            job=job.name,
            row=row,
            custom_id=custom_id,
            prompt_tokens=usage.get("promptTokenCount", 0),
            cached_tokens=usage.get("cachedContentTokenCount", 0),
            output_tokens=usage.get("candidatesTokenCount", 0),
            thoughts_tokens=usage.get("thoughtsTokenCount", 0),
        )
        line = msgspec.json.encode(request) + b"\n"
        with self._lock:
            before = self._jobs.get(job.name) or BilledJob(job.name, job.spec.display_name)
            self._jobs[job.name] = _plus(before, request)
            self._end += self._file.write(line)

    def lines(self, job_name: str = "") -> Iterator[bytes]:
        """The answered requests so far, of one job or all, each as a line of JSON."""
        mark = b'{"job":%b' % (msgspec.json.encode(job_name) if job_name else b"")
        with self._lock:
            self._file.flush()
            at, end = self._begin, self._end
        while at < end:
            block = os.pread(self._file.fileno(), min(_BLOCK, end - at), at)
            whole = block[: block.rindex(b"\n") + 1]
            at += len(whole)
            yield from (line for line in whole.splitlines(keepends=True) if line.startswith(mark))

    def billed(self) -> Billed:
        """All so far."""
        requests = map(_DECODER.decode, self.lines())
        custom_ids = Counter(request.custom_id for request in requests if request.custom_id)
        with self._lock:
            return Billed(tuple(self._jobs.values()), dict(custom_ids))

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._jobs.clear()
            self._begin = self._end

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def _plus(job: BilledJob, request: BilledRequest) -> BilledJob:
    return BilledJob(
        job.name,
        job.display_name,
        job.answered + 1,
        job.prompt_tokens + request.prompt_tokens,
        job.cached_tokens + request.cached_tokens,
        job.output_tokens + request.output_tokens,
        job.thoughts_tokens + request.thoughts_tokens,
    )
