"""A folder whose files are dropped into the input bucket, and taken out again when they are deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Stamp = tuple[int, int]
"""Time of the last change in nanoseconds, and size: what tells one content of a file from the next."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do, by name in the bucket."""

    upload: tuple[str, ...]
    delete: tuple[str, ...]


def look(folder: Path) -> dict[str, Stamp]:
    """Stamp every file below a folder, but hidden ones, by its name in the bucket."""
    stamps: dict[str, Stamp] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in name.split("/")):
            continue
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            stamps[name] = (status.st_mtime_ns, status.st_size)
    return stamps


def changes(done: Mapping[str, Stamp], before: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> Changes:
    """Compare what was uploaded with two looks. A file counts once both show it alike: it is not being written."""
    settled = {name: stamp for name, stamp in now.items() if before.get(name) == stamp}
    return Changes(
        upload=tuple(name for name, stamp in settled.items() if done.get(name) != stamp),
        delete=tuple(name for name in done if name not in now),
    )
