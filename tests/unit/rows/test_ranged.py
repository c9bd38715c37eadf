import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.errors import Transient
from batchdrop.rows.ranged import RangedFile

DATA = bytes(range(256)) * 40


class Store:
    """Gives ranges of DATA, in two chunks, and remembers which."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.broken = False

    def read(self, start: int, end: int) -> Iterator[bytes]:
        self.asked.append((start, end))
        if self.broken:
            raise Transient("the network is down")
        yield DATA[start : (start + end) // 2]
        yield DATA[(start + end) // 2 : end]


STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.integers(-60, 300), st.integers(-1, 400)), max_size=20)


@given(STEPS, st.integers(1, 500), st.integers(1, 4), st.integers(0, 1000))
def test_it_reads_like_a_file(steps: list[tuple[int, int, int]], window: int, places: int, held: int) -> None:
    ranged, file = RangedFile(Store().read, 1000), io.BytesIO(DATA[:1000])
    ranged.follow(places, window)
    ranged.hold(held // 2, held)
    for whence, offset, size in steps:
        base = {0: 0, 1: file.tell(), 2: 1000}[whence]
        if base + offset >= 0:
            assert ranged.seek(offset, whence) == file.seek(offset, whence)
        assert ranged.read(size) == file.read(size)
        assert ranged.tell() == file.tell()


def test_reading_on_asks_for_a_window_at_a_time() -> None:
    store = Store()
    file = RangedFile(store.read, 1000)
    file.follow(1, 300)
    assert b"".join(file.read(10) for _ in range(100)) == DATA[:1000]
    assert store.asked == [(0, 300), (300, 600), (600, 900), (900, 1000)]


def test_several_places_are_read_along_without_fetching_twice() -> None:
    store = Store()
    file = RangedFile(store.read, len(DATA))
    file.follow(3, 100)
    for step in range(20):
        for place in (0, 3000, 6000):
            file.seek(place + 10 * step)
            assert file.read(10) == DATA[place + 10 * step : place + 10 * step + 10]
    assert sorted(store.asked) == [(at, at + 100) for at in (0, 100, 3000, 3100, 6000, 6100)]


def test_what_is_held_is_not_asked_for_again() -> None:
    store = Store()
    file = RangedFile(store.read, len(DATA))
    file.hold(100, 200)
    file.seek(120)
    assert file.read(50) == DATA[120:170]
    assert store.asked == [(100, 200)]


def test_a_read_longer_than_a_window_is_one_fetch() -> None:
    store = Store()
    file = RangedFile(store.read, len(DATA))
    file.follow(2, 10)
    assert file.read(500) == DATA[:500]
    assert store.asked == [(0, 500)]


def test_a_failed_fetch_is_remembered_until_the_next_works() -> None:
    store = Store()
    file = RangedFile(store.read, len(DATA))
    store.broken = True
    with pytest.raises(Transient):
        file.read(10)
    assert isinstance(file.failure, Transient)
    store.broken = False
    assert file.read(10) == DATA[:10]
    assert file.failure is None


def test_bytes_that_are_missing_are_no_end_of_file() -> None:
    with pytest.raises(Transient):
        RangedFile(Store().read, len(DATA) + 1).hold(0, len(DATA) + 1)
