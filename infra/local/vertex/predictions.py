"""The predictions of a job: collected as answers come, exported now and then and at the end."""

from collections import Counter
from typing import Self

from infra.local.vertex.importer import split_uri
from infra.local.vertex.jobs import Stats
from infra.local.vertex.parts import Parts
from infra.local.vertex.ports import Storage
from infra.local.vertex.rows import Echo
from infra.local.vertex.tampering import Written

FILE = "predictions.jsonl"
_UNKNOWN = -1


class Predictions:
    """`<directory>/predictions.jsonl`, or `predictions.jsonl-00000-of-00002` and so on, and the counts that go with it.

    Cloud Storage shows an object only once it is whole, so rows that are exported while the job runs appear as a
    `predictions.jsonl` that is overwritten, each time with all rows so far.
    """

    def __init__(self, storage: Storage, directory: str, echo: Echo, file_bytes: int) -> None:
        self.uri = f"{directory}/{FILE}"
        self._storage = storage
        self._echo = echo
        self._parts = Parts(file_bytes)
        self._counts: Counter[bool] = Counter()
        self._exported = False
        self._fresh = False

    def stats(self, total: int | None) -> Stats:
        """What completion stats say now, of a job of so many rows (None: it does not say)."""
        good, bad = self._counts[True], self._counts[False]
        return Stats(good, bad, _UNKNOWN if total is None else total - good - bad)

    @property
    def answered(self) -> int:
        """How many rows are through, the lost ones not among them."""
        return self._counts.total()

    def add(self, written: Written) -> None:
        """Write a row as often as it says."""
        if written.counted:
            self._counts[written.answered.ok] += 1
        for _ in range(written.copies):
            self._parts.add(written.line or self._echo.line(written.answered))
            self._fresh = True

    def export(self) -> None:
        """Show the rows so far, if there are new ones and all fit into one file."""
        if self._fresh and len(self._parts) == 1:
            self._write(self.uri, 0)
            self._exported, self._fresh = True, False

    def finish(self) -> None:
        """Make the final files appear, one also without a row in it."""
        count = len(self._parts)
        if count == 1:
            self._write(self.uri, 0)
            return
        for part in range(count):
            self._write(f"{self.uri}-{part:05}-of-{count:05}", part)
        if self._exported:
            self._storage.delete(*split_uri(self.uri))

    def _write(self, uri: str, part: int) -> None:
        self._storage.write(*split_uri(uri), self._parts.part(part))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()
