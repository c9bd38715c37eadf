import csv
import io
import json
from collections.abc import Mapping

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.job import InputFormat, Layout, OutputFormat
from batchdrop.domain.usage import Usage
from batchdrop.rows.failures import error_line, failed_header, failed_line
from batchdrop.rows.result_columns import answer_columns
from batchdrop.rows.results import Lines, ResultFormat
from batchdrop.rows.values import Answered, BadRow, Failed, Output, Problem, SideRow, Stage, json_raw, text_raw

COUNTS = ("finish_reason", "prompt_tokens", "output_tokens")
CSV = Layout(format=InputFormat.CSV, columns=("id", "text"), delimiter=",", body=8, head_lines=1)
JSONL = Layout(format=InputFormat.JSONL)
NATIVE = Layout(format=InputFormat.VERTEX_JSONL)
SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}, "tags": {"type": "array"}}}
USAGE = Usage(rows=1, prompt=3, output=5, thoughts=7)


NO_SURROGATES = st.characters(exclude_categories=["Cs"])
JSON_RECORDS = st.dictionaries(
    st.sampled_from(["a", "output", "answer_output", "finish_reason", 'q"', "é"]),
    st.none() | st.integers(-(2**53), 2**53) | st.text(NO_SURROGATES) | st.lists(st.booleans()),
)


def raw_of(record: str) -> msgspec.Raw:
    return json_raw(record.encode()) if record.startswith("{") else text_raw(record)


def answered(
    raw: str,
    text: str = "ok",
    *,
    fields: dict[str, object] | None = None,
    usage: Usage = USAGE,
    response: bytes = b"null",
) -> Answered:
    return Answered(
        side=SideRow(row=RowNumber(0), line=1, fingerprint="f", raw=raw_of(raw)),
        output=Output(text=text, finish_reason="STOP", usage=usage, response=msgspec.Raw(response), fields=fields),
    )


def to(
    output: OutputFormat,
    layout: Layout,
    schema: Mapping[str, object] | None = None,
    columns: tuple[str, ...] = (),
    *,
    raw_csv: bool = False,
) -> Lines:
    columns = columns or layout.columns
    answer = answer_columns(schema, columns)
    return Lines(ResultFormat(layout=layout, output=output, columns=columns, answer=answer, raw_csv=raw_csv))


def csv_rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True))


def test_jsonl_has_no_header() -> None:
    assert to(OutputFormat.JSONL, JSONL).header == b""


def test_a_csv_header_has_the_original_columns_then_the_answers() -> None:
    assert to(OutputFormat.CSV, CSV).header == b"id,text,output,finish_reason,prompt_tokens,output_tokens\n"


def test_a_csv_result_is_the_original_record_then_the_answer() -> None:
    assert to(OutputFormat.CSV, CSV).line(answered("1,hello", "hi, you"), 1) == b'1,hello,"hi, you",STOP,3,12\n'


def test_original_cells_keep_their_values_and_are_quoted_by_the_rules() -> None:
    raw = '1,"say ""x""\r\nnow"'
    line = to(OutputFormat.CSV, CSV).line(answered(raw), 1)
    assert csv_rows(line) == [["1", 'say "x"\r\nnow', "ok", "STOP", "3", "12"]]
    assert to(OutputFormat.CSV, CSV).line(answered('1,a"b'), 1) == b'1,"a""b",ok,STOP,3,12\n'


def test_the_delimiter_of_the_input_is_kept() -> None:
    layout = msgspec.structs.replace(CSV, delimiter=";")
    results = to(OutputFormat.CSV, layout)
    assert results.header.startswith(b"id;text;output;")
    assert results.line(answered("1;a,b", "x;y"), 1) == b'1;a,b;"x;y";STOP;3;12\n'


def test_fields_fill_their_columns_in_order_and_nested_ones_are_json() -> None:
    fields: dict[str, object] = {"label": None, "tags": ["a", {"b": 1}]}
    line = to(OutputFormat.CSV, CSV, SCHEMA).line(answered("1,x", fields=fields), 1)
    assert csv_rows(line) == [["1", "x", "", '["a",{"b":1}]', "STOP", "3", "12"]]


