"""Answers brought into row order, in memory and beyond."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.rows.answers import Answer
from batchdrop.rows.replies import Kind, Reply
from batchdrop.steps.answer_store import AnswerStore
from tests.fakes.service import SETTINGS, FakeService


def store_of(memory: int) -> tuple[AnswerStore, FakeService]:
    service = FakeService(msgspec.structs.replace(SETTINGS, answer_bytes=memory))
    return AnswerStore(service.context, "batches/b/answers/token"), service


def answer(text: str) -> Answer:
    reply = Reply(Kind.SPOKEN, "STOP", text, (1, 2, 3, 4, 5, 6, 7, 8))
    return Answer("f", "", "2026-11-01T12:00:00Z", 7, reply, b'{"a": 1}', rekeyed=True)


PLACED = st.lists(st.tuples(st.integers(0, 2**50), st.text(st.characters(exclude_categories=["Cs"]), max_size=40)))


@settings(deadline=None)
@given(PLACED, st.sampled_from([1, 200, 1_000, 10**6]), st.lists(st.integers(0, 2**50), min_size=2, max_size=2))
def test_any_stretch_comes_in_order_whatever_fits_in_memory(
    placed: list[tuple[int, str]], memory: int, bounds: list[int]
) -> None:
    store, _ = store_of(memory)
    for place, text in placed:
        store.add(place, answer(text))
    store.finish()
    first, end = sorted(bounds)
    for start, stop in ((0, 2**60), (first, end), (first, end)):
        found = [(row + start, one) for row, one in store.between(start, stop)]
        assert [place for place, _ in found] == sorted(place for place, _ in placed if start <= place < stop)
        assert sorted(found, key=repr) == sorted(
            ((place, answer(text)) for place, text in placed if start <= place < stop), key=repr
        )


def test_runs_are_ranges_of_bounded_size_read_once_each() -> None:
    store, service = store_of(10_000)
    rows = random.Random(1).sample(range(1_000), 1_000)
    for row in rows:
        store.add(row, answer("x" * (row % 97)))
    store.finish()
    reads: list[str] = []
    service.objects.before_call = lambda method, name: reads.append(name) if method == "read" else None
    assert [place for place, _ in store.between(0, 1_000)] == list(range(1_000))
    runs = service.objects.names("work")
    sizes = [len(service.objects.content("work", name)) for name in runs]
    assert len(runs) > 10
    assert max(sizes) <= 10_000 + 200
    assert len(reads) <= len(runs) * (len(runs) + 2)


def test_a_range_that_was_read_serves_the_next_rows_too() -> None:
    store, service = store_of(1_000)
    for row in range(100):
        store.add(row, answer("x"))
    store.finish()
    reads: list[str] = []
    service.objects.before_call = lambda method, name: reads.append(name) if method == "read" else None
    for row in range(100):
        assert [place for place, _ in store.between(row, row + 1)] == [0]
    assert len(reads) < 100


@pytest.mark.parametrize("memory", [1, 10**6])
def test_nothing_is_written_without_need(memory: int) -> None:
    store, service = store_of(memory)
    store.finish()
    assert list(store.between(0, 10)) == []
    store, service = store_of(10**6)
    store.add(3, answer("x"))
    store.finish()
    assert len(list(store.between(0, 10))) == 1
    assert service.objects.names("work") == []


def test_one_answer_larger_than_memory_is_no_trouble() -> None:
    store, _ = store_of(100)
    for row in (2, 1, 1, 0):
        store.add(row, answer("x" * 1_000))
    store.finish()
    assert [place for place, _ in store.between(0, 3)] == [0, 1, 1, 2]
