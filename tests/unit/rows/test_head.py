import gzip
from collections.abc import Iterator

import pytest
import zstandard

from batchdrop.domain.errors import Refused
from batchdrop.domain.job import Compression, InputFormat, Layout, Options
from batchdrop.domain.limits import COLUMNS_BYTES
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.head import HEAD_BYTES, look

BOM = b"\xef\xbb\xbf"


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def refusal(data: bytes, name: str) -> Reason:
    with pytest.raises(Refused) as caught:
        look([data], name)
    assert caught.value.reason.hint
    assert caught.value.reason.where == name
    return caught.value.reason


def test_a_csv_gives_its_columns_and_where_its_rows_begin() -> None:
    assert look([b"id, text \n1,hi\n"], "x/a.csv") == Layout(
        format=InputFormat.CSV, columns=("id", "text"), delimiter=",", body=10, head_lines=1
    )


def test_a_header_may_have_quotes_delimiters_and_line_feeds_in_its_names() -> None:
    layout = look([b'"a,""b""","c\nd"\r\n1,2\r\n'], "a.csv")
    assert layout.columns == ('a,"b"', "c\nd")
    assert (layout.body, layout.head_lines) == (17, 2)


def test_a_bom_and_blank_lines_before_the_header_are_passed_over() -> None:
    data = BOM + b"\r\n\na,b\n1,2"
    layout = look([data], "A.CSV")
    assert layout.columns == ("a", "b")
    assert data[layout.body :] == b"1,2"
    assert layout.head_lines == 3


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_how_the_bytes_are_chunked_does_not_matter(size: int) -> None:
    data = BOM + b'a,"b\n""c"\n1,2\n'
    assert look(in_chunks(data, size), "a.csv") == look([data], "a.csv")


@pytest.mark.parametrize(
    ("header", "delimiter", "columns"),
    [
        (b"a;b;c", ";", ("a", "b", "c")),
        (b"a\tb", "\t", ("a", "b")),
        (b"a|b|c", "|", ("a", "b", "c")),
        (b'"x,y,z";b', ";", ("x,y,z", "b")),
        (b"a,b;c", ",", ("a", "b;c")),
        (b"alone", ",", ("alone",)),
    ],
)
def test_the_delimiter_is_what_stands_most_often_outside_quotes(
    header: bytes, delimiter: str, columns: tuple[str, ...]
) -> None:
    layout = look([header + b"\n1\n"], "a.csv")
    assert (layout.delimiter, layout.columns) == (delimiter, columns)


def test_doubled_column_names_are_refused_with_their_positions() -> None:
    reason = refusal(b"id,text,id,text,x\n1,2,3,4,5\n", "a.csv")
    assert reason.code is Code.INPUT_HEADER
    assert reason.line == 1
    assert "'id' (columns 1, 3)" in reason.message
    assert "'text' (columns 2, 4)" in reason.message


