import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import LotNumber, RowKey, RowNumber
from batchdrop.domain.job import Options
from batchdrop.rows import twins as module
from batchdrop.rows.prompt import parse_prompt
from batchdrop.rows.requests import request_line
from batchdrop.rows.twins import Twins, pairs_of, twins_in, twins_of
from batchdrop.rows.values import SideRow, json_raw

COLD = {"generationConfig": {"temperature": 0}}


def line_of(key: str, text: str, **more: object) -> bytes:
    return request_line(RowKey(key), {"contents": [{"role": "user", "parts": [{"text": text}]}], **more})


class Stager:
    """Puts requests of rows 0, 1, ... to the memory of a job; tells which row each shares with."""

    def __init__(self, *, every: bool = True, patient: bool = True) -> None:
        self.twins = Twins(every=every, patient=patient)
        self._row = 0

    def put(self, text: str, **more: object) -> int | None:
        row, self._row = RowNumber(self._row), self._row + 1
        key = RowKey(f"j1.0.{row}")
        line = line_of(key, text, **more)
        known_by = self.twins.known_by(key, line)
        first = self.twins.first(known_by, line) if known_by else None
        if first is None and known_by:
            self.twins.note(known_by, row, LotNumber(row % 7))
        assert first is None or first.lot == first.row % 7
        return None if first is None else first.row


def test_a_request_is_a_twin_of_the_first_that_is_the_same() -> None:
    stager = Stager()
    assert [stager.put(text) for text in ("a", "b", "a", "a", "b", "c")] == [None, None, 0, 0, 1, None]


@pytest.mark.parametrize("more", [{"labels": {"team": "x"}}, {"safetySettings": []}, COLD])
def test_requests_that_differ_anywhere_are_no_twins(more: dict[str, object]) -> None:
    stager = Stager()
    assert [stager.put("a"), stager.put("a", **more), stager.put("a", **more)] == [None, None, 1]


def test_of_native_requests_only_those_without_chance_are_twins_unless_told() -> None:
    warm = {"generationConfig": {"temperature": 0.5}}
    unlike = {"generationConfig": {"temperature": 0.5}, "labels": {"temperature": "0"}}
    stager = Stager(every=False)
    found = [stager.put("a", **more) for more in ({}, {}, warm, warm, unlike, unlike, COLD, COLD)]
    assert found == [None, None, None, None, None, None, None, 6]


def test_a_twin_is_forgotten_only_after_many_other_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GENERATION", 10)
    stager = Stager()
    often = [stager.put("often" if row % 9 == 0 else f"text {row}") for row in range(200)]
    assert [found for row, found in enumerate(often) if row % 9 == 0] == [None, *[0] * 22]
    assert stager.put("text 1") is None
    assert len(stager.twins._young) + len(stager.twins._old) <= 20


@pytest.mark.parametrize(
    ("patient", "twin", "gives_up"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_where_no_request_is_made_twice_for_long_it_is_given_up_unless_told(
    monkeypatch: pytest.MonkeyPatch, *, patient: bool, twin: bool, gives_up: bool
) -> None:
    monkeypatch.setattr(module, "_ENOUGH", 10)
    stager = Stager(patient=patient)
    for row in range(12):
        stager.put("again" if twin and row in {1, 4} else f"text {row}")
    assert stager.twins.gave_up is gives_up


@pytest.mark.parametrize(
    ("temperature", "told", "dedupes"),
    [("0", None, True), ("0.0", None, True), ("1", None, False), ("1", True, True), ("0", False, False)],
)
def test_a_prompt_dedupes_at_temperature_0_unless_it_says_otherwise(
    *, temperature: str, told: bool | None, dedupes: bool
) -> None:
    prompt = parse_prompt(f"---\nconfig: {{temperature: {temperature}}}\n---\n{{{{a}}}}".encode(), "p.prompt")
    assert (twins_of(Options(dedupe=told), prompt) is not None) is dedupes


def test_a_prompt_that_names_no_temperature_does_not_dedupe() -> None:
    assert twins_of(Options(), parse_prompt(b"---\nmodel: gemini-3.5-flash\n---\n{{a}}", "p.prompt")) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(31, 90)), unique_by=lambda pair: pair[1]))
def test_the_twins_of_a_row_are_found_in_order(pairs: list[tuple[int, int]]) -> None:
    sides = [
        SideRow(row=RowNumber(twin), line=1, fingerprint="f", raw=json_raw(b"{}"), twin_of=RowNumber(first))
        for first, twin in sorted(pairs, key=lambda pair: pair[1])
    ]
    index = pairs_of(sides)
    for row in range(32):
        assert list(twins_in(index, row)) == sorted(twin for first, twin in pairs if first == row)
