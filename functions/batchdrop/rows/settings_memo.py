"""Fields of requests other than their turns, each checked once however many rows repeat it."""

import msgspec
import orjson

from batchdrop.domain.job import UnknownFields
from batchdrop.rows.fingerprint import pieces_of
from batchdrop.rows.media_buckets import MediaBuckets
from batchdrop.rows.mend import Mender

_MOST_FIELDS = 1_000
_LARGEST = 64 * 1024
"""A memo of so many fields of so many bytes at most is what it may take, and hardly ever takes."""


class Setting(msgspec.Struct, frozen=True):
    """A field as it is written: its name, empty if it says nothing; its JSON; the types in it; what it says.

    `same` if that is how it came.
    """

    name: str
    json: bytes
    types: dict[str, str]
    pieces: tuple[str, ...]
    same: bool


class SettingsMemo:
    """Checks the fields of requests of one input."""

    def __init__(self, unknown: UnknownFields, model: str, buckets: MediaBuckets) -> None:
        self._unknown = unknown
        self._buckets = buckets
        self._model = model.rpartition("/")[2]
        self._known: dict[tuple[str, bytes], Setting] = {}
        self._bytes = 0

    def setting(self, name: str, json: bytes) -> Setting:
        """Check a field of a request, of its JSON.

        Raises:
            RowProblem: Vertex or its importer would refuse it.
            orjson.JSONDecodeError: it is no JSON.
        """
        found = self._known.get((name, json))
        if found is None:
            found = self.checked(name, json)
            self._keep(name, json, found)
        return found

    def checked(self, name: str, json: bytes) -> Setting:
        """Check a field that hardly repeats, and forget it."""
        value = orjson.loads(json)
        mender = Mender(self._unknown, self._buckets)
        found = None if name == "model" and self._is_own(value) else mender.top(name, value)
        if found is None:
            return _NOTHING
        pieces = tuple(pieces_of(dict([found])))
        if found == (name, value):
            return Setting(name, json, mender.types, pieces, same=True)
        return Setting(found[0], orjson.dumps(found[1]), mender.types, pieces, same=False)

    def _is_own(self, model: object) -> bool:
        return isinstance(model, str) and bool(self._model) and model.rpartition("/")[2] == self._model

    def _keep(self, name: str, json: bytes, found: Setting) -> None:
        if len(json) > _LARGEST:
            return
        self._bytes += len(json)
        if len(self._known) >= _MOST_FIELDS or self._bytes > _MOST_FIELDS * _LARGEST // 8:
            self._known.clear()
            self._bytes = len(json)
        self._known[name, json] = found


_NOTHING = Setting("", b"", {}, (), same=False)
