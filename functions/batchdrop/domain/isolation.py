"""How the rows of a batch that could not be imported are asked apart, so that few submissions find the bad ones.

A failed import tells one bit: some row among these. The importer stumbles over structure, so rows of an unusual shape
are asked apart from the ordinary ones first, then shape by shape, then in quarters, and a handful row by row.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import accumulate
from typing import assert_never

import msgspec

FEW_ROWS = 16
"""So many suspects are asked one by one."""
FEW_SHAPES = 8
"""So many shapes are asked one by one."""
QUARTERS = 4
ORDINARY_SHARE = 0.01
"""A shape with this share of the rows is an ordinary one."""


class Cut(StrEnum):
    """By what a group of suspects is cut."""

    ROW = "ROW"
    KIND = "KIND"
    SHAPE = "SHAPE"
    SHAPES = "SHAPES"
    QUARTER = "QUARTER"


class Partition(msgspec.Struct, frozen=True):
    """Parts of a group of suspects. `labels` maps a shape to its part where shapes decide."""

    cut: Cut
    parts: int
    rows: int
    labels: Mapping[str, int]

    def part_of(self, index: int, shape: str) -> int:
        """Tell the part, from 0, of the row at that place in the batch."""
        match self.cut:
            case Cut.ROW:
                return index
            case Cut.QUARTER:
                return index * QUARTERS // self.rows
            case Cut.KIND | Cut.SHAPE | Cut.SHAPES:
                return self.labels[shape]
            case _:
                assert_never(self.cut)


def partition(shapes: Mapping[str, int], *, sifted: bool) -> Partition:
    """Decide how to cut a group, given how many of its rows have each shape.

    Args:
        shapes: rows by shape, at least two rows in all.
        sifted: whether unusual shapes were already taken apart from ordinary ones.
    """
    rows = sum(shapes.values())
    if rows <= FEW_ROWS:
        return Partition(Cut.ROW, rows, rows, {})
    kinds = {shape: int(count < ORDINARY_SHARE * rows) for shape, count in shapes.items()}
    if not sifted and len(set(kinds.values())) > 1:
        return Partition(Cut.KIND, 2, rows, kinds)
    if len(shapes) == 1:
        return Partition(Cut.QUARTER, QUARTERS, rows, {})
    ordered = sorted(shapes, key=lambda shape: (-shapes[shape], shape))
    if len(shapes) <= FEW_SHAPES:
        return Partition(Cut.SHAPE, len(shapes), rows, {shape: number for number, shape in enumerate(ordered)})
    return Partition(Cut.SHAPES, QUARTERS, rows, _quarters(ordered, shapes, rows))


def _quarters(ordered: list[str], shapes: Mapping[str, int], rows: int) -> dict[str, int]:
    before = accumulate((shapes[shape] for shape in ordered), initial=0)
    return {shape: min(start * QUARTERS // rows, QUARTERS - 1) for shape, start in zip(ordered, before, strict=False)}
