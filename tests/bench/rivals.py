"""What our steps are measured beside: the most that could be reached, and what a user would do without us.

Each rival takes its files and gives back what is to be timed, which tells how many rows it did. The limits check
nothing; those that join hold everything in memory.
"""

import csv
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import orjson
import pyarrow.parquet as pq

from tests.bench import wire

INSTALLED = Path(".cache/bench/packages")
_BUFFER = 8 * 2**20
_PEER_ROWS = 20_000
_MOST_ROWS = 500_000
_SYSTEM = "You annotate customer reviews for a shop. Judge the text; the stars are only a hint and may contradict it."
_CONFIG = {"temperature": 0, "maxOutputTokens": 256}


class Files(msgspec.Struct, frozen=True):
    """What a rival reads, and a folder for what it writes."""

    data: Path
    native: Path
    keyed: Path
    predictions: list[Path]
    folder: Path


class Outputs:
    """The two files that staging writes: requests, and records to join by."""

    def __init__(self, folder: Path) -> None:
        self._paths = (folder / "rival-requests", folder / "rival-records")
        self.requests, self.records = (path.open("wb", buffering=_BUFFER) for path in self._paths)

    def close(self) -> None:
        """Have all written."""
        self.requests.close()
        self.records.close()


Timed = Callable[[], int]


def decode_and_write(files: Files) -> Timed:
    """Decode each line into typed structs, and write its bytes to two files."""

    def run() -> int:
        decode = msgspec.json.Decoder(wire.Line).decode
        outputs = Outputs(files.folder)
        rows = 0
        with files.native.open("rb", buffering=_BUFFER) as lines:
            for line in islice(lines, _MOST_ROWS):
                decode(line)
                outputs.requests.write(line)
                outputs.records.write(line)
                rows += 1
        outputs.close()
        return rows

    return run


def csv_and_orjson(files: Files) -> Timed:
    """Read with the csv module, put the values into a request, write that and the record with orjson."""

    def run() -> int:
        outputs = Outputs(files.folder)
        with files.data.open(newline="", encoding="utf-8") as lines:
            reader = csv.reader(lines)
            header = next(reader)
            rows = _write_both((dict(zip(header, record, strict=True)) for record in reader), outputs)
        outputs.close()
        return rows

    return run


def pyarrow_and_orjson(files: Files) -> Timed:
    """Read batches with pyarrow, put the values into a request, write that and the record with orjson."""

    def run() -> int:
        outputs = Outputs(files.folder)
        with pq.ParquetFile(files.data) as parquet:
            rows = _write_both((row for batch in parquet.iter_batches() for row in batch.to_pylist()), outputs)
        outputs.close()
        return rows

    return run


def _write_both(records: Iterable[dict[str, str]], outputs: Outputs) -> int:
    rows = 0
    for number, record in enumerate(islice(records, _MOST_ROWS)):
        line = {"custom_id": f"row-{number}", "request": _request(record)}
        outputs.requests.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        outputs.records.write(orjson.dumps([number, record], option=orjson.OPT_APPEND_NEWLINE))
        rows += 1
    return rows


def _request(record: Mapping[str, str]) -> dict[str, Any]:
    text = (
        f"Product: {record['product']}\nStars: {record['stars']} of 5\nTitle: {record['title']}\n\n{record['review']}\n"
    )
    return {
        "contents": [{"role": "user", "parts": [{"text": text}]}],
        "systemInstruction": {"parts": [{"text": _SYSTEM}]},
        "generationConfig": _CONFIG,
    }


def google_genai(files: Files) -> Timed:
    """Validate requests, parsed beforehand, with the model that google-genai has for a batch's rows."""
    types = importlib.import_module("google.genai.types")
    with files.native.open("rb") as lines:
        requests = [_inlined(json.loads(line)["request"]) for line in islice(lines, _PEER_ROWS)]

    def run() -> int:
        for request in requests:
            types.InlinedRequest.model_validate(request)
        return len(requests)

    return run


def _inlined(request: dict[str, Any]) -> dict[str, Any]:
    """The same request in google-genai's shape."""
    config = request["generationConfig"] | {
        name: request[name] for name in ("systemInstruction", "safetySettings", "labels")
    }
    return {"contents": request["contents"], "config": config}


