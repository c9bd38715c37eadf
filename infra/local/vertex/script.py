"""The faults in force: each that happens is counted, and the oldest that fits happens first."""

import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from infra.local.vertex.faults import Fault, JobFault, Method, MethodFault, RowFault, Scripted

F = TypeVar("F", MethodFault, JobFault, RowFault)


class FaultBook:
    """The scripted faults. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: dict[int, Scripted] = {}
        self._last_id = 0
        self._lock = threading.Lock()
        self._rows = False

    def add(self, fault: Fault) -> Scripted:
        """Script one more fault."""
        with self._lock:
            self._last_id += 1
            self._faults[self._last_id] = scripted = Scripted(self._last_id, fault)
            self._rows = self._rows or isinstance(fault, RowFault)
            return scripted

    def all(self) -> list[Scripted]:
        """Every fault, spent ones too."""
        with self._lock:
            return list(self._faults.values())

    def remove(self, fault_id: int) -> bool:
        """Forget one fault; False if there is none of that number."""
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()
            self._rows = False

    def method(self, method: Method) -> MethodFault | None:
        """The fault that this call of an API method meets."""
        return self._taken(MethodFault, lambda fault: fault.method == method)

    def job(self, display_name: str) -> JobFault | None:
        """The fault that a new job meets."""
        return self._taken(JobFault, lambda fault: fault.display_name in display_name)

    def row(self, display_name: str, custom_id: str, index: int) -> RowFault | None:
        """The fault that a row meets."""
        if not self._rows:
            return None
        return self._taken(RowFault, lambda fault: fault.hits(display_name, custom_id, index))

    def unspent(self, fault: RowFault) -> None:
        """A fault that was handed out for a row could not happen after all."""
        with self._lock:
            for scripted in self._faults.values():
                if scripted.fault is fault:
                    self._count(scripted, -1)
                    return

    def _taken(self, kind: type[F], fits: Callable[[F], bool]) -> F | None:
        with self._lock:
            for scripted in self._faults.values():
                fault = scripted.fault
                if isinstance(fault, kind) and scripted.live and fits(fault):
                    self._count(scripted, 1)
                    return fault
        return None

    def _count(self, scripted: Scripted, by: int) -> None:
        self._faults[scripted.id] = msgspec.structs.replace(scripted, consumed=scripted.consumed + by)
