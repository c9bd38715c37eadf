"""How steps write documents: a fresh `rev` in each, and another look when somebody else was first."""

import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.errors import Conflict, Transient
from batchdrop.domain.refs import D, Ref
from batchdrop.ports import Create, Put, Replace, Snapshot, Write
from batchdrop.steps.context import Context

_T = TypeVar("_T")
_ROUNDS = 6


def create(context: Context, ref: Ref[D], value: D) -> Create:
    """Write a new document."""
    return Create(ref, _fresh(context, value))


def put(context: Context, ref: Ref[D], value: D) -> Put:
    """Write a document whatever stands there."""
    return Put(ref, _fresh(context, value))


def replace(context: Context, old: Snapshot[D], value: D) -> Replace:
    """Write over exactly what was read."""
    return Replace(old.ref, old.version, _fresh(context, value))


def decide_again(act: Callable[[], _T]) -> _T:
    """Load, decide and commit anew while others write first; after a few rounds ask for redelivery.

    Raises:
        Transient: the contention did not end.
    """
    for _ in range(_ROUNDS - 1):
        with suppress(Conflict):
            return act()
    try:
        return act()
    except Conflict as conflict:
        raise Transient("Others wrote first every time; the event comes again.") from conflict


def commit_all(context: Context, writes: Iterable[Write], time_is_up: Callable[[], bool] = lambda: False) -> bool:
    """Commit many independent writes in bounded groups, in order; each group is all or nothing.

    Returns False if time was up before the end.
    """
    waiting = iter(writes)
    while group := list(itertools.islice(waiting, limits.COMMIT_WRITES)):
        context.documents.commit(group)
        if time_is_up():
            return False
    return True


def _fresh(context: Context, value: D) -> D:
    return msgspec.structs.replace(value, rev=context.tokens.fresh())
