"""The README of the Vertex stand-in: its table of behaviours, and whether it tells of everything there is."""

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from infra.local.vertex.control import JobFault, MethodFault, RowFault
from infra.local.vertex.options import parsed

_TESTS = Path(__file__).parents[1]
_README = (_TESTS.parent / "infra/local/vertex/README.md").read_text()
_BASES = {"documented", "observed", "assumed"}


def behaviours() -> list[list[str]]:
    """The rows of the table: behaviour, basis, source, test."""
    _, _, table = _README.partition("| behaviour | basis | source | test |\n|---|---|---|---|\n")
    lines = table.partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@cache
def names_of_tests(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_the_table_has_a_row_for_each_behaviour_and_all_kinds_of_basis() -> None:
    rows = behaviours()

    assert len(rows) > 50
    assert len({row[0] for row in rows}) == len(rows)
    assert {row[1] for row in rows} == _BASES


@pytest.mark.parametrize("row", behaviours(), ids=lambda row: row[0][:40])
def test_each_behaviour_has_a_basis_a_source_and_a_test_that_exists(row: list[str]) -> None:
    _, basis, source, test = row

    assert basis in _BASES
    # What is assumed may have no source; that is what the word says.
    assert source or basis == "assumed"
    path, _, name = test.strip("`").partition("::")
    assert name in names_of_tests(_TESTS / path)


def test_every_abbreviated_source_is_explained() -> None:
    sources = " ".join(row[2] for row in behaviours())

    used = set(re.findall(r"\b(GCS|OV|API|DISC|AIP|CACHE|OR|CUR|NAZ)\b", sources))
    assert used == set(re.findall(r"\*\*([A-Z]+)\*\*", _README))


def test_every_option_is_told_of() -> None:
    options = vars(parsed(["--storage", "x"]))

    missing = [name for name in options if f"`--{name.replace('_', '-')}`" not in _README]
    assert missing == []


@pytest.mark.parametrize("kind", [MethodFault, JobFault, RowFault])
def test_every_field_of_a_fault_is_told_of(kind: type[msgspec.Struct]) -> None:
    fields = [field.name for field in msgspec.structs.fields(kind)]

    missing = [name for name in fields if f"`{name}`" not in _README and f'"{name}"' not in _README]
    assert missing == []
