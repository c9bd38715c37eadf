"""What a batch asked: the key and the fingerprint of each of its rows, read only when an answer is odd."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from batchdrop.domain.batch import Batch, LotRef
from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import row_key
from batchdrop.domain.shard import Shard
from batchdrop.rows.answers import parse_line
from batchdrop.rows.sidecar import lines_of, read_sidecar
from batchdrop.steps.context import Context

Row = tuple[str, str]
"""Key and fingerprint."""


class Asked:
    """The rows of a batch, whatever has become of their jobs. `shards` gives those of its shards that stand."""

    def __init__(self, context: Context, batch: Batch, shards: Callable[[], Iterable[Shard]]) -> None:
        self._context = context
        self._batch = batch
        self._shards = shards
        self._fingerprints: frozenset[str] | None = None

    @property
    def fingerprints(self) -> frozenset[str]:
        """The fingerprints of all rows, to know another row's answer by. Read once."""
        # No cached_property: before Python 3.12 it has one lock for all objects, held while this one reads.
        if self._fingerprints is None:
            self._fingerprints = frozenset(fingerprint for _, fingerprint in self._rows())
        return self._fingerprints

    def keys_of(self, fingerprints: frozenset[str]) -> dict[str, str]:
        """The keys of rows by their fingerprints, of those asked for that only one row has."""
        found: dict[str, str] = {}
        several: set[str] = set()
        for key, fingerprint in self._rows():
            if fingerprint in fingerprints:
                several.update([fingerprint] if fingerprint in found else ())
                found[fingerprint] = key
        return {fingerprint: key for fingerprint, key in found.items() if fingerprint not in several}

    def _rows(self) -> Iterator[Row]:
        """Read the request file; a batch that was adopted late may have lost it, so then the sidecars that stand."""
        try:
            yield from self._in_request_file()
        except ObjectGone:
            yield from self._in_sidecars()

    def _in_request_file(self) -> Iterator[Row]:
        chunks = self._context.objects.read(self._context.settings.work_bucket, self._batch.input_object)
        for line in lines_of(chunks):
            found = parse_line(line)
            if found is not None:
                yield found[0], found[1].fingerprint

    def _in_sidecars(self) -> Iterator[Row]:
        lots = frozenset(self._batch.lots)
        return chain.from_iterable(
            self._in_sidecar(shard, lot.sidecar)
            for shard in self._shards()
            for lot in shard.lots
            if LotRef(shard.job, shard.index, lot.number) in lots
        )

    def _in_sidecar(self, shard: Shard, name: str) -> Iterator[Row]:
        for side in read_sidecar(self._context.objects.read(self._context.settings.work_bucket, name)):
            if side.twin_of is None:
                yield row_key(shard.job, shard.index, side.row), side.fingerprint
