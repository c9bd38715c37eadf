"""Faults as data: which requests shall fail, how, how often, and whether they did."""

import threading
from enum import Enum

import msgspec

MAX_DELAY_S = 600.0


class FaultMethod(Enum):
    """The request that a fault strikes. A rewrite also stands for a copy."""

    INSERT = "insert"
    GET = "get"
    DOWNLOAD = "download"
    LIST = "list"
    COMPOSE = "compose"
    REWRITE = "rewrite"
    DELETE = "delete"
    PATCH = "patch"


READS = frozenset({FaultMethod.GET, FaultMethod.DOWNLOAD, FaultMethod.LIST})


class FaultAction(Enum):
    """What happens: an error response, a connection closed without one, or only the delay."""

    RESPOND = "respond"
    DROP_CONNECTION = "drop_connection"
    DELAY = "delay"


class FaultStage(Enum):
    """Before the request had any effect, or after it, so that only the reply is lost."""

    BEFORE = "before"
    AFTER = "after"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault; times are seconds.

    `bucket` and `prefix` narrow it down: to objects whose name begins so, or for a list to the listed prefix.
    `every` strikes each Nth of these requests only.
    """

    method: FaultMethod
    bucket: str | None = None
    prefix: str | None = None
    status: int = 503
    count: int = 1
    every: int = 1
    delay_s: float = 0.0
    action: FaultAction = FaultAction.RESPOND
    stage: FaultStage = FaultStage.BEFORE

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:  # noqa: PLR2004  # the range that HTTP has for errors
            raise ValueError("status must be 400 to 599.")
        if self.every < 1:
            raise ValueError("every must be at least 1.")
        if self.count < 1 or not 0 <= self.delay_s <= MAX_DELAY_S:
            raise ValueError(f"count must be at least 1 and delay_s 0 to {MAX_DELAY_S}.")
        if self.stage is FaultStage.AFTER and self.method in READS:
            raise ValueError(f"{self.method.value} has no effect, so no fault can come after it.")

    def strikes(self, method: FaultMethod, bucket: str, name: str) -> bool:
        """Whether a request is one that this fault is meant for."""
        return (
            self.method is method
            and (self.bucket is None or self.bucket == bucket)
            and (self.prefix is None or name.startswith(self.prefix))
        )


class FaultCount(msgspec.Struct, frozen=True):
    """A fault and how many requests it struck so far, of how many it was meant for."""

    fault: Fault
    consumed: int
    met: int = 0

    @property
    def live(self) -> bool:
        """Whether it can strike again."""
        return self.consumed < self.fault.count

    def meet(self) -> "FaultCount":
        """Count a request that it is meant for; each Nth is struck."""
        met = self.met + 1
        return FaultCount(self.fault, self.consumed + (met % self.fault.every == 0), met)


class Faults:
    """The faults in force. The oldest that fits and is not used up strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: list[FaultCount] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._counts.append(FaultCount(fault, 0))

    def all(self) -> list[FaultCount]:
        """Every fault since the last clearing, used up or not."""
        with self._lock:
            return list(self._counts)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._counts.clear()

    def take(self, method: FaultMethod, bucket: str, name: str) -> Fault | None:
        """The fault for this request, which counts as consumed."""
        with self._lock:
            for index, entry in enumerate(self._counts):
                if entry.live and entry.fault.strikes(method, bucket, name):
                    self._counts[index] = entry.meet()
                    if self._counts[index].consumed > entry.consumed:
                        return entry.fault
        return None
