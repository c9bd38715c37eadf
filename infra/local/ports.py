"""Free TCP ports, and waiting for what listens on them."""

import socket
import time
from collections.abc import Callable

from infra.local.errors import LocalError

LOOPBACK = "127.0.0.1"
_PAUSE_SECONDS = 0.02


def free_ports(count: int) -> list[int]:
    """Find ports that nothing listens on. All are held until the last is found, so they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def accepts(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition, which may raise to end the wait; `what` says in words what is waited for.

    Raises:
        LocalError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LocalError(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(_PAUSE_SECONDS)
