from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain import limits
from batchdrop.domain.ids import RowNumber
from batchdrop.rows.values import SideRow
from batchdrop.steps.lot_rows import _merged, abreast
from tests.fakes.service import FakeService


def sidecar(rows: list[int]) -> Iterator[SideRow]:
    return (SideRow(row=RowNumber(row), line=row, fingerprint="", raw=msgspec.Raw(b"{}")) for row in rows)


@given(st.lists(st.integers(0, 4), max_size=40))
def test_sidecars_are_merged_by_row_however_their_rows_lie_between_each_other(lots: list[int]) -> None:
    sidecars = [sidecar([row for row, lot in enumerate(lots) if lot == number]) for number in range(5)]
    assert [side.row for side in _merged(sidecars)] == list(range(len(lots)))


@pytest.mark.parametrize("objects", [1, 7, 60, 100])
def test_however_many_objects_are_read_side_by_side_little_of_them_is_held(objects: int) -> None:
    service = FakeService()
    names = [f"object-{number}" for number in range(objects)]
    for name in names:
        service.objects.put("work", name, bytes(limits.MIB))
    heads = [next(chunks) for chunks in abreast(service.context, names)]
    assert sum(map(len, heads)) <= limits.READ_ABREAST_BYTES