FORMULAS = ["=1+1", "+A1", "-A1", "@x", "\tx", "\rx", "\nx", "=", "-", "+1+1", "-1 OR 1", "＝1", "-1,A1", "+49 1234"]  # noqa: RUF001  # a spreadsheet takes it


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_starts_a_formula_whoever_wrote_it(text: str) -> None:
    original = f'1,"{text}"' if text.strip() != text or "," in text else f"1,{text}"
    line = to(OutputFormat.CSV, CSV).line(answered(original, text), 1)
    assert csv_rows(line)[0][1:3] == ["'" + text, "'" + text]


@pytest.mark.parametrize("text", FORMULAS)
def test_raw_csv_leaves_cells_as_they_are(text: str) -> None:
    original = f'1,"{text}"'
    line = to(OutputFormat.CSV, CSV, raw_csv=True).line(answered(original, text), 1)
    assert csv_rows(line)[0][1:3] == [text, text]


def test_a_header_starts_no_formula_either() -> None:
    layout = msgspec.structs.replace(CSV, columns=("=id", "text"))
    assert to(OutputFormat.CSV, layout).header.startswith(b"'=id,text,")
    assert to(OutputFormat.CSV, layout, raw_csv=True).header.startswith(b"=id,text,")


@pytest.mark.parametrize("text", ["-5", "+1.5", "-1e-9", "-.5", "-1.234,56", "+5%", "a=b", "", "5"])
def test_numbers_and_plain_text_are_left_alone(text: str) -> None:
    assert csv_rows(to(OutputFormat.CSV, CSV).line(answered("1,x", text), 1))[0][2] == text


def test_typed_values_are_written_as_json_writes_them() -> None:
    fields: dict[str, object] = {"label": -1.5, "tags": True}
    assert csv_rows(to(OutputFormat.CSV, CSV, SCHEMA).line(answered("1,x", fields=fields), 1))[0][2:4] == [
        "-1.5",
        "true",
    ]


def test_without_usage_the_tokens_are_empty_or_null() -> None:
    silent = answered("1,x", usage=Usage())
    assert to(OutputFormat.CSV, CSV).line(silent, 1) == b"1,x,ok,STOP,,\n"
    assert orjson.loads(to(OutputFormat.JSONL, CSV).line(silent, 1))["prompt_tokens"] is None


def test_quotes_of_another_kind_are_read_and_rfc_4180_is_written() -> None:
    quoted = msgspec.structs.replace(CSV, quote="'")
    assert to(OutputFormat.CSV, quoted).line(answered("1,'a,b'"), 1) == b'1,"a,b",ok,STOP,3,12\n'
    unquoted = msgspec.structs.replace(CSV, quote="")
    assert to(OutputFormat.CSV, unquoted).line(answered('1,5" pipe'), 1) == b'1,"5"" pipe",ok,STOP,3,12\n'


CELLS = st.text(st.sampled_from('ab ",;=\r\n\x00é'), max_size=6)


