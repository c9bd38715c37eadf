"""A storm over the local stack: files dropped, faults everywhere, functions killed, and what must hold after."""

import csv
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx
import msgspec

from infra.local.eventarc import NO_FAULTS, Faults
from infra.local.stack import Stack
from infra.local.vertex import MethodFault, RowFault, VertexControl

PROMPT = b"---\nmodel: gemini-3.5-flash-lite\n---\nSay something of {{name}}.\n"
_STORAGE_METHODS = ("insert", "get", "download", "list", "compose", "rewrite", "delete")
_STATUSES = (429, 500, 503)
_BATCHES = 3


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """How bad it gets: `share` of requests and events that go wrong, how many functions are killed, how often.

    `run_seconds` is how long a function may run; lost turns and lapsed claims are found a little after.
    """

    files: int
    rows: int
    share: float = 0.05
    kills: int = 100
    seconds_between_kills: float = 5.0
    seed: int = 0
    run_seconds: int = 9


def settings_in(weather: Weather) -> dict[str, str]:
    """A day's patience in seconds, and several batches at a time, each of several lots."""
    return {
        "RETRY_SECONDS": "1",
        "RUN_SECONDS": str(weather.run_seconds),
        "LIST_LAG_SECONDS": "2",
        "LISTING_SECONDS": "15",
        "SHARD_BYTES": "20000",
        "LOT_ROWS": str(max(1, weather.rows // weather.files // 2)),
        "BATCH_ROWS": str(weather.rows // _BATCHES + 1),
    }


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `violations` in words."""

    rows: int
    results: int
    errors: int
    killed: int
    storage_faults: int
    vertex_faults: int
    violations: tuple[str, ...]


def storm(stack: Stack, weather: Weather, patience: float) -> Report:
    """Drop files into a storm, wait until all have ended, for so many seconds at most, and account for every row."""
    random = Random(weather.seed)
    names = [f"chaos-{weather.seed}/{number:04}.csv" for number in range(weather.files)]
    stack.eventarc.tick()  # what lies in the bucket before the first tick is older than the installation
    stack.upload(PROMPT, f"chaos-{weather.seed}/default.prompt")
    with (
        VertexControl(stack.vertex_url) as control,
        _storage_faults(stack, weather),
        _vertex_faults(control, weather),
        _killer(stack, weather, random) as killed,
    ):
        stack.eventarc.faults = Faults(drop=weather.share, duplicate=weather.share, max_delay=0.5)
        for name in names:
            _upload(stack, name, weather)
        until = time.monotonic() + patience
        manifests = {name: stack.wait_for(name, max(1.0, until - time.monotonic())) for name in names}
        stack.eventarc.faults = NO_FAULTS
        storage_faults, vertex_faults = _struck(stack), sum(each.consumed for each in control.faults())
        paid_twice = tuple(_paid_twice(control, manifests))
    counts = Counter[str]()
    for manifest in manifests.values():
        counts.update({key: manifest["counts"][key] for key in ("rows", "results", "errors")})
    return Report(
        rows=counts["rows"],
        results=counts["results"],
        errors=counts["errors"],
        killed=len(killed),
        storage_faults=storage_faults,
        vertex_faults=vertex_faults,
        violations=(*_violations(stack, weather, manifests), *paid_twice),
    )


def rows_of(name: str, weather: Weather) -> list[str]:
    """The ids of the rows of a file."""
    return [f"{name}#{number}" for number in range(weather.rows // weather.files)]


def _upload(stack: Stack, name: str, weather: Weather) -> None:
    body = "".join(f"{row},thing {number}\n" for number, row in enumerate(rows_of(name, weather)))
    stack.upload(f"id,name\n{body}".encode(), name)


def _violations(stack: Stack, weather: Weather, manifests: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, manifest in manifests.items():
        wanted = rows_of(name, weather)
        answered = [row["id"] for row in _records(stack, manifest, "results")]
        failed = [row["id"] for row in _records(stack, manifest, "failed")]
        if sorted(answered + failed) != sorted(wanted):
            yield f"{name}: rows lost or doubled"
        if answered != [row for row in wanted if row in set(answered)]:
            yield f"{name}: results out of order"
        counts = manifest["counts"]
        if (counts["results"], counts["errors"]) != (len(answered), len(failed)):
            yield f"{name}: the manifest's counts are not those of the files"


def _records(stack: Stack, manifest: dict[str, Any], stem: str) -> list[dict[str, str]]:
    names = [file["name"] for file in manifest["files"] if file["name"].rsplit("/", 1)[-1].startswith(stem)]
    return [row for name in names for row in csv.DictReader(io.StringIO(stack.output(name).decode(), newline=""))]


def _paid_twice(control: VertexControl, manifests: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A row may be answered once for each attempt that the manifests own to."""
    attempts = {manifest["job"]: max(manifest["attempts"], 1) for manifest in manifests.values()}
    for key, times in control.billed().custom_ids.items():
        allowed = attempts.get(key.partition(".")[0], 0)
        if times > allowed:
            yield f"row {key} was paid {times} times in {allowed} attempts"


@contextmanager
def _storage_faults(stack: Stack, weather: Weather) -> Iterator[None]:
    url = f"{stack.storage_url}/_control/faults"
    every = max(2, round(1 / weather.share))
    for number, method in enumerate(_STORAGE_METHODS):
        status = _STATUSES[number % len(_STATUSES)]
        fault = {"method": method, "status": status, "count": 1_000_000, "every": every + number}
        httpx.post(url, json=fault).raise_for_status()
    drop = {"method": "insert", "action": "drop_connection", "count": 1_000_000, "every": every * 2 + 1}
    httpx.post(url, json=drop).raise_for_status()
    yield
    httpx.delete(url).raise_for_status()


def _struck(stack: Stack) -> int:
    listed = json.loads(httpx.get(f"{stack.storage_url}/_control/faults").content)
    return sum(fault["consumed"] for fault in listed["faults"])


@contextmanager
def _vertex_faults(control: VertexControl, weather: Weather) -> Iterator[None]:
    control.add(MethodFault("create", 503, count=3))
    control.add(MethodFault("create", 503, after=True, count=2))
    control.add(MethodFault("create", 429, count=2))
    control.add(MethodFault("get", 503, count=6))
    control.add(MethodFault("list", 500, count=3))
    control.add(
        RowFault(
            every=round(1 / weather.share),
            status='Resource Exhausted: {"error": {"code": 429}}',
            count=weather.rows // 50,
        )
    )
    control.add(RowFault(every=round(1 / weather.share) + 2, duplicate=True, count=weather.rows // 50))
    control.add(RowFault(every=round(1 / weather.share) + 3, drop=True, counted=False, count=weather.rows // 50))
    yield
    control.clear()


@contextmanager
def _killer(stack: Stack, weather: Weather, random: Random) -> Iterator[list[str]]:
    """Kill a function now and then, in the middle of whatever it does."""
    killed: list[str] = []
    stop = threading.Event()

    def kill() -> None:
        while len(killed) < weather.kills and not stop.wait(random.uniform(0.5, 1.5) * weather.seconds_between_kills):
            function = random.choice(sorted(stack.functions))
            stack.kill(function)
            killed.append(function)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield killed
    finally:
        stop.set()
        killer.join()
