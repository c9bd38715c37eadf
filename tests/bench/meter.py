"""Time and memory of this process."""

import gc
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

KIB = 1024
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What something took: seconds by the wall, seconds of CPU of all threads, and how often it ran."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    """Most bytes of resident memory over the baseline."""
    runs: int = 0


class Meter:
    """Sums up what the parts of a run take, by name. Memory counts from when the meter was made."""

    def __init__(self) -> None:
        gc.collect()
        self._baseline = _status("VmRSS")
        self.spent: dict[str, Spent] = {}

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        _CLEAR.write_text(_RESET_PEAK)
        wall, cpu = time.perf_counter(), _cpu()
        yield
        wall, cpu = time.perf_counter() - wall, _cpu() - cpu
        peak = _status("VmHWM") - self._baseline
        old = self.spent.get(name, Spent())
        self.spent[name] = Spent(wall=old.wall + wall, cpu=old.cpu + cpu, peak=max(old.peak, peak), runs=old.runs + 1)

    def total(self) -> Spent:
        """All parts together."""
        parts = self.spent.values()
        return Spent(
            wall=sum(part.wall for part in parts),
            cpu=sum(part.cpu for part in parts),
            peak=max((part.peak for part in parts), default=0),
            runs=sum(part.runs for part in parts),
        )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status(field: str) -> int:
    """A memory field of /proc/self/status, in bytes."""
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * KIB
    raise AssertionError(f"/proc/self/status has no {field}")
