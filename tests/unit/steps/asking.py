"""Vertex files that ask short texts, the batches they ride in, and what of them each asks."""

import json

import msgspec

from tests.fakes.service import SETTINGS, FakeService


def requests(*texts: str) -> str:
    return "".join(
        json.dumps({"request": {"contents": [{"role": "user", "parts": [{"text": text}]}]}}) + "\n" for text in texts
    )


def service_with(*, slots: int, batch_rows: int = 1, row_shards: bool = True) -> FakeService:
    shard_bytes = len(requests("a0")) if row_shards else SETTINGS.shard_bytes
    return FakeService(
        msgspec.structs.replace(SETTINGS, max_running_batches=slots, batch_rows=batch_rows, shard_bytes=shard_bytes)
    )


def texts_of(service: FakeService) -> list[list[str]]:
    """What each batch asks, in the order in which they were submitted."""
    asked = [service.requests_of(name) for name in service.batches.specs]
    return [[line["request"]["contents"][0]["parts"][0]["text"] for line in lines] for lines in asked]
