"""The machine that functions run on: each delivery of an event is a process, and faults strike processes and events."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import msgspec

from batchdrop.domain.errors import Conflict, CreateThrottled, CreateUnknown, ObjectGone, Transient
from tests.simulation.agenda import Agenda
from tests.simulation.chaos import Chaos
from tests.simulation.faults import Fault, Kind, Point, Side
from tests.simulation.processes import Killed, Process
from tests.simulation.sites import Hit, Site

_LATENCY = 1
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10, 600
"""Seconds between deliveries, as Eventarc's retries have them."""
_RETENTION = timedelta(hours=24)
"""For so long an event is delivered again."""
_MOST_DELIVERIES = 300
_STRIKING = frozenset({Kind.CRASH, Kind.DIE, Kind.FREEZE, Kind.TWIN, Kind.FAIL, Kind.THROTTLE})


class Event(msgspec.Struct, frozen=True):
    """Something that a function is told. `name` is the same in each run of a schedule."""

    name: str
    act: Callable[[], None]


class Machine:
    """Delivers events, past the faults that `chaos` decides.

    `broken` has deliveries that ended as none should, `hits` the sides of calls where a fault struck, `passed` all
    points, if they are to be kept. `user` does the next thing that a user does. Each call takes `call_seconds`. Until
    `down_until` all that is sent or would start is lost.
    """

    def __init__(
        self, agenda: Agenda, chaos: Chaos, user: Callable[[], None], call_seconds: int, *, keep: bool = False
    ) -> None:
        self.broken: list[str] = []
        self.down_until = agenda.clock.now()
        self.hits: set[Hit] = set()
        self.points = 0
        self.passed: list[tuple[Point, Site]] = []
        self._agenda = agenda
        self._clock = agenda.clock
        self._chaos = chaos
        self._user = user
        self._call_time = timedelta(seconds=call_seconds)
        self._keep = keep
        self._current: Process | None = None
        self._parked: list[Process] = []
        self._events: dict[str, Event] = {}
        self._sent: Counter[str] = Counter()
        self._delivered: Counter[str] = Counter()
        self._first: dict[str, datetime] = {}

    def send(self, event: Event) -> None:
        """Send an event: it comes soon, once, unless the chaos has it otherwise, or all is down."""
        if self._clock.now() < self.down_until:
            return
        self._sent[event.name] += 1
        if self._sent[event.name] > 1:
            event = Event(f"{event.name}/{self._sent[event.name]}", event.act)
        fault = self._chaos.to(event.name)
        match fault:
            case Fault(kind=Kind.LOSE):
                return
            case Fault(kind=Kind.LATE):
                self._deliver(event, _LATENCY + fault.seconds)
            case Fault(kind=Kind.TWICE):
                self._deliver(event, _LATENCY)
                self._deliver(event, _LATENCY)
            case _:
                self._deliver(event, _LATENCY)

    def running(self) -> str:
        """Name of the process that runs, if any."""
        return "" if self._current is None else self._current.name

    def is_parking(self) -> bool:
        """Tell whether any process sleeps."""
        return bool(self._parked)

    def end(self) -> None:
        """End what is still parked."""
        for process in list(self._parked):
            process.kill(again=False)
            self._run(process)

    def before(self, site: Site) -> int:
        """Pass a call before its effect."""
        process = self._process()
        process.effects += 1
        self._pass(process, site, process.effects, Side.BEFORE)
        return process.effects

    def after(self, site: Site, effect: int) -> None:
        """Pass a call after its effect."""
        if self._call_time:
            self._clock.advance(self._call_time)
        self._pass(self._process(), site, effect, Side.AFTER)

    def _deliver(self, event: Event, seconds: int) -> None:
        self._agenda.after(seconds, partial(self._start, event))

    def _start(self, event: Event) -> None:
        if self._clock.now() < self.down_until:
            return
        self._delivered[event.name] += 1
        self._first.setdefault(event.name, self._clock.now())
        process = Process(f"{event.name}#{self._delivered[event.name]}", event.act)
        self._events[process.name] = event
        self._run(process)

    def _run(self, process: Process) -> None:
        if process in self._parked:
            self._parked.remove(process)
        self._current = process
        process.go_on()
        self._current = None
        if process.ended:
            self._ended(process)

    def _ended(self, process: Process) -> None:
        again = isinstance(process.error, Exception) or (isinstance(process.error, Killed) and process.error.again)
        self.broken += [f"{process.name} raised {text}" for text in _odd(process.error)]
        if not again:
            return
        event = self._events[process.name]
        times = self._delivered[event.name]
        if self._clock.now() > self._first[event.name] + _RETENTION:
            return
        if times > _MOST_DELIVERIES:
            self.broken.append(f"{event.name} was delivered {times} times, last {process.error!r}")
            return
        self._deliver(event, min(_FIRST_BACKOFF * 2 ** (times - 1), _LONGEST_BACKOFF))

    def _process(self) -> Process:
        if self._current is None:
            raise AssertionError("only processes call ports")
        self._current.check()
        return self._current

    def _pass(self, process: Process, site: Site, effect: int, side: Side) -> None:
        point = Point(process.name, effect, side)
        self.points += 1
        if self._keep:
            self.passed.append((point, site))
        fault = self._chaos.at(point, site)
        if fault is not None:
            if fault.kind in _STRIKING:
                self.hits.add((site, side))
            self._strike(process, fault, site)

    def _strike(self, process: Process, fault: Fault, site: Site) -> None:
        match fault.kind:
            case Kind.CRASH | Kind.DIE:
                process.kill(again=fault.kind is Kind.CRASH)
                process.check()
            case Kind.FREEZE:
                self._park(process, fault.seconds)
            case Kind.TWIN:
                self._deliver(self._events[process.name], 0)
                self._park(process, 0)
            case Kind.FAIL:
                raise _failure(site)
            case Kind.THROTTLE:
                raise CreateThrottled("Quota exceeded.")
            case Kind.JUMP:
                self._clock.advance(timedelta(seconds=fault.seconds))
            case Kind.USER:
                self._user()
            case _:
                raise ValueError(f"{fault} is no fault of a process")

    def _park(self, process: Process, seconds: int) -> None:
        self._parked.append(process)
        self._agenda.after(seconds, partial(self._run, process))
        process.park()


def _failure(site: Site) -> Exception:
    if site.call == "batches.create":
        return CreateUnknown("HTTP 503, or no answer.")
    return Transient("HTTP 503, or no answer.")


def _odd(error: BaseException | None) -> Iterator[str]:
    """Whatever a delivery may not raise, in words."""
    match error:
        case ExceptionGroup():
            for inner in error.exceptions:
                yield from _odd(inner)
        case None | Killed() | Transient() | Conflict() | ObjectGone():
            return
        case _:
            yield f"{type(error).__name__}: {error}"
