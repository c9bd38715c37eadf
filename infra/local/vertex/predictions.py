"""The predictions file of a job, written as answers come."""

from collections import Counter

from infra.local.vertex.importer import split_uri
from infra.local.vertex.jobs import Stats
from infra.local.vertex.ports import Storage, Upload
from infra.local.vertex.rows import line
from infra.local.vertex.tampering import Written

_FILE = "predictions.jsonl"
_HELD_MAX = 1 << 20


class Predictions:
    """`<directory>/predictions.jsonl` and the counts that go with it.

    The upload begins with the first bytes that leave: a denied write shows only after rows were answered, as it
    does at Vertex.
    """

    def __init__(self, storage: Storage, directory: str, total: int) -> None:
        self.uri = f"{directory}/{_FILE}"
        self._storage = storage
        self._total = total
        self._upload: Upload | None = None
        self._held: list[bytes] = []
        self._held_size = 0
        self._counts: Counter[bool] = Counter()

    @property
    def stats(self) -> Stats:
        """What completion stats say now."""
        good, bad = self._counts[True], self._counts[False]
        return Stats(good, bad, self._total - good - bad)

    @property
    def answered(self) -> int:
        """How many rows are through, the lost ones not among them."""
        return self._counts.total()

    def add(self, written: Written) -> None:
        """Write a row as often as it says."""
        if written.counted:
            self._counts[written.answered.ok] += 1
        if written.copies:
            data = line(written.answered) * written.copies
            self._held.append(data)
            self._held_size += len(data)
            if self._held_size > _HELD_MAX:
                self._flush()

    def finish(self) -> None:
        """Make the file appear, also without a row in it."""
        self._flush().finish()

    def abort(self) -> None:
        """Give the file up."""
        if self._upload is not None:
            self._upload.abort()

    def _flush(self) -> Upload:
        if self._upload is None:
            self._upload = self._storage.upload(*split_uri(self.uri))
        self._upload.write(b"".join(self._held))
        self._held.clear()
        self._held_size = 0
        return self._upload
