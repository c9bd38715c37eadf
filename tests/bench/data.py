"""Inputs for the bench: the same rows each time, as many as asked for, written once and kept."""

import csv
import io
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PLAIN = """---
model: gemini-3.5-flash-lite
config:
  temperature: 0
  maxOutputTokens: 256
---
{{role "system"}}
You annotate customer reviews for a shop. Judge the text; the stars are only a hint and may contradict it.
{{role "user"}}
Product: {{product}}
Stars: {{stars}} of 5
Title: {{title}}

{{review}}
"""

HELPERS = """---
model: gemini-3.5-flash-lite
config:
  temperature: 0
  maxOutputTokens: 256
---
{{role "system"}}
You annotate customer reviews for a shop. Judge the text; the stars are only a hint and may contradict it.
{{role "user"}}
{{#if product}}Product: {{product}}
{{else}}A product without a name
{{/if}}{{#unless stars}}Nobody gave stars.
{{/unless}}{{#with title}}Title: {{this}}
{{/with}}
{{review}}
"""

SCHEMA = PLAIN.replace(
    "config:",
    """output:
  schema:
    sentiment(enum): [positive, negative, neutral, mixed]
    score: integer
    topics(array): string
    reason: string
config:""",
    1,
)

SHORT = """---
model: gemini-3.5-flash-lite
config: {temperature: 0, maxOutputTokens: 8}
---
Name the colour of {{n}}.
"""

PROMPTS = {"plain": PLAIN, "helpers": HELPERS, "schema": SCHEMA, "short": SHORT}
SUFFIXES = {"native": "jsonl", "records": "jsonl", "short": "jsonl", "csv": "csv", "parquet": "parquet"}
COLUMNS = ("id", "product", "stars", "title", "review")

_TEXTS = (
    "The handle came loose after a week, but the shop sent a new one the next day without a question asked.",
    'They call it "unbreakable". It broke. On the first day. Out of the box, onto the carpet, and that was that.',
    "Schöner Stuhl, bequem und stabil; die Lieferung kam zwei Tage zu spät und der Karton war eingedrückt.",
    "Works as described.\nAssembly took ten minutes, the manual is clear, and all screws were there. Would buy again.",
    "質感はとても良いですが、思ったより小さかったです。色は写真のとおりで、届くのも早かったので満足しています。",
    "It is fine, I suppose; it does what a kettle does, slowly, and the lid sticks when it is hot. Three stars.",
    "Lovely colour, soft, washes well, and my daughter has not let go of it since. Thank you for the kind note inside!",
    "Do not buy; the seller sent the wrong size twice, then charged me for the return, and nobody answers the phone.",
)
_PRODUCTS = ("Oak chair", "Kettle 1.7 l", "Wool blanket, grey", "Desk lamp", "Garden hose 20 m", "Knife set")
_GROUP = 8_192


def data_file(folder: Path, kind: str, rows: int) -> Path:
    """The input of a kind with so many rows; made if it is not there, or older than this module."""
    path = folder / f"{kind}-{rows}.{SUFFIXES[kind]}"
    if not path.exists() or path.stat().st_mtime < Path(__file__).stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        _write(unfinished, kind, rows)
        unfinished.rename(path)
    return path


def row_bytes(kind: str) -> float:
    """About how many bytes a row of a kind has."""
    sample = 1_000
    encode = _csv_line if kind in ("csv", "parquet") else _LINES[kind]
    return sum(len(encode(record)) for record in islice(_records(), sample)) / sample


def _write(path: Path, kind: str, rows: int) -> None:
    records = islice(_records(), rows)
    if kind == "parquet":
        _write_parquet(path, records)
        return
    with path.open("wb") as file:
        if kind == "csv":
            file.write(b",".join(name.encode() for name in COLUMNS) + b"\n")
        encode = _LINES[kind]
        for record in records:
            file.write(encode(record))


def _records() -> Iterator[dict[str, str]]:
    """Rows without end; texts repeat, but no two rows are the same."""
    number = 0
    while True:
        one, other = _TEXTS[number % 8], _TEXTS[number // 8 % 8]
        yield {
            "id": f"r-{number:09d}",
            "product": _PRODUCTS[number % 6],
            "stars": str(number % 5 + 1),
            "title": one[:24],
            "review": f"{one} {other} ({number})",
        }
        number += 1


def _native_line(record: dict[str, str]) -> bytes:
    request = {
        "contents": [{"role": "user", "parts": [{"text": f"{record['product']}\n\n{record['review']}"}]}],
        "systemInstruction": {"parts": [{"text": "You annotate customer reviews for a shop. Judge the text."}]},
        "generationConfig": {"temperature": 0.2, "topP": 0.9, "maxOutputTokens": 256, "stopSequences": ["END"]},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        "labels": {"team": "shop"},
    }
    return json.dumps({"id": record["id"], "request": request}, ensure_ascii=False).encode() + b"\n"


def _record_line(record: dict[str, str]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _short_line(record: dict[str, str]) -> bytes:
    return b'{"n":%d}\n' % int(record["id"][2:])


def _csv_line(record: dict[str, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(record.values())
    return text.getvalue().encode()


def _write_parquet(path: Path, records: Iterator[dict[str, str]]) -> None:
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:
        while group := list(islice(records, _GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))


_LINES = {"native": _native_line, "records": _record_line, "short": _short_line, "csv": _csv_line}
