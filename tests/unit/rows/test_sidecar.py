from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.rows.sidecar import invalid_line, lines_of, read_invalid, read_sidecar, side_line
from batchdrop.rows.values import BadRow, Problem, SideRow, Stage, text_raw

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SIDES = st.builds(
    SideRow,
    row=st.integers(0, 10**6).map(RowNumber),
    line=st.integers(1, 10**6),
    fingerprint=TEXTS,
    raw=TEXTS.map(text_raw),
    twin_of=st.none() | st.integers(0, 10**6).map(RowNumber),
)
PROBLEMS = st.builds(Problem, stage=st.sampled_from(Stage), code=TEXTS, message=TEXTS, hint=TEXTS, path=TEXTS)
BAD_ROWS = st.builds(
    BadRow, row=st.integers(0, 10**6).map(RowNumber), line=st.integers(1, 10**6), raw=st.binary(), problem=PROBLEMS
)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(SIDES), st.integers(1, 40))
def test_a_sidecar_reads_back_as_it_was_written_whatever_the_chunks(sides: list[SideRow], size: int) -> None:
    data = b"".join(map(side_line, sides))
    assert list(read_sidecar(chunked(data, size))) == sides


@given(st.lists(BAD_ROWS), st.integers(1, 40))
def test_bad_rows_read_back_byte_for_byte_even_if_they_are_no_utf8(rows: list[BadRow], size: int) -> None:
    data = b"".join(map(invalid_line, rows))
    assert list(read_invalid(chunked(data, size))) == rows


@given(st.lists(SIDES))
def test_a_row_with_newlines_in_it_is_one_line(sides: list[SideRow]) -> None:
    assert b"".join(map(side_line, sides)).count(b"\n") == len(sides)


@given(st.text("ab\r \n"), st.integers(1, 7))
def test_lines_are_those_between_newlines_that_are_not_blank(text: str, size: int) -> None:
    data = text.encode()
    expected = [line for line in data.split(b"\n") if line.strip()]
    assert list(lines_of(chunked(data, size))) == expected


def test_lines_come_before_the_stream_has_ended() -> None:
    def chunks() -> list[bytes]:
        raise AssertionError("read too far")

    def stream() -> object:
        yield b'{"a":1}\n{"b"'
        chunks()

    lines = lines_of(stream())  # type: ignore[arg-type]
    assert next(lines) == b'{"a":1}'


def test_a_long_line_in_many_chunks_is_joined_once() -> None:
    chunks = [b"x" * 1000] * 5000
    assert [len(line) for line in lines_of([*chunks, b"\n", b"y"])] == [5_000_000, 1]


def test_nothing_has_no_lines() -> None:
    assert list(lines_of([])) == []
    assert list(read_sidecar([b"", b"\n\n"])) == []
