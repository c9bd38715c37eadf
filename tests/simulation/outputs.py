"""The output as it is written: files before their manifest, never changed after it, newest generation last."""

import json
from collections.abc import Iterator
from typing import Any

from batchdrop.domain.objects import ObjectInfo
from tests.fakes.objects import FakeObjects

MANIFEST = "/manifest.json"


def stem_of(name: str) -> str:
    """What a file of the output holds, by its name: `results` of `a.csv/17/results.csv`, and of a folder's parts."""
    *folders, last = name.split("/")
    return (folders[-1] if last.startswith("part-") else last).split(".")[0]


class Outputs:
    """Sees every object that is written to `output`."""

    def __init__(self, objects: FakeObjects, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket
        self._promised: dict[str, str] = {}
        self._newest: dict[str, int] = {}

    def written(self, info: ObjectInfo) -> Iterator[str]:
        """Take note of an object; returns what is wrong with it."""
        if info.bucket != self._bucket:
            return
        if info.name.endswith(MANIFEST):
            yield from self._manifest(info)
        elif self._promised.get(info.name, info.crc32c) != info.crc32c:
            yield f"{info.name} changed after a manifest named it"

    def _manifest(self, info: ObjectInfo) -> Iterator[str]:
        content: dict[str, Any] = json.loads(self._objects.content(self._bucket, info.name))
        generation = int(content["input"]["generation"])
        if generation < self._newest.get(info.name, 0):
            yield f"{info.name} of generation {generation} was written over that of {self._newest[info.name]}"
        self._newest[info.name] = generation
        for file in content["files"]:
            yield from self._file(info.name, file)
        stems = {stem_of(file["name"]) for file in content["files"]}
        for stem in ("results", "errors"):
            if content["counts"][stem] and stem not in stems:
                yield f"{info.name} counts {stem}, but names no file of them"

    def _file(self, manifest: str, file: dict[str, Any]) -> Iterator[str]:
        found = self._objects.stat(self._bucket, file["name"])
        if found is None:
            yield f"{manifest} names {file['name']}, which is not there"
        elif (found.size, found.crc32c) != (file["bytes"], file["crc32c"]):
            yield f"{manifest} does not tell the truth of {file['name']}"
        self._promised[file["name"]] = file["crc32c"]
