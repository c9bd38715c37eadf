"""Compressed and Parquet files through the local stack, over the real wire protocols."""

import csv
import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from infra.local.installation import INPUT
from infra.local.stack import Stack

PROMPT = b"""---
model: gemini-3.5-flash-lite
batch.output: jsonl
---
Describe {{name}} in one line.
"""
NAMES = [f'Chair {number}, "wide"\nwith arms' if number % 3 else f"Table {number}" for number in range(60)]


def as_csv() -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([["id", "name"], *([f"r{number}", name] for number, name in enumerate(NAMES))])
    return written.getvalue().encode()


def as_parquet() -> bytes:
    written = io.BytesIO()
    table = pa.table({"id": [f"r{number}" for number in range(60)], "name": NAMES})
    pq.write_table(table, written, row_group_size=8)
    return written.getvalue()


def answers(stack: Stack, name: str) -> list[dict[str, Any]]:
    """The results of a file that was answered whole."""
    manifest = stack.wait_for(name)
    assert (manifest["state"], manifest["counts"]["results"]) == ("SUCCEEDED", 60)
    found = next(file["name"] for file in manifest["files"] if file["name"].endswith("results.jsonl"))
    return [json.loads(line) for line in stack.output(found).splitlines()]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv.gz", gzip.compress(as_csv()[:999]) + gzip.compress(as_csv()[999:])),
        ("a.csv.zst", zstandard.compress(as_csv())),
        ("a.parquet", as_parquet()),
    ],
)
def test_a_file_gives_the_answers_of_the_plain_one_however_it_is_packed(
    stack: Stack, prefix: str, name: str, data: bytes
) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload(as_csv(), f"{prefix}plain.csv")
    stack.upload(data, f"{prefix}{name}")
    expected = answers(stack, f"{prefix}plain.csv")
    assert [row["id"] for row in expected] == [f"r{number}" for number in range(60)]
    assert answers(stack, f"{prefix}{name}") == expected


def test_a_file_stored_with_gzip_encoding_is_read_as_it_is_stored(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    blob = stack.storage.bucket(INPUT).blob(f"{prefix}a.csv")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(as_csv()), content_type="text/csv")
    assert [row["name"] for row in answers(stack, f"{prefix}a.csv")] == NAMES


def test_a_compressed_file_that_is_cut_off_is_rejected_before_it_costs_anything(stack: Stack, prefix: str) -> None:
    stack.upload(PROMPT, f"{prefix}default.prompt")
    stack.upload(gzip.compress(as_csv())[:-10], f"{prefix}a.csv.gz")
    manifest = stack.wait_for(f"{prefix}a.csv.gz")
    assert (manifest["state"], manifest["reason"]["code"]) == ("REJECTED", "INPUT_DAMAGED")
    assert manifest["vertex_jobs"] == []
