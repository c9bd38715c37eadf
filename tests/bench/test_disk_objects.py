from pathlib import Path

import pytest

from batchdrop.domain.errors import Conflict, ObjectGone
from batchdrop.domain.ids import Generation
from batchdrop.domain.limits import READ_BYTES
from tests.bench.disk_objects import DiskObjects
from tests.fakes.small import FakeClock


@pytest.fixture
def objects(tmp_path: Path) -> DiskObjects:
    return DiskObjects(tmp_path / "objects", FakeClock())


def write(objects: DiskObjects, name: str, data: bytes) -> None:
    with objects.write("work", name, "text/plain") as sink:
        sink.write(data)


def content(objects: DiskObjects, name: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(objects.read("work", name, None, start, end))


def break_off(objects: DiskObjects) -> None:
    with objects.write("work", "a", "text/plain") as sink:
        sink.write(b"half")
        raise InterruptedError


@pytest.mark.parametrize("size", [0, 1, READ_BYTES, 2 * READ_BYTES + 7])
def test_what_was_written_reads_back(objects: DiskObjects, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    write(objects, "a", data)
    assert content(objects, "a") == data


@pytest.mark.parametrize(("start", "end"), [(0, 12), (1, 3), (3, 5), (4, 4), (2, None), (11, 99), (12, None)])
def test_a_range_of_a_composed_object_is_that_of_its_sources_together(
    objects: DiskObjects, start: int, end: int | None
) -> None:
    for name in "abc":
        write(objects, name, name.encode() * 4)
    objects.compose("work", "all", ["a", "b", "c"], "text/plain")
    assert content(objects, "all", start, end) == b"aaaabbbbcccc"[start:end]


def test_a_composed_object_outlives_its_sources(objects: DiskObjects) -> None:
    write(objects, "a", b"one")
    objects.compose("work", "all", ["a"], "text/plain")
    objects.rewrite("work", "all", "output", "copy", "text/plain")
    objects.delete("work", ["a", "all"])
    assert b"".join(objects.read("output", "copy")) == b"one"


def test_the_last_name_of_bytes_takes_them_along(objects: DiskObjects, tmp_path: Path) -> None:
    write(objects, "a", b"one")
    objects.rewrite("work", "a", "work", "b", "text/plain")
    objects.delete("work", ["a", "b"])
    assert list((tmp_path / "objects").iterdir()) == []


def test_a_file_from_outside_is_never_removed(objects: DiskObjects, tmp_path: Path) -> None:
    outside = tmp_path / "rows.csv"
    outside.write_bytes(b"a\n1\n")
    objects.put_file("work", "rows.csv", outside)
    objects.delete("work", ["rows.csv"])
    assert outside.read_bytes() == b"a\n1\n"


def test_a_block_that_raises_makes_no_object(objects: DiskObjects, tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        break_off(objects)
    assert (objects.stat("work", "a"), list((tmp_path / "objects").iterdir())) == (None, [])


def test_writing_over_another_generation_is_a_conflict(objects: DiskObjects) -> None:
    info = objects.write_at("work", "a", b"one", "text/plain", Generation(0))
    objects.write_at("work", "a", b"two", "text/plain", info.generation)
    with pytest.raises(Conflict):
        objects.write_at("work", "a", b"three", "text/plain", info.generation)
    with pytest.raises(ObjectGone):
        list(objects.read("work", "a", info.generation))


def test_another_process_goes_on_with_what_is_stored(objects: DiskObjects, tmp_path: Path) -> None:
    write(objects, "a", b"one")
    later = DiskObjects(tmp_path / "later", FakeClock(), objects.stored())
    later.delete("work", ["a"])
    assert content(objects, "a") == b"one"