@pytest.mark.parametrize(
    "data",
    [
        b"a,,c\n1,2,3\n",
        b"a,b,\n1,2,\n",
        b"caf\xe9,b\n1,2\n",
        b"a\x00b,c\n1,2\n",
        b"a,b\r1,2\r3,4\r",
        b'a,"b\n1,2\n',
        b'a,"' + b"b" * (HEAD_BYTES + 1) + b'"\n1,2\n',
        b",".join(b"%0100d" % number for number in range(COLUMNS_BYTES // 100 + 1)) + b"\n1,2\n",
    ],
)
def test_a_header_that_cannot_be_used_is_refused(data: bytes) -> None:
    assert refusal(data, "a.csv").code is Code.INPUT_HEADER


@pytest.mark.parametrize("data", [b"", BOM, b"\n\r\n\n", b"a,b", b"a,b\n", b"a,b\n\n\r\n  \n"])
def test_a_csv_without_rows_is_empty(data: bytes) -> None:
    assert refusal(data, "a.csv").code is Code.INPUT_EMPTY


@pytest.mark.parametrize("data", [b"", BOM, b"\n\r\n\n", BOM + b"  \n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
def test_jsonl_without_rows_is_empty(data: bytes, name: str) -> None:
    assert refusal(data, name).code is Code.INPUT_EMPTY


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"request": {"contents": []}}\n', InputFormat.VERTEX_JSONL),
        (b'\n \r\n{"id": 1, "request": {}}', InputFormat.VERTEX_JSONL),
        (b'{"request": "please"}\n', InputFormat.JSONL),
        (b'{"text": "hi"}\n{"request": {}}\n', InputFormat.JSONL),
        (b'{"broken\n{"request": {}}\n', InputFormat.VERTEX_JSONL),
        (b'{"broken\n"text"\n{"id": 1}\n', InputFormat.JSONL),
        (b"broken\n", InputFormat.JSONL),
        (BOM + b'{"request": {}}', InputFormat.VERTEX_JSONL),
    ],
)
def test_the_first_sound_line_tells_native_lines_from_records(data: bytes, kind: InputFormat) -> None:
    layout = look([data], "a.jsonl")
    assert layout.format is kind
    assert layout.body == (3 if data.startswith(BOM) else 0)


def test_a_first_line_longer_than_the_head_is_still_read() -> None:
    line = b'{"text": "%s", "request": {}}' % (b"x" * (HEAD_BYTES + 5))
    assert look(in_chunks(line, 65536), "a.jsonl").format is InputFormat.VERTEX_JSONL


def test_only_the_head_of_a_broken_file_is_read() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"broken\n" * 10_000

    assert look(endless(), "a.jsonl").format is InputFormat.JSONL
    assert taken <= HEAD_BYTES // 70_000 + 1


def test_an_endless_header_or_line_is_not_read_to_its_end() -> None:
    def endless(start: bytes) -> Iterator[bytes]:
        yield start
        while True:
            yield b"x" * 1_000_000

    with pytest.raises(Refused):
        look(endless(b'a,"'), "a.csv")
    assert look(endless(b"{"), "a.jsonl").format is InputFormat.JSONL


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        (b'[{"a": 1}]', "jq -c '.[]'"),
        (b'\n [\n{"a": 1}\n]', "jq -c '.[]'"),
        (b"[" + b"1," * 15_000_000 + b"1]", "jq -c '.[]'"),
        (b'{\n  "a": 1\n}\n', "jq -c ."),
        (gzip.compress(gzip.compress(b'{"a": 1}')), "once"),
        (gzip.compress(b"PK\x03\x04...."), "CSV"),
        (b"PAR1....", ".parquet"),
        (b"BZh91AY", "gzip"),
        (b"\xfd7zXZ\x00", "zstd"),
        (b"PK\x03\x04....", "CSV"),
        (b"%PDF-1.7", "gs://"),
        ("\ufefftext".encode("utf-16-le"), "UTF-8"),
        ("\ufefftext".encode("utf-16-be"), "UTF-8"),
        ("\ufefftext".encode("utf-32-le"), "UTF-8"),
        ("\ufefftext".encode("utf-32-be"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16-be"), "UTF-8"),
        (gzip.compress('{"a": 1}'.encode("utf-16-le")), "UTF-8"),
    ],
)
def test_what_is_no_rows_is_refused_with_a_remedy(data: bytes, remedy: str) -> None:
    reason = refusal(data, "a.jsonl")
    assert reason.code is Code.INPUT_TYPE
    assert remedy in reason.hint


def test_a_name_of_another_type_is_refused() -> None:
    assert refusal(b"hello", "a.txt").code is Code.INPUT_TYPE


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
@pytest.mark.parametrize(
    ("data", "compression"),
    [
        (b"a,b\n1,2\n", Compression.NONE),
        (gzip.compress(b"a,b\n1,2\n"), Compression.GZIP),
        (zstandard.compress(b"a,b\n1,2\n"), Compression.ZSTD),
        (b"\x50\x2a\x4d\x18\x01\x00\x00\x00." + zstandard.compress(b"a,b\n1,2\n"), Compression.ZSTD),
    ],
)
def test_compression_is_told_by_the_bytes_and_not_by_the_name(name: str, data: bytes, compression: Compression) -> None:
    layout = look(in_chunks(data, 3), name)
    assert layout == Layout(format=InputFormat.CSV, columns=("a", "b"), body=4, head_lines=1, compression=compression)


def test_the_body_of_a_compressed_input_counts_unpacked_bytes() -> None:
    plain = BOM + b"\n" * 1000 + b'{"request": {}}\n'
    layout = look([gzip.compress(plain)], "a.jsonl.gz")
    assert (layout.format, layout.body) == (InputFormat.VERTEX_JSONL, 3)


def test_compressed_bytes_of_which_the_beginning_is_damaged_are_refused() -> None:
    reason = refusal(b"\x1f\x8b\x08\x00" + b"x" * 100, "a.csv.gz")
    assert reason.code is Code.INPUT_DAMAGED
    assert "gzip -t" in reason.hint


@pytest.mark.parametrize("start", [b"sep=;\n", b"SEP=;\r\n", b'"sep=;"\r\n', BOM + b"sep=;\n"])
def test_excels_line_names_the_delimiter_and_is_no_header(start: bytes) -> None:
    data = start + b"a,b;c\n1;2\n"
    layout = look([data], "a.csv")
    assert (layout.columns, layout.delimiter, layout.head_lines) == (("a,b", "c"), ";", 2)
    assert data[layout.body :] == b"1;2\n"


def test_excels_line_may_name_a_tab() -> None:
    assert look([b"sep=\t\na\tb\n1\t2\n"], "a.csv").columns == ("a", "b")


def test_the_prompt_knows_better_than_the_file() -> None:
    data = b"sep=,\na;b,c\n1;2,3\n"
    assert look([data], "a.csv", Options(csv_delimiter=";")).columns == ("a", "b,c")
    assert look([b"a,'b,c'\n1,2\n"], "a.csv", Options(csv_quote="'")).columns == ("a", "b,c")
    assert look([b'"a",b\n1,2\n'], "a.csv", Options(csv_quote="")).columns == ('"a"', "b")
    assert look([b"a~b\n1~2\n"], "a.csv", Options(csv_delimiter="~")).columns == ("a", "b")
