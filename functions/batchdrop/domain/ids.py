"""Identifiers. All are strings that begin with a letter, so that nothing on the way reads them as numbers."""

import hashlib
import re
from typing import NewType

JobId = NewType("JobId", str)
ShardIndex = NewType("ShardIndex", int)
LotNumber = NewType("LotNumber", int)
BatchId = NewType("BatchId", str)
TurnId = NewType("TurnId", str)
LaneId = NewType("LaneId", str)
NameId = NewType("NameId", str)
PromptId = NewType("PromptId", str)
RowKey = NewType("RowKey", str)
RowNumber = NewType("RowNumber", int)
Generation = NewType("Generation", int)
ModelName = NewType("ModelName", str)
VertexJobName = NewType("VertexJobName", str)

_HASH_DIGITS = 20
_BATCH = re.compile(rf"b[0-9a-f]{{{_HASH_DIGITS}}}")


def digest(*parts: str) -> str:
    """Hash the parts to 20 hex digits; parts are kept apart, so ("ab", "c") is not ("a", "bc")."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HASH_DIGITS]


def job_id(bucket: str, name: str, generation: Generation) -> JobId:
    """Name the job of one uploaded object; the same upload always gives the same id."""
    return JobId("j" + digest(bucket, name, str(generation)))


def name_id(bucket: str, name: str) -> NameId:
    """Name the document that knows the newest generation of an input name."""
    return NameId("n" + digest(bucket, name))


def prompt_id(bucket: str, name: str, model: ModelName) -> PromptId:
    """Name the document that knows what a prompt's jobs took with a model."""
    return PromptId("p" + digest(bucket, name, model))


def batch_id(fresh: str) -> BatchId:
    """Make a batch id of a fresh random token; it is a legal Vertex label value."""
    return BatchId("b" + digest(fresh))


def read_batch_id(text: str) -> BatchId | None:
    """Take a batch id from outside, from a name or a label; None for what is none of ours."""
    return BatchId(text) if _BATCH.fullmatch(text) else None


def lane_id(model: ModelName, location: str) -> LaneId:
    """Name the lane of a model at a location, `model@location`."""
    return LaneId(f"{model.rsplit('/', 1)[-1]}@{location}")


def shard_key(job: JobId, index: ShardIndex) -> str:
    """Document id of a shard. The hash before the index spreads writes over Firestore's key range."""
    return f"{digest(job, str(index))[:4]}-{index:06d}"


def row_key(job: JobId, shard: ShardIndex, row: RowNumber) -> RowKey:
    """Correlation key of one request, `job.shard.row`; never numeric-looking, because Vertex may coerce."""
    return RowKey(f"{job}.{shard}.{row}")


def split_row_key(key: str) -> tuple[JobId, ShardIndex, RowNumber] | None:
    """Take a row key apart, or None for what is no key of ours."""
    job, _, rest = key.partition(".")
    shard, _, row = rest.partition(".")
    if not (job.startswith("j") and shard.isascii() and shard.isdigit() and row.isascii() and row.isdigit()):
        return None
    return JobId(job), ShardIndex(int(shard)), RowNumber(int(row))
