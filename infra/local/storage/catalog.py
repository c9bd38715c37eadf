"""What is stored, in one SQLite file: buckets, object generations, resumable uploads.

Rows only; what may happen to them is decided in the modules above. One connection, one lock: every use
is short, and a transaction is visible wholly or not at all, also after a crash of the process.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra.local.storage.model import (
    BlobId,
    Bucket,
    BucketName,
    Change,
    Generation,
    ObjectName,
    Ref,
    Session,
    StoredObject,
    UploadId,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    generation INTEGER PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL,
    live INTEGER NOT NULL, blob TEXT NOT NULL, record BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_live ON objects (bucket, name) WHERE live = 1;
CREATE INDEX IF NOT EXISTS objects_all ON objects (bucket, name, generation);
CREATE INDEX IF NOT EXISTS objects_blob ON objects (blob);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, blob TEXT NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence (last INTEGER NOT NULL);
INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence);
"""
_PUT_OBJECT = """
INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (generation) DO UPDATE SET live = excluded.live, record = excluded.record
"""
_SCAN_LIVE = """
SELECT record FROM objects WHERE bucket = ? AND live = 1 AND name >= ? AND (? IS NULL OR name < ?)
ORDER BY name LIMIT ?
"""
_SCAN_ALL = """
SELECT record FROM objects WHERE bucket = ? AND (name, generation) >= (?, ?) AND (? IS NULL OR name < ?)
ORDER BY name, generation LIMIT ?
"""


class Work:
    """One transaction: the changes it will announce and the contents it may leave without an owner."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.released: list[BlobId] = []


class Catalog:
    """The tables. `announce` gets every committed change, in the order of the commits; it must not block."""

    def __init__(self, path: Path, announce: Callable[[Change], None], remove: Callable[[BlobId], None]) -> None:
        self._announce = announce
        self._remove = remove
        self._lock = threading.RLock()
        self._db = _open(path)

    def close(self) -> None:
        """Close the file; whoever still waits for the lock gets an error."""
        with self._lock:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold everything still while several things are read."""
        with self._lock:
            yield

    @contextmanager
    def changing(self) -> Iterator[Work]:
        """Commit all or nothing, then announce the changes and remove contents that nothing names."""
        work = Work()
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield work
                orphans = [blob for blob in work.released if not self._is_named(blob)]
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            for change in work.changes:
                self._announce(change)
        for blob in orphans:
            self._remove(blob)

    def next_generation(self, microseconds: int) -> Generation:
        """A number above every earlier one of this catalog, close to the clock's."""
        self._db.execute("UPDATE sequence SET last = max(last + 1, ?)", (microseconds,))
        (last,) = self._db.execute("SELECT last FROM sequence").fetchone()
        return Generation(last)

    def bucket(self, name: BucketName) -> Bucket | None:
        """The bucket of that name."""
        with self._lock:
            row = self._db.execute("SELECT record FROM buckets WHERE name = ?", (name,)).fetchone()
        return msgspec.json.decode(row[0], type=Bucket) if row else None

    def buckets(self, prefix: str) -> list[Bucket]:
        """Buckets by name."""
        with self._lock:
            rows = self._db.execute("SELECT name, record FROM buckets ORDER BY name").fetchall()
        return [msgspec.json.decode(row[1], type=Bucket) for row in rows if row[0].startswith(prefix)]

    def put_bucket(self, bucket: Bucket) -> None:
        """Write the bucket, new or changed."""
        self._db.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?)", (bucket.name, msgspec.json.encode(bucket)))

    def drop_bucket(self, name: BucketName) -> None:
        """Remove the bucket's own row."""
        self._db.execute("DELETE FROM buckets WHERE name = ?", (name,))

    def has_objects(self, name: BucketName) -> bool:
        """Whether any generation, live or not, is left in the bucket."""
        query = "SELECT 1 FROM objects WHERE bucket = ? LIMIT 1"
        return self._db.execute(query, (name,)).fetchone() is not None

    def object(self, ref: Ref) -> StoredObject | None:
        """The live generation, or the one that the reference names."""
        query = "SELECT record FROM objects WHERE bucket = ? AND name = ? AND "
        last: tuple[int, ...] = () if ref.generation is None else (ref.generation,)
        query += "live = 1" if ref.generation is None else "generation = ?"
        with self._lock:
            row = self._db.execute(query, (ref.bucket, ref.name, *last)).fetchone()
        return msgspec.json.decode(row[0], type=StoredObject) if row else None

    def scan(
        self,
        bucket: BucketName,
        start: tuple[ObjectName, Generation],
        end: str | None,
        limit: int,
        *,
        noncurrent: bool,
    ) -> list[StoredObject]:
        """Objects from `start` on, before the name `end`, ordered by name and then generation."""
        name, generation = start
        first: tuple[str, int] | tuple[str]
        if noncurrent:
            query, first = _SCAN_ALL, (name, generation)
        else:
            query, first = _SCAN_LIVE, (name,)
        with self._lock:
            rows = self._db.execute(query, (bucket, *first, end, end, limit)).fetchall()
        return [msgspec.json.decode(row[0], type=StoredObject) for row in rows]

    def put_object(self, item: StoredObject) -> None:
        """Write the generation, new or changed; a second live one of the same name is an error."""
        values = (item.generation, item.bucket, item.name, item.deleted is None, item.blob)
        self._db.execute(_PUT_OBJECT, (*values, msgspec.json.encode(item)))

    def drop_object(self, item: StoredObject) -> None:
        """Remove the generation."""
        self._db.execute("DELETE FROM objects WHERE generation = ?", (item.generation,))

    def upload(self, upload: UploadId) -> Session | None:
        """The resumable upload of that id."""
        with self._lock:
            row = self._db.execute("SELECT record FROM uploads WHERE id = ?", (upload,)).fetchone()
        return msgspec.json.decode(row[0], type=Session) if row else None

    def uploads(self) -> list[Session]:
        """All resumable uploads, finished ones too."""
        with self._lock:
            rows = self._db.execute("SELECT record FROM uploads").fetchall()
        return [msgspec.json.decode(row[0], type=Session) for row in rows]

    def put_upload(self, session: Session) -> None:
        """Write the upload, new or changed."""
        record = msgspec.json.encode(session)
        self._db.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?)", (session.id, session.blob, record))

    def drop_upload(self, upload: UploadId) -> None:
        """Forget the upload."""
        self._db.execute("DELETE FROM uploads WHERE id = ?", (upload,))

    def named_blobs(self) -> frozenset[BlobId]:
        """Every content that an object or an upload owns."""
        with self._lock:
            rows = self._db.execute("SELECT blob FROM objects UNION SELECT blob FROM uploads").fetchall()
        return frozenset(BlobId(row[0]) for row in rows)

    def _is_named(self, blob: BlobId) -> bool:
        query = "SELECT 1 FROM objects WHERE blob = ? LIMIT 1"
        return self._db.execute(query, (blob,)).fetchone() is not None


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=1.0, check_same_thread=False, isolation_level=None)
    try:
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(_SCHEMA)
    except sqlite3.OperationalError as error:
        db.close()
        raise RuntimeError(
            f"Cannot use {path}: {error}. Stop the server that has it, or use another folder."
        ) from error
    return db