@given(st.lists(CELLS, min_size=2, max_size=2), CELLS, st.sampled_from(",;\t|"))
def test_any_csv_result_reads_back_cell_by_cell(cells: list[str], text: str, delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerow(cells)
    layout = msgspec.structs.replace(CSV, delimiter=delimiter)
    raw = answered(written.getvalue().removesuffix("\r\n"), "x" + text)
    line = to(OutputFormat.CSV, layout, raw_csv=True).line(raw, 1)
    assert csv_rows(line, delimiter) == [[*cells, "x" + text, "STOP", "3", "12"]]
    safe = csv_rows(to(OutputFormat.CSV, layout).line(raw, 1), delimiter)[0]
    assert [cell.removeprefix("'") for cell in safe[:2]] == cells
    assert not any(cell.startswith(("=", "\r", "\n")) for cell in safe)


def test_a_jsonl_result_is_the_original_object_with_the_answer_added() -> None:
    line = to(OutputFormat.JSONL, JSONL).line(answered('{"b":1,"a":"x"}', "hi"), 1)
    assert line == b'{"b":1,"a":"x","output":"hi","finish_reason":"STOP","prompt_tokens":3,"output_tokens":12}\n'


def test_original_values_keep_their_own_spelling() -> None:
    line = to(OutputFormat.JSONL, JSONL).line(answered('{"n":1.50,"big":12345678901234567890123,"s":"\\u00e9"}'), 1)
    assert line.startswith(b'{"n":1.50,"big":12345678901234567890123,"s":"\\u00e9",')


def test_a_carriage_return_between_values_does_not_end_the_line() -> None:
    line = to(OutputFormat.JSONL, JSONL).line(answered('{"a":\r[1,\r2]}'), 1)
    assert b"\r" not in line
    assert orjson.loads(line)["a"] == [1, 2]


def test_fields_keep_their_types_in_jsonl() -> None:
    fields: dict[str, object] = {"label": "x", "tags": [1, None]}
    value = orjson.loads(to(OutputFormat.JSONL, JSONL, SCHEMA).line(answered("{}", fields=fields), 1))
    assert value == {"label": "x", "tags": [1, None], "finish_reason": "STOP", "prompt_tokens": 3, "output_tokens": 12}


def test_members_stand_behind_those_of_the_record_however_it_is_written() -> None:
    lines = to(OutputFormat.JSONL, JSONL)
    for raw, start in (("{}", b"{"), ("{ }", b"{"), ('{"a":1 } ', b'{"a":1,'), ('{"a": {}}', b'{"a": {},')):
        line = lines.line(answered(raw), 1)
        assert line.startswith(start + b'"output":"ok",')
        assert orjson.loads(line)["output"] == "ok"


@given(JSON_RECORDS, st.text(NO_SURROGATES), st.dictionaries(st.text(NO_SURROGATES), st.integers(), min_size=1))
def test_a_jsonl_result_is_the_record_and_the_answer(
    record: dict[str, object], text: str, fields: dict[str, object]
) -> None:
    schema: dict[str, object] = {"properties": {name: {} for name in fields}}
    for given_fields, own in ((None, {"output": text}), (fields, fields)):
        names = answer_columns(None if given_fields is None else schema, record)
        how = ResultFormat(layout=JSONL, output=OutputFormat.JSONL, columns=(), answer=names)
        line = Lines(how).line(answered(orjson.dumps(record).decode(), text, fields=given_fields), 0)
        counts = dict(zip(names[-3:], ("STOP", 3, 12), strict=True))
        assert json.loads(line) == record | dict(zip(names, own.values(), strict=False)) | counts
        assert line.count(b"\n") == 1


def test_a_csv_becomes_jsonl_with_a_text_per_column() -> None:
    value = orjson.loads(to(OutputFormat.JSONL, CSV).line(answered('007,"a,b"'), 1))
    assert (value["id"], value["text"], value["output"]) == ("007", "a,b", "ok")


def test_records_become_a_csv_with_their_columns_as_they_were_written() -> None:
    results = to(OutputFormat.CSV, JSONL, None, ("a", "n", "b"))
    assert csv_rows(results.header) == [["a", "n", "b", "output", *COUNTS]]
    assert csv_rows(results.line(answered('{"n":1.50,"a":"x,\\"y\\u00e9","z":0}'), 16)) == [
        ['x,"yé', "1.50", "", "ok", "STOP", "3", "12"]
    ]
    assert csv_rows(results.line(answered('{"n":null,"b":[1, {"c":"=x"}]}'), 16)) == [
        ["", "", '[1, {"c":"=x"}]', "ok", "STOP", "3", "12"]
    ]


def test_records_too_unlike_become_a_csv_with_row_and_record() -> None:
    results = to(OutputFormat.CSV, JSONL)
    assert csv_rows(results.header) == [["row", "record", "output", *COUNTS]]
    assert csv_rows(results.line(answered('{"a":"x,\\"y\\""}'), 16)) == [
        ["17", '{"a":"x,\\"y\\""}', "ok", "STOP", "3", "12"]
    ]


def test_a_property_named_like_them_moves_row_and_record() -> None:
    results = to(OutputFormat.CSV, JSONL, {"properties": {"record": {}, "row": {}}})
    assert csv_rows(results.header)[0][:4] == ["input_row", "input_record", "record", "row"]


def test_a_native_result_is_the_original_line_with_vertex_own_response() -> None:
    response = b'{ "candidates": [], "x": 1.0 }'
    raw = '{"id":"a","request":{"contents":[ 1.50 ]},"more":[1]}'
    line = to(OutputFormat.JSONL, NATIVE).line(answered(raw, response=response), 1)
    assert line == b'{"id":"a","request":{"contents":[ 1.50 ]},"more":[1],"response":' + response + b"}\n"


def test_an_old_response_and_status_are_replaced() -> None:
    raw = '{"response":{"old":1},"status":"Bad Request","request":{}}'
    line = to(OutputFormat.JSONL, NATIVE).line(answered(raw, response=b'{"new":1}'), 1)
    assert line == b'{"status":"","request":{},"response":{"new":1}}\n'


def test_a_name_that_is_escaped_is_replaced_too() -> None:
    raw = '{"\\u0072esponse":{"old":1},"request":{}}'
    line = to(OutputFormat.JSONL, NATIVE).line(answered(raw, response=b'{"new":1}'), 1)
    assert line == b'{"request":{},"response":{"new":1}}\n'


def test_native_lines_can_be_a_csv() -> None:
    results = to(OutputFormat.CSV, NATIVE, None, ("id", "request"))
    assert csv_rows(results.header + results.line(answered('{"request":{},"id":"a"}'), 1)) == [
        ["id", "request", "output", *COUNTS],
        ["a", "{}", "ok", "STOP", "3", "12"],
    ]


def test_failed_records_are_written_as_they_came() -> None:
    assert failed_header(JSONL) == b""
    assert failed_line(bad(b'{"a": 1', Stage.READ)) == b'{"a": 1\n'
    assert failed_line(bad(b"1,\xff", Stage.READ)) == b"1,\xff\n"
    assert failed_line(failed('1,"=a"')) == b'1,"=a"\n'


def test_a_failed_csv_has_its_header_again() -> None:
    layout = msgspec.structs.replace(CSV, columns=("a;b", 'say "x"', "plain"), delimiter=";")
    assert failed_header(layout) == b'"a;b";"say ""x""";plain\n'


def test_a_record_too_large_to_keep_leaves_no_blank_line() -> None:
    assert failed_line(bad(b"", Stage.READ)) == b""


PROBLEM = Problem(stage=Stage.ANSWER, code="BLOCKED", message="m", hint="h", path="p")


def failed(raw: str) -> Failed:
    return Failed(side=SideRow(row=RowNumber(2), line=4, fingerprint="f", raw=raw_of(raw)), problem=PROBLEM)


def bad(raw: bytes, stage: Stage) -> BadRow:
    return BadRow(row=RowNumber(2), line=4, raw=raw, problem=msgspec.structs.replace(PROBLEM, stage=stage))


def test_an_error_names_line_and_row_in_the_whole_file_and_all_that_is_known() -> None:
    line = error_line(failed('{"a":1.50}'), 100, 200, "j1.0.2", JSONL)
    assert line == (
        b'{"line":204,"row":103,"key":"j1.0.2","stage":"answer","code":"BLOCKED","path":"p","message":"m","hint":"h",'
        b'"record":{"a":1.50}}\n'
    )


def record_of(line: bytes) -> object:
    return json.loads(line)["record"]


def test_a_csv_record_is_an_object_in_its_error() -> None:
    assert record_of(error_line(failed('1,"a,b"'), 0, 1, "k", CSV)) == {"id": "1", "text": "a,b"}
    assert record_of(error_line(bad(b"1,x", Stage.RENDER), 0, 1, "k", CSV)) == {"id": "1", "text": "x"}


def test_a_native_record_is_an_object_in_its_error() -> None:
    assert record_of(error_line(bad(b'{"request":\r3}', Stage.REQUEST), 0, 0, "k", NATIVE)) == {"request": 3}


def test_a_record_that_could_not_be_read_is_text_in_its_error() -> None:
    assert record_of(error_line(bad(b'{"a":', Stage.READ), 0, 0, "k", JSONL)) == '{"a":'
    assert record_of(error_line(bad(b"1,2,3", Stage.READ), 0, 0, "k", CSV)) == "1,2,3"
    assert record_of(error_line(bad(b"1,\xff", Stage.READ), 0, 0, "k", CSV)) == "1,\ufffd"


def test_a_record_too_large_to_keep_is_null_in_its_error() -> None:
    assert record_of(error_line(bad(b"", Stage.READ), 0, 0, "k", CSV)) is None


@given(st.binary(), st.sampled_from(Stage), st.sampled_from([CSV, JSONL, NATIVE]))
def test_any_record_makes_one_line_of_json(raw: bytes, stage: Stage, layout: Layout) -> None:
    line = error_line(bad(raw, stage), 0, 0, "k", layout)
    assert line.count(b"\n") == 1
    assert orjson.loads(line)["row"] == 3
