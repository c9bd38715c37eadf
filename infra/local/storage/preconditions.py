"""Whether the preconditions of a request hold.

Rules: https://cloud.google.com/storage/docs/request-preconditions. A failed match is 412; a failed
not-match is 304 for a read and 412 for a write; without a live object, `ifGenerationNotMatch` fails.
"""

from enum import Enum, auto
from typing import assert_never

from infra.local.storage.errors import not_modified, precondition_failed
from infra.local.storage.model import Conditions, StoredObject
from infra.local.storage.resources import etag


class Verdict(Enum):
    """Outcome of comparing preconditions with what is stored."""

    HOLDS = auto()
    FAILED = auto()
    UNCHANGED = auto()


def judge(conditions: Conditions, current: StoredObject | None) -> Verdict:
    """Compare the preconditions with the object they speak of; None is "there is none"."""
    generation = current.generation if current else 0
    metageneration = current.metageneration if current else 0
    tag = etag(current) if current else ""
    matches = (
        _same(conditions.generation_match, generation),
        _same(conditions.metageneration_match, metageneration),
        _same(conditions.etag_match, tag),
    )
    if False in matches:
        return Verdict.FAILED
    mismatches = (
        _same(conditions.generation_not_match, generation),
        _same(conditions.metageneration_not_match, metageneration),
        _same(conditions.etag_not_match, tag),
        conditions.generation_not_match is not None and current is None,
    )
    return Verdict.UNCHANGED if True in mismatches else Verdict.HOLDS


def require_for_write(conditions: Conditions, current: StoredObject | None) -> None:
    """Raise 412 unless every precondition holds."""
    if judge(conditions, current) is not Verdict.HOLDS:
        raise precondition_failed()


def require_for_read(conditions: Conditions, current: StoredObject) -> None:
    """Raise 412 or 304 unless every precondition holds."""
    verdict = judge(conditions, current)
    match verdict:
        case Verdict.HOLDS:
            return
        case Verdict.FAILED:
            raise precondition_failed()
        case Verdict.UNCHANGED:
            raise not_modified()
        case _:
            assert_never(verdict)


def require_metageneration(conditions: Conditions, metageneration: int) -> None:
    """Raise 412 unless a bucket is the one that the client read."""
    matches = _same(conditions.metageneration_match, metageneration)
    if matches is False or _same(conditions.metageneration_not_match, metageneration):
        raise precondition_failed()


def _same(asked: int | str | None, actual: int | str) -> bool | None:
    return None if asked is None else asked == actual
