"""The places in the steps where a port is called: found in their source, so that none can be forgotten."""

import ast
from functools import cache
from pathlib import Path
from types import FrameType

import msgspec

import batchdrop.steps
from tests.simulation.faults import Side

_PORTS = frozenset({"documents", "objects", "batches"})
_FOLDER = Path(batchdrop.steps.__path__[0])


class Site(msgspec.Struct, frozen=True, order=True):
    """A call in the source. Lines count from 1."""

    module: str
    line: int
    last_line: int
    call: str

    def __str__(self) -> str:
        """Write as a reader of the source looks for it."""
        return f"{self.module}:{self.line} {self.call}"


Hit = tuple[Site, Side]


@cache
def all_sites() -> frozenset[Site]:
    """Every call of a port in `steps/`."""
    return frozenset(site for path in sorted(_FOLDER.glob("*.py")) for site in _in_module(path))


def _in_module(path: Path) -> list[Site]:
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(call, name) for call in calls if (name := _port_call(call.func)) is not None]
    return [Site(path.stem, call.lineno, call.end_lineno or call.lineno, name) for call, name in named]


def _port_call(function: ast.expr) -> str | None:
    """`documents.get` for `anything.documents.get`, None for another call."""
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Attribute)):
        return None
    port = function.value.attr
    return f"{port}.{function.attr}" if port in _PORTS else None


_KNOWN: dict[tuple[object, int, str], Site] = {}


def site_of(frame: FrameType, call: str) -> Site:
    """Tell which call of the source a frame is at.

    Raises:
        LookupError: a port is called where the source shows no such call, so it would escape the sweep.
    """
    key = (frame.f_code, frame.f_lasti, call)
    if key not in _KNOWN:
        _KNOWN[key] = _look_up(frame, call)
    return _KNOWN[key]


def _look_up(frame: FrameType, call: str) -> Site:
    path = Path(frame.f_code.co_filename)
    around = [
        site
        for site in all_sites()
        if site.module == path.stem and site.call == call and site.line <= frame.f_lineno <= site.last_line
    ]
    if path.parent != _FOLDER or not around:
        raise LookupError(f"{path}:{frame.f_lineno} calls {call}, but not as `context.{call}(...)` in steps/")
    return min(around, key=lambda site: site.last_line - site.line)