def stdlib_json(files: Files) -> Timed:
    """Parse, look for contents, give it a key, write: json alone."""

    def run() -> int:
        rows = 0
        with files.native.open("rb") as lines, (files.folder / "rival-requests").open("wb") as out:
            for line in islice(lines, _MOST_ROWS):
                request = json.loads(line)["request"]
                if not request["contents"]:
                    raise ValueError("no contents")
                out.write(json.dumps({"custom_id": f"row-{rows}", "request": request}).encode() + b"\n")
                rows += 1
        return rows

    return run


def stdlib_csv(files: Files) -> Timed:
    """Read with DictReader, put the values into a request, write with json."""

    def run() -> int:
        rows = 0
        with (
            files.data.open(newline="", encoding="utf-8") as lines,
            (files.folder / "rival-requests").open("w", encoding="utf-8") as out,
        ):
            for record in islice(csv.DictReader(lines), _MOST_ROWS):
                json.dump({"custom_id": f"row-{rows}", "request": _request(record)}, out)
                out.write("\n")
                rows += 1
        return rows

    return run


def orjson_join(files: Files) -> Timed:
    """Put all answers into a dict, then write each record with its answer."""
    return lambda: _join(files, orjson.loads, lambda value: orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


def stdlib_join(files: Files) -> Timed:
    """The same, with json."""
    return lambda: _join(files, json.loads, lambda value: json.dumps(value).encode() + b"\n")


def _join(files: Files, loads: Callable[[bytes], Any], dumps: Callable[[Any], bytes]) -> int:
    answers: dict[str, Any] = {}
    for path in files.predictions:
        with path.open("rb", buffering=_BUFFER) as lines:
            for line in lines:
                answer = loads(line)
                answers[answer["custom_id"]] = answer
    with files.keyed.open("rb") as records, (files.folder / "rival-results").open("wb", buffering=_BUFFER) as out:
        return _write_joined(records, answers, loads, lambda value: out.write(dumps(value)))


def _write_joined(
    records: BinaryIO, answers: dict[str, Any], loads: Callable[[bytes], Any], write: Callable[[Any], object]
) -> int:
    rows = 0
    for line in records:
        record = loads(line)
        response = answers[record.pop("custom_id")]["response"]
        candidate, usage = response["candidates"][0], response["usageMetadata"]
        record["output"] = candidate["content"]["parts"][0]["text"]
        record["finish_reason"] = candidate["finishReason"]
        record["prompt_tokens"] = usage["promptTokenCount"]
        record["output_tokens"] = usage["candidatesTokenCount"]
        write(record)
        rows += 1
    return rows


def duckdb_join(files: Files) -> Timed:
    """Let DuckDB read both sides, join and write."""
    sys.path.insert(0, str(INSTALLED))
    duckdb = importlib.import_module("duckdb")
    sides = ", ".join(f"'{path}'" for path in files.predictions)
    query = f"""
        copy (
          select r.* exclude (custom_id),
            a.response->>'$.candidates[0].content.parts[0].text' as output,
            a.response->>'$.candidates[0].finishReason' as finish_reason,
            (a.response->'$.usageMetadata.promptTokenCount')::int as prompt_tokens,
            (a.response->'$.usageMetadata.candidatesTokenCount')::int as output_tokens
          from read_json('{files.keyed}', format = 'newline_delimited') r
          join read_json([{sides}], format = 'newline_delimited', maximum_object_size = 20000000,
            columns = {{custom_id: 'varchar', response: 'json'}}) a using (custom_id)
          order by r.custom_id
        ) to '{files.folder / "rival-results"}' (format json)"""  # noqa: S608  # our own paths
    with files.keyed.open("rb") as records:
        rows = sum(1 for _ in records)

    def run() -> int:
        duckdb.connect().execute(query)
        return rows

    return run


RIVALS: Mapping[str, Callable[[Files], Timed]] = {
    "decode and write": decode_and_write,
    "csv and orjson": csv_and_orjson,
    "pyarrow and orjson": pyarrow_and_orjson,
    "google-genai": google_genai,
    "stdlib json": stdlib_json,
    "stdlib csv": stdlib_csv,
    "orjson join": orjson_join,
    "stdlib join": stdlib_join,
    "DuckDB join": duckdb_join,
}
JOINS = frozenset({"orjson join", "stdlib join", "DuckDB join"})
