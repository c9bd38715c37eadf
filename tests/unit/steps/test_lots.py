from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import orjson
import pytest

from batchdrop.domain import limits
from batchdrop.domain.ids import LotNumber, RowNumber
from batchdrop.ports import ObjectWriter
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.sidecar import lines_of, read_sidecar, side_bytes, side_line
from batchdrop.rows.signatures import PLAIN
from batchdrop.rows.values import SideRow
from batchdrop.steps.context import Context
from batchdrop.steps.lots import MOST_OPEN, LotFiles
from tests.fakes.objects import FakeObjects
from tests.fakes.service import FakeService
from tests.fakes.small import FakeClock

TEXT = {"request.x": "string"}
NUMBER = {"request.x": "number"}


@pytest.fixture
def context() -> Context:
    return FakeService().context


def put(files: LotFiles, row: int, signature: dict[str, str] | None, line: bytes = b"") -> None:
    files.put(line or b'{"row":%d}\n' % row, side_bytes(row, row + 1, "f" * 16, b"{}"), signature)


def rows_in(context: Context, name: str) -> list[int]:
    return [side.row for side in read_sidecar(context.objects.read(context.settings.work_bucket, name))]


def lines_in(context: Context, name: str) -> list[Any]:
    return [orjson.loads(line)["row"] for line in lines_of(context.objects.read(context.settings.work_bucket, name))]


def test_rows_of_types_that_conflict_are_apart_each_in_order(context: Context) -> None:
    with LotFiles(context, "f", LotNumber(3)) as files:
        for row in range(40):
            put(files, row, [PLAIN, dict(TEXT), NUMBER, TEXT, PLAIN][row % 5])
    first, second = files.lots
    assert (first.number, second.number) == (3, 4)
    assert (first.signature, second.signature) == (TEXT, NUMBER)
    assert rows_in(context, first.sidecar) == lines_in(context, first.requests) == [n for n in range(40) if n % 5 != 2]
    assert rows_in(context, second.sidecar) == lines_in(context, second.requests) == list(range(2, 40, 5))
    assert (first.rows, second.rows) == (32, 8)


def test_a_lot_is_cut_at_its_rows(context: Context) -> None:
    settings = msgspec.structs.replace(context.settings, lot_rows=10)
    with LotFiles(msgspec.structs.replace(context, settings=settings), "f", LotNumber(0)) as files:
        for row in range(25):
            put(files, row, PLAIN)
    assert [lot.rows for lot in files.lots] == [10, 10, 5]
    assert [row for lot in files.lots for row in rows_in(context, lot.sidecar)] == list(range(25))


def test_a_lot_is_cut_before_its_bytes_are_too_many(context: Context) -> None:
    line = b"x" * 15_000_000 + b"\n"
    with LotFiles(context, "f", LotNumber(0)) as files:
        for row in range(20):
            put(files, row, PLAIN, line)
    assert [lot.bytes <= limits.LOT_BYTES for lot in files.lots] == [True, True]
    assert sum(lot.bytes for lot in files.lots) == 20 * len(line)


def test_rows_of_more_combinations_than_can_be_kept_apart_are_refused(context: Context) -> None:
    with LotFiles(context, "f", LotNumber(0)) as files:
        for row in range(MOST_OPEN):
            put(files, row, {"request.x": f"type {row}"})
        with pytest.raises(RowProblem) as caught:
            put(files, MOST_OPEN, {"request.x": "one more"})
        put(files, MOST_OPEN + 1, {"request.x": "type 0"})
        put(files, MOST_OPEN + 2, PLAIN)
    assert caught.value.problem.code == "TOO_MANY_TYPES"
    assert len(files.lots) == MOST_OPEN
    assert rows_in(context, files.lots[0].sidecar) == [0, MOST_OPEN + 1, MOST_OPEN + 2]


def test_nothing_is_left_behind_if_the_block_raises(context: Context) -> None:
    with suppress(ZeroDivisionError), LotFiles(context, "f", LotNumber(0)) as files:
        put(files, 0, PLAIN, b"x" * limits.MIB)
        put(files, 1, PLAIN)
        raise ZeroDivisionError
    assert files.lots == ()
    assert list(context.objects.list(context.settings.work_bucket, "f")) == []


def test_a_line_of_a_sidecar_is_the_same_of_its_parts() -> None:
    side = SideRow(row=RowNumber(5), line=9, fingerprint="0123456789abcdef", raw=msgspec.Raw(b'{"a": 1}'))
    assert side_bytes(5, 9, "0123456789abcdef", b'{"a": 1}') == side_line(side)


class Buffers(FakeObjects):
    """Knows what its open writers may hold at most, all together."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.held = self.most = 0

    @contextmanager
    def write(
        self, bucket: str, name: str, content_type: str, buffer: int = limits.WRITE_BYTES
    ) -> Iterator[ObjectWriter]:
        self.held += buffer
        self.most = max(self.most, self.held)
        with super().write(bucket, name, content_type, buffer) as writer:
            yield writer
        self.held -= buffer


def most_held(context: Context, signatures: Iterable[dict[str, str]], lingering: int | None) -> int:
    objects, settings = Buffers(), msgspec.structs.replace(context.settings, lot_rows=10)
    context = msgspec.structs.replace(context, objects=objects, settings=settings)
    with LotFiles(context, "f", LotNumber(0), lingering=lingering) as files:
        for row, signature in enumerate(signatures):
            put(files, row, signature)
    assert sum(lot.rows for lot in files.lots) == len([*signatures])
    assert objects.held == 0
    return objects.most


def test_however_many_lots_a_shard_has_few_are_held(context: Context) -> None:
    assert most_held(context, [PLAIN] * 1_000, lingering=1) <= 4 * limits.WRITE_BYTES


def test_however_many_kinds_of_types_rows_have_their_lots_hold_little(context: Context) -> None:
    kinds = [{"request.x": f"type {row % MOST_OPEN}"} for row in range(1_000)]
    assert most_held(context, kinds, lingering=1) <= 128 * limits.MIB


def test_a_full_lot_takes_twins_to_the_end_unless_only_the_last_are_to(context: Context) -> None:
    settings = msgspec.structs.replace(context.settings, lot_rows=1)
    small = msgspec.structs.replace(context, settings=settings)
    for lingering, taken in ((None, True), (2, False)):
        with LotFiles(small, f"f{lingering}", LotNumber(0), lingering=lingering) as files:
            for row in range(4):
                put(files, row, PLAIN)
            assert files.put_twin(LotNumber(0), side_bytes(4, 5, "f" * 16, b"{}")) is taken
            assert files.put_twin(LotNumber(1), side_bytes(5, 6, "f" * 16, b"{}"))
