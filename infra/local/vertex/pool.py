"""Threads that wait for a model without keeping the process alive, as those of `concurrent.futures` would."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class DaemonPool:
    """`size` daemon threads that do what is submitted until the `with` block ends."""

    def __init__(self, size: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(size)]

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        """Have `work(item)` done by the next thread that is free."""
        future: Future[R] = Future()

        def call() -> None:
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  # whoever waits for the result raises it
                future.set_exception(error)

        self._calls.put(call)
        return future

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
