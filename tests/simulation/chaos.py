"""Who decides what goes wrong: a script, for sweeps and replays, or chance by a seed, which writes the script."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from tests.simulation.faults import Fault, Kind, Point, Side
from tests.simulation.sites import Site


class Chaos(Protocol):
    """Decides. `struck` is what it decided so far, in order."""

    struck: list[Fault]

    def at(self, point: Point, site: Site) -> Fault | None:
        """What happens at a point of a process."""

    def to(self, where: str) -> Fault | None:
        """What happens to an event, or to a job at Vertex, as a whole."""


class Script:
    """Strikes as written, and nowhere else."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.struck: list[Fault] = []
        self._faults = {fault.point: fault for fault in faults}

    def at(self, point: Point, site: Site) -> Fault | None:  # noqa: ARG002  # chance looks at the site
        return self._strike(point)

    def to(self, where: str) -> Fault | None:
        return self._strike(Point(where))

    def _strike(self, point: Point) -> Fault | None:
        fault = self._faults.get(point)
        if fault is not None:
            self.struck.append(fault)
        return fault


class Doom:
    """Adds to a chaos that every process dies that calls a port in the module of this name. It is no fault to tell."""

    def __init__(self, chaos: Chaos, doomed: str) -> None:
        self.struck = chaos.struck
        self._chaos = chaos
        self._doomed = doomed

    def at(self, point: Point, site: Site) -> Fault | None:
        fault = self._chaos.at(point, site)
        if fault is None and site.module == self._doomed:
            # The next tick comes anyway; any other event comes again.
            return Fault(point, Kind.DIE if point.where.startswith("tick") else Kind.CRASH)
        return fault

    def to(self, where: str) -> Fault | None:
        return self._chaos.to(where)


_KINDS: Sequence[tuple[Kind, int]] = (
    (Kind.CRASH, 3),
    (Kind.DIE, 2),
    (Kind.FREEZE, 5),
    (Kind.TWIN, 3),
    (Kind.FAIL, 4),
    (Kind.JUMP, 1),
    (Kind.USER, 3),
)
_CREATE_KINDS = (*_KINDS, (Kind.FAIL, 8), (Kind.FREEZE, 8))
_EVENT_KINDS: Sequence[tuple[Kind, int]] = ((Kind.LOSE, 2), (Kind.TWICE, 2), (Kind.LATE, 2))
_VERTEX_KINDS: Sequence[tuple[Kind, int]] = ((Kind.SYSTEM, 2), (Kind.EXPIRE, 2), (Kind.TARDY, 2))
_FREEZES = (0, 0, 2, 15, 40, 90, 560, 600, 620, 640, 660, 700, 800, 1300, 4000)
_JUMPS = (5, 61, 300, 601, 3601)
_LATENESS = (3, 40, 400, 4000)
_WEIGHTS = {"batches.create": 12.0, "documents.commit": 2.0, "objects.delete": 1.5, "batches.find": 4.0}
_A_TURN_BEARS = 5
"""Faults that one turn meets at most: after 8 starts it is given up, and rightly so."""
_MOST_AT_ALL = 3
"""Faults of a schedule at most, in multiples of those expected: even a long run comes to rest."""
_TICK_WEIGHT = 0.3
"""Ticks are many, and most of them find nothing to do."""


class Chance:
    """Strikes at random points.

    `density` is the expected number of faults, where `points` are to be expected. `users` is how often a user may act
    sooner, `vertex_bears` how many jobs Vertex may fail: a lot has five retries, a row two.
    """

    def __init__(self, seed: int, points: int, density: float, users: int = 0, vertex_bears: int = 2) -> None:
        self.struck: list[Fault] = []
        self._random = random.Random(seed)
        self._rate = density / max(points, 1)
        self._events = min(0.3, density / 40)
        self._vertex = min(0.3, density / 30)
        self._borne: Counter[str] = Counter()
        self._most = _MOST_AT_ALL * density
        self._users = users
        self._vertex_bears = vertex_bears
        self._wait = self._random.expovariate(1)

    def at(self, point: Point, site: Site) -> Fault | None:
        self._wait -= self._rate * _WEIGHTS.get(site.call, _TICK_WEIGHT if point.where.startswith("tick") else 1.0)
        if self._wait > 0:
            return None
        self._wait = self._random.expovariate(1)
        return self._strike(point, self._kind_at(site, point.side))

    def to(self, where: str) -> Fault | None:
        vertex = where.startswith("vertex:")
        rate = self._vertex if vertex else self._events * (_TICK_WEIGHT if where.startswith("tick") else 1)
        if self._random.random() >= rate:
            return None
        return self._strike(Point(where), self._pick(_VERTEX_KINDS if vertex else _EVENT_KINDS))

    def _kind_at(self, site: Site, side: Side) -> Kind:
        creates = site.call == "batches.create"
        if creates and side is Side.BEFORE and self._random.random() < 0.1:
            return Kind.THROTTLE
        return self._pick(_CREATE_KINDS if creates else _KINDS)

    def _strike(self, point: Point, kind: Kind) -> Fault | None:
        bearer = _bearer(point.where)
        most = self._vertex_bears if bearer == "vertex" else _A_TURN_BEARS
        if self._borne[bearer] >= most or (kind is Kind.USER and self._users == 0):
            return None
        if len(self.struck) >= self._most:
            return None
        self._users -= kind is Kind.USER
        self._borne[bearer] += 1
        fault = Fault(point, kind, self._seconds(kind))
        self.struck.append(fault)
        return fault

    def _pick(self, kinds: Sequence[tuple[Kind, int]]) -> Kind:
        return self._random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]

    def _seconds(self, kind: Kind) -> int:
        match kind:
            case Kind.FREEZE:
                return self._random.choice(_FREEZES)
            case Kind.JUMP:
                return self._random.choice(_JUMPS)
            case Kind.LATE:
                return self._random.choice(_LATENESS)
            case _:
                return 0


def _bearer(where: str) -> str:
    """Whatever is counted as one: all sendings and deliveries of a turn, all ticks, all jobs at Vertex."""
    if where.startswith("vertex:"):
        return "vertex"
    if where.startswith("tick"):
        return where
    return where.split("#", maxsplit=1)[0].split("~", maxsplit=1)[0]
