"""What a schedule does to a run: faults, each bound to a point that is found again when the run is repeated."""

import re
from enum import StrEnum

import msgspec


class Side(StrEnum):
    """Where a fault strikes: before the effect of a call through a port, or after it."""

    BEFORE = "b"
    AFTER = "a"


class Kind(StrEnum):
    """Kinds of faults.

    To a process at a point: CRASH, and its event comes again; DIE, and it does not; FREEZE for so many seconds while
    all else goes on; TWIN, its event is delivered a second time at once; FAIL, the call raises (before: nothing was
    done, after: the reply was lost); THROTTLE, Vertex says 429; JUMP, the clock leaps by so many seconds;
    USER, the next thing a user does happens now.
    To an event as a whole: LOSE, TWICE, LATE by so many seconds. To a job at Vertex: SYSTEM, EXPIRE, TARDY.
    """

    CRASH = "crash"
    DIE = "die"
    FREEZE = "freeze"
    TWIN = "twin"
    FAIL = "fail"
    THROTTLE = "throttle"
    JUMP = "jump"
    USER = "user"
    LOSE = "lose"
    TWICE = "twice"
    LATE = "late"
    SYSTEM = "system"
    EXPIRE = "expire"
    TARDY = "tardy"


class Point(msgspec.Struct, frozen=True, order=True):
    """A side of the nth call that a process makes through its ports. Effect 0: the event, or job, as a whole."""

    where: str
    effect: int = 0
    side: Side = Side.BEFORE


class Fault(msgspec.Struct, frozen=True, order=True):
    """One fault. `seconds` is for the kinds that last."""

    point: Point
    kind: Kind
    seconds: int = 0

    def __str__(self) -> str:
        """Write as `where@12b!freeze=700` or `where!lose`."""
        place = f"@{self.point.effect}{self.point.side}" if self.point.effect else ""
        return f"{self.point.where}{place}!{self.kind}" + (f"={self.seconds}" if self.seconds else "")


_WRITTEN = re.compile(r"(?P<where>.+?)(?:@(?P<effect>\d+)(?P<side>[ab]))?!(?P<kind>[a-z]+)(?:=(?P<seconds>\d+))?")


def parse_fault(text: str) -> Fault:
    """Read a fault as `str` writes it.

    Raises:
        ValueError: it is none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no fault; write where@12b!crash or where!lose")
    point = Point(found["where"], int(found["effect"] or 0), Side(found["side"] or "b"))
    return Fault(point, Kind(found["kind"]), int(found["seconds"] or 0))


def write_faults(faults: tuple[Fault, ...]) -> str:
    """Write a schedule on one line."""
    return " ".join(map(str, faults))


def read_faults(text: str) -> tuple[Fault, ...]:
    """Read a schedule from one line."""
    return tuple(map(parse_fault, text.split()))
