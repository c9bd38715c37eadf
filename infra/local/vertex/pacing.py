"""The order in which rows are answered, and how fast."""

import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.local.vertex.clock import Clock

_STEPS_MIN = 20
_STEP_MAX = 256


def shuffled(count: int, seed: str) -> list[int]:
    """The row indexes in an order that only the seed decides, and that is never the input's from two rows on."""
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311  # an order, not a secret
    return order if order != sorted(order) else order[::-1]


def step(count: int) -> int:
    """After how many rows of `count` the job shows progress."""
    return max(1, min(_STEP_MAX, count // _STEPS_MIN))


def paced(order: list[int], seconds: float, clock: Clock, stop: threading.Event) -> Iterator[int]:
    """`order` spread evenly over `seconds`; ends early when `stop` is set."""
    begun = clock.now()
    every = step(len(order))
    for at, index in enumerate(order):
        if at % every == 0 and clock.wait(_until(begun, seconds * at / len(order), clock), stop):
            return
        yield index
    clock.wait(_until(begun, seconds, clock), stop)


def _until(begun: datetime, seconds: float, clock: Clock) -> float:
    return (begun + timedelta(seconds=seconds) - clock.now()).total_seconds()
