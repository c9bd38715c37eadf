"""The same records in every format and packing, and what the service makes of them."""

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.fakes.service import SETTINGS, FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.output: jsonl\n---\nDescribe {{name}} in one line.\n"
RECORDS = [
    (str(number), f'Chair "{number}", with\narms' if number % 4 == 0 else f"Table {number}") for number in range(150)
]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}

Records = list[tuple[str, str]]


def as_csv(records: Records) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in record) for record in records)
    return ("id,name\n" + "".join(f"{line}\n" for line in quoted)).encode()


def as_jsonl(records: Records) -> bytes:
    return "".join(json.dumps({"id": key, "name": name}) + "\n" for key, name in records).encode()


def as_native(records: Records) -> bytes:
    requests = ({"contents": [{"role": "user", "parts": [{"text": name}]}]} for _, name in records)
    return "".join(
        json.dumps({"id": key, "request": request}) + "\n" for (key, _), request in zip(records, requests, strict=True)
    ).encode()


def as_parquet(records: Records, rows: int = 7) -> bytes:
    written = io.BytesIO()
    table = pa.table({"id": [key for key, _ in records], "name": [name for _, name in records]})
    pq.write_table(table, written, row_group_size=rows)
    return written.getvalue()


def service_of(shard_bytes: int, prompt: str = PROMPT) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, shard_bytes=shard_bytes))
    service.drop("default.prompt", prompt)
    return service


def results(name: str, data: bytes, shard_bytes: int = SETTINGS.shard_bytes) -> bytes:
    """The result file, all rows of which were answered."""
    service = service_of(shard_bytes)
    service.drop(name, data)
    service.run()
    counts = service.manifest(name)["counts"]
    assert counts["rows"] == counts["results"]
    return service.file(name, "results")


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]
