from contextlib import suppress
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.domain.errors import Refused
from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import InputFormat, Layout, Options, OutputFormat
from batchdrop.domain.reasons import Code, Reason
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.prompt import Prompt, missing_columns, parse_prompt
from batchdrop.rows.render import PromptRequests, Renderer
from batchdrop.rows.requests import settle
from batchdrop.rows.sections import AnswerFormat

SAMPLE = b"""---
model: googleai/gemini-3.5-flash-lite
config:
  temperature: 0.2
  max_output_tokens: 64
  stopSequences: [END]
  thinkingConfig: {thinkingBudget: 0}
  safety_settings:
    - category: HARM_CATEGORY_HARASSMENT
      threshold: BLOCK_NONE
batch.output: csv
batch.max_invalid: 0.25
batch.max_attempts: 2
batch.max_cost_usd: 12.50
batch.allow_truncated: true
batch.priority: 7
batch.labels: {team: shop}
input:
  default:
    lang: English
  schema:
    text: string
    title?: string
output:
  schema:
    sentiment(enum): [POSITIVE, NEGATIVE]
---
{{role "system"}}
Answer in {{lang}}.
{{role "user"}}
{{title}}: {{text}}
"""


def prompt(front: str = "", template: str = "{{text}}") -> Prompt:
    return parse_prompt(f"---\n{front}\n---\n{template}".encode(), "a.prompt")


def refusal(source: str | bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        parse_prompt(source if isinstance(source, bytes) else source.encode(), "x/a.prompt")
    reason = caught.value.reason
    assert reason.code is Code.PROMPT_INVALID
    assert reason.where == "x/a.prompt"
    assert reason.hint
    return reason


def in_front(front: str) -> Reason:
    return refusal(f"---\nmodel: gemini-x\n{front}\n---\nHello {{{{text}}}}\n")


def row_problem(template: str, **value: Any) -> tuple[str, str]:
    with pytest.raises(RowProblem) as caught:
        Renderer(prompt(template=template)).render(value)
    return caught.value.problem.code, caught.value.problem.path


def test_a_prompt_says_all_that_a_job_needs() -> None:
    parsed = parse_prompt(SAMPLE, "a.prompt")
    assert parsed.model == "gemini-3.5-flash-lite"
    assert parsed.options == Options(
        output=OutputFormat.CSV,
        max_invalid=0.25,
        max_attempts=2,
        max_cost_usd="12.5",
        allow_truncated=True,
        priority=7,
        labels={"team": "shop"},
    )
    generation = parsed.rest["generationConfig"]
    assert {key: generation[key] for key in generation if not key.startswith("response")} == {
        "temperature": 0.2,
        "maxOutputTokens": 64,
        "stopSequences": ["END"],
        "thinkingConfig": {"thinkingBudget": 0},
    }
    assert parsed.rest["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    assert parsed.output_format is AnswerFormat.JSON
    assert parsed.output_schema is not None
    assert parsed.output_schema["properties"] == {"sentiment": {"enum": ["POSITIVE", "NEGATIVE"]}}
    assert parsed.has_template
    assert parsed.columns == {"lang", "title", "text"}
    assert parsed.needed == {"text"}
    assert parsed.defaults == {"lang": "English"}


def test_a_request_holds_all_parts_and_nothing_empty() -> None:
    request = Renderer(parse_prompt(SAMPLE, "a.prompt")).render({"text": "I <3 it", "title": "Lamp"})
    assert request == {
        "contents": [{"role": "user", "parts": [{"text": "\nLamp: I <3 it"}]}],
        "systemInstruction": {"parts": [{"text": "\nAnswer in English.\n"}]},
        "generationConfig": {
            "temperature": 0.2,
            "maxOutputTokens": 64,
            "stopSequences": ["END"],
            "thinkingConfig": {"thinkingBudget": 0},
            "responseMimeType": "application/json",
            "responseSchema": {
                "type": "OBJECT",
                "properties": {"sentiment": {"type": "STRING", "format": "enum", "enum": ["POSITIVE", "NEGATIVE"]}},
                "propertyOrdering": ["sentiment"],
                "required": ["sentiment"],
            },
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "labels": {"team": "shop"},
    }
    assert settle(request).request == request
    assert Renderer(prompt()).render({"text": "hi"}) == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_line_ends_and_a_bom_make_no_difference() -> None:
    windows = b"\xef\xbb\xbf" + SAMPLE.replace(b"\n", b"\r\n")
    assert parse_prompt(windows, "a.prompt") == parse_prompt(SAMPLE, "a.prompt")


def test_front_matter_alone_names_a_model_and_has_no_template() -> None:
    parsed = parse_prompt(b"---\nmodel: vertexai/gemini-3.5-flash\n---\n", "a.prompt")
    assert (parsed.model, parsed.has_template, parsed.columns) == ("gemini-3.5-flash", False, frozenset())


def test_a_template_alone_names_no_model() -> None:
    parsed = parse_prompt(b"Hello {{name}}", "a.prompt")
    assert (parsed.model, parsed.has_template, parsed.options) == ("", True, Options())


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("gemini-3.5-flash", "gemini-3.5-flash"),
        ("publishers/google/models/gemini-3.5-flash", "gemini-3.5-flash"),
        ("projects/p/locations/us/endpoints/123", "projects/p/locations/us/endpoints/123"),
    ],
)
def test_a_model_loses_the_prefixes_of_other_tools(written: str, model: str) -> None:
    assert prompt(f"model: {written}").model == model


@pytest.mark.parametrize("model", ["../x", "a b", "a/b", "x" * 301, "projects/p/locations/us/models/a/../b", "m?x=1"])
def test_what_no_model_can_be_called_is_refused(model: str) -> None:
    with pytest.raises(Refused, match="The model is not one that Vertex AI could know"):
        prompt(f"model: {model}")


def test_options_may_be_nested_under_batch() -> None:
    assert prompt("batch: {max_attempts: 5}").options.max_attempts == 5


def test_signs_of_a_csv_go_by_themselves_or_by_name() -> None:
    written = {"';'": ";", "semicolon": ";", "tab": "\t", '"\\t"': "\t", "'\\t'": "\t", "Pipe": "|"}
    for source, sign in written.items():
        assert prompt(f"batch.csv_delimiter: {source}").options.csv_delimiter == sign
    quotes = {"double": '"', "single": "'", "none": "", "''": "", "'~'": "~"}
    for source, sign in quotes.items():
        assert prompt(f"batch.csv_quote: {source}").options.csv_quote == sign


def test_extensions_of_other_tools_are_passed_over() -> None:
    assert prompt("genkit.flow: x").options == Options()


def test_the_format_json_without_a_schema_asks_for_json() -> None:
    request = Renderer(prompt("output: {format: json}")).render({"text": "hi"})
    assert request["generationConfig"] == {"responseMimeType": "application/json"}


def test_a_candidate_count_of_one_is_left_out() -> None:
    assert prompt("config: {candidateCount: 1}").rest == {}


@pytest.mark.parametrize(
    ("front", "line", "column", "hint"),
    [
        ("config: {temprature: 1}", 3, 10, "temperature"),
        ("config:\n  temperature: hot", 4, 3, "number"),
        ("config:\n  temperature: 3", 4, 3, "0 to 2"),
        ("config:\n  temperature: .nan", 4, 3, "0 to 2"),
        ("config:\n  maxOutputTokens: true", 4, 3, "whole number"),
        ("config:\n  maxOutputTokens: 0", 4, 3, "at least 1"),
        ("config:\n  candidate_count: 3", 3, 1, "one answer"),
        ("config:\n  stopSequences: [a, 5]", 4, 22, "text"),
        ("config:\n  stopSequences: []", 4, 3, "list"),
        ("config:\n  mediaResolution: HUGE", 4, 3, "MEDIA_RESOLUTION_LOW"),
        ("config:\n  thinkingConfig: {}", 4, 3, "Take it away"),
        ("config:\n  thinkingConfig: {thinkingBuget: 5}", 4, 20, "thinkingBudget"),
        ("config:\n  safetySettings: {a: b}", 4, 3, "list"),
        ("config:\n  safetySettings: [{categry: x}]", 4, 21, "category"),
        ("config:\n  version: 2", 4, 3, "model"),
        ("config:\n  apiKey: secret", 4, 3, "signs in"),
        ("config:\n  response_schema: {a: b}", 4, 3, "output.schema"),
        ("config:\n  labels: {a: b}", 4, 3, "batch.labels"),
        ("batch.max_atempts: 3", 3, 1, "batch.max_attempts"),
        ("batch.max_attempts: 0", 3, 1, "1 to 10"),
        ("batch.max_attempts: '3'", 3, 1, "whole number"),
        ("batch.max_invalid: 10", 3, 1, "0 to 1"),
        ("batch.max_invalid: true", 3, 1, "share"),
        ("batch.max_cost_usd: a lot", 3, 1, "US dollars"),
        ("batch.max_cost_usd: 0", 3, 1, "US dollars"),
        ("batch.max_cost_usd: .inf", 3, 1, "US dollars"),
        ("batch.allow_truncated: maybe", 3, 1, "true or false"),
        ("batch.output: xml", 3, 1, "jsonl, csv or parquet"),
        ("batch.output: parqet", 3, 1, "Did you mean parquet?"),
        ("batch.output: 5", 3, 1, "jsonl, csv or parquet"),
        ("batch.unknown_fields: alow", 3, 1, "Did you mean allow?"),
        ("batch.unknown_feilds: allow", 3, 1, "batch.unknown_fields"),
        ("batch.raw_csv: 1", 3, 1, "true or false"),
        ("batch.csv_delimiter: ab", 3, 1, "semicolon"),
        ("batch.csv_delimiter: a", 3, 1, "semicolon"),
        ("batch.csv_delimiter: '\"'", 3, 1, "semicolon"),
        ("batch.csv_delimiter: 5", 3, 1, "semicolon"),
        ("batch.csv_quote: ','", 3, 1, "double or single"),
        ("batch: {csv_delimiter: '~', csv_quote: '~'}", 3, 29, "two different"),
        ("batch.max_cost_usd: '1e999999999'", 3, 1, "US dollars"),
        ("batch.labels: {my-team: shop}", 3, 1, "labels"),
        ("batch.labels: {Team: shop}", 3, 1, "labels"),
        ("batch.labels: shop", 3, 1, "labels"),
        ("batch:\n  max_atempts: 3", 4, 3, "batch.max_attempts"),
        ("batch: 3", 3, 1, "batch.max_attempts"),
        ("bacth.output: csv", 3, 1, "batch.output"),
        ("modle: x", 3, 1, "model"),
        ("temperature: 1", 3, 1, "config"),
        ("colour: red", 3, 1, "Known are"),
        ("tools: [search]", 3, 1, "batch"),
        ("toolDefs: [{name: t, inputSchema: {a: string}}]", 3, 1, "batch"),
        ("input:\n  defualt: {a: b}", 4, 3, "default"),
        ("input:\n  schema: {a: Thing}", 4, 3, "Picoschema"),
        ("output:\n  format: xml", 4, 3, "json or text"),
        ("output:\n  format: text\n  schema: {a: string}", 4, 3, "one of the two"),
        ("output:\n  shema: {a: string}", 4, 3, "schema"),
        ("output:\n  schema:\n    a: string\n    b(array, of any): {c: any}", 6, 24, "type"),
        ("output:\n  schema:\n    type: object\n    properties:\n      a: {type: array}", 7, 7, "items"),
        ("output:\n  schema:\n    s?(enum, a truth): [yes, no]", 5, 5, "quotes"),
    ],
)
def test_a_mistake_in_the_front_matter_is_told_with_its_place(front: str, line: int, column: int, hint: str) -> None:
    reason = in_front(front)
    assert (reason.line, reason.column) == (line, column)
    assert hint in reason.hint


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("config: [a", 3),
        ("a: b: c", 3),
        ("model: twice", 3),
        ("input: &anchor {}", 3),
        ("config: 5", 3),
        ("model: [1]", 3),
        ("- a list", 3),
    ],
)
def test_a_mistake_in_the_yaml_is_told_with_its_line(front: str, line: int) -> None:
    assert in_front(front).line == line


def test_front_matter_that_is_not_closed_is_refused() -> None:
    assert refusal("---\nmodel: x\nHello").line == 1


def test_front_matter_nested_without_measure_is_refused() -> None:
    assert refusal("---\nconfig: " + "[" * 3000 + "\n---\n").message


def test_what_json_cannot_say_is_refused() -> None:
    assert "JSON" in in_front('config: {stopSequences: ["\\ud800"]}').message
    assert "JSON" in in_front('input: {default: {a: "\\ud800"}}').message


def test_a_schema_too_deep_for_vertex_is_refused() -> None:
    deep = "{a: string}"
    for _ in range(12):
        deep = f"{{a(object): {deep}}}"
    reason = in_front(f"output:\n  schema: {deep}")
    assert (reason.line, reason.column) == (4, 3)


def test_a_prompt_that_is_not_utf_8_is_told_with_its_place() -> None:
    reason = refusal(b"---\nmodel: x\n---\ncaf\xe9")
    assert (reason.line, reason.column) == (4, 4)


def test_a_mistake_in_the_template_is_told_with_the_line_of_the_file() -> None:
    reason = refusal("# licence\n---\nmodel: x\n---\n\n\nHello\n  {{> header}}\n")
    assert (reason.line, reason.column) == (8, 3)
    reason = refusal("\nHello\n{{#if x}}")
    assert (reason.line, reason.column) == (3, 1)


def test_a_marker_written_out_is_refused() -> None:
    reason = refusal("---\nmodel: x\n---\na\nb <<<dotprompt:role:system>>>")
    assert (reason.line, reason.column) == (5, 3)


def test_a_row_without_a_field_that_is_inserted_is_its_own_problem() -> None:
    assert row_problem("{{text}} {{#if more}}{{more}}{{/if}}", other=1) == ("MISSING_FIELD", "text")


def test_a_default_or_an_optional_field_need_not_be_there() -> None:
    front = "input:\n  default: {a: A}\n  schema:\n    b?: string\n    c: string"
    request = Renderer(prompt(front, "{{a}}{{b}}{{c}}")).render({"c": "C"})
    assert request["contents"][0]["parts"] == [{"text": "AC"}]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{text}}", "EMPTY_PROMPT"),
        ('{{role "system"}}only rules{{role "user"}}{{text}}', "EMPTY_PROMPT"),
        ('{{role "model"}}hi{{role "user"}}x', "FIRST_ROLE"),
        ('{{role "system"}}{{media url="data:image/png;base64,AAAA"}}{{role "user"}}x', "SYSTEM_MEDIA"),
    ],
)
def test_a_row_that_gives_nothing_to_ask_is_its_own_problem(template: str, code: str) -> None:
    assert row_problem(template, text="  ")[0] == code


def test_turns_keep_their_order_and_system_texts_are_joined() -> None:
    template = '{{role "system"}}a{{role "user"}}b{{role "model"}}c{{role "system"}}d{{role "user"}}e'
    request = Renderer(prompt(template=template)).render({})
    assert request["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "d"}]}
    assert [(turn["role"], turn["parts"][0]["text"]) for turn in request["contents"]] == [
        ("user", "b"),
        ("model", "c"),
        ("user", "e"),
    ]


def test_columns_that_a_csv_lacks_are_named() -> None:
    parsed = prompt(
        "input:\n  default: {lang: en}\n  schema:\n    title?: string\n    text: string\n    size: string",
        "{{lang}} {{title}} {{text}} {{#if size}}{{price}}{{/if}}",
    )
    csv = Layout(format=InputFormat.CSV, columns=("text", "id"))
    assert missing_columns(parsed, csv) == ("price", "size")
    assert missing_columns(parsed, Layout(format=InputFormat.JSONL)) == ()


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_break_the_parser(source: bytes) -> None:
    for written in (source, b"---\n" + source + b"\n---\n{{a}}", b"---\n---\n" + source):
        assert_read_or_refused(written)


@given(st.text("abc\n{}#/<>: \"'-&|[]\\éx019.!?*%@`=", max_size=80))
@settings(deadline=None)
def test_no_text_breaks_the_parser(text: str) -> None:
    for source in (text, f"---\n{text}\n---\n{text}", f"---\noutput:\n  schema: {text}\n---\n"):
        assert_read_or_refused(source.encode())


SHREDS = st.sampled_from(
    [
        *("{{", "}}", "{{{", "#if ", "/if", "{{else}}", "each xs as |x|", "{{> x}}", "\\", "(", ")", "[", "]", '"'),
        *("---\n", ": ", "- ", "\n  ", "!!int ", "&a ", "*a", "2024-99-99", "0x", "1e9999", ".inf", ".nan", "1:60:99"),
        *(
            "~",
            "null",
            "yes",
            "\x00",
            "é",
            "\ufdd0",
            "<<<dotprompt:role:user>>>",
            "$ref: '#'",
            "9" * 5000,
            "? ",
            "<<: ",
        ),
        *("=", "%", "| ", ">", "@", "`", "\t", "\r", "\u2028", "1: ", '"\\ud800"', "2001-12-14t21:59:43.10-05:00"),
    ]
)


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 40), SHREDS), min_size=1, max_size=4))
@settings(deadline=None)
def test_no_shredded_prompt_breaks_the_parser(cuts: list[tuple[int, int, str]]) -> None:
    source = SAMPLE
    for at, length, shred in cuts:
        source = source[:at] + shred.encode() + source[at + length :]
    assert_read_or_refused(source)


def assert_read_or_refused(source: bytes) -> None:
    try:
        parsed = parse_prompt(source, "a.prompt")
    except Refused:
        return
    assert orjson.dumps([parsed.rest, parsed.defaults])
    if parsed.has_template:
        requests = PromptRequests(parsed, Layout(format=InputFormat.JSONL))
        with suppress(RowProblem):
            requests.make(RowKey("j1.0.0"), {"text": "x", "title": [1], "a": None})


@pytest.mark.parametrize("value", ["2024-99-99", "9" * 5000, "2001-99-14t21:59:43.10-05:00"])
def test_what_only_looks_like_a_date_or_a_number_is_told_with_its_place(value: str) -> None:
    reason = in_front(f"input: {{default: {{a: 1, b: [x, {value}]}}}}")
    assert (reason.line, reason.column) == (3, 32)
    assert "quotes" in reason.hint


@pytest.mark.parametrize(
    "source",
    [
        "{{#if a}}" * 20_000,
        "{{a}}" * 300_000,
        "{{#if " + "(json " * 3000 + "a" + ")" * 3000 + "}}x{{/if}}",
        "---\nmetadata:\n" + "".join(f"  a{number}: b\n" for number in range(20_000)) + "---\nx",
        "x" * 2_000_000,
    ],
)
def test_prompts_without_measure_are_refused_soon(source: str) -> None:
    assert refusal(source).message


def test_what_is_quoted_of_a_prompt_is_cut() -> None:
    reason = in_front("k" * 10_000 + ": 1")
    assert len(reason.message) + len(reason.hint) < 2_000


def test_a_date_as_a_default_is_its_text() -> None:
    front = "input: {default: {day: 2026-11-01}, schema: {day: string}}"
    assert prompt(front, "{{day}}").defaults == {"day": "2026-11-01"}


@pytest.mark.parametrize(
    ("front", "line", "column", "word"),
    [
        ("input:\n  schema: string", 4, 3, "object"),
        ("input:\n  schema: {type: object, properties: {a: {pattern: '('}}}", 4, 3, "JSON Schema"),
        ("input:\n  default: {a: x}\n  schema: {a: integer}", 4, 13, "default of a"),
        ("output:\n  schema: {type: object, properties: {a: {type: string, pattern: '('}}}", 4, 3, "JSON Schema"),
        ("config:\n  stop_sequences: [a]\n  speechConfig: {voice: x}", 5, 3, "speechConfig"),
        ("config:\n  safety_settings: [{category: HATE, threshold: BLOCK_NONE}]", 4, 3, "safetySettings"),
    ],
)
def test_what_vertex_would_refuse_in_every_row_is_refused_in_the_prompt(
    front: str, line: int, column: int, word: str
) -> None:
    reason = in_front(front)
    assert (reason.line, reason.column) == (line, column)
    assert word in reason.message


def test_fields_newer_than_this_package_pass_where_they_are_allowed() -> None:
    allowed = prompt(
        "batch.unknown_fields: allow\nconfig: {newKnob: {high: true}, thinkingConfig: {thinkingLevel: ultra}}"
    )
    assert allowed.rest["generationConfig"] == {"newKnob": {"high": True}, "thinkingConfig": {"thinkingLevel": "ULTRA"}}
    assert allowed.signature
    assert "cannot be set" in in_front("config: {newKnob: 1}").message
    assert "model" in in_front("batch.unknown_fields: allow\nconfig: {version: 1}").hint


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**6), places=2))
def test_a_cost_keeps_its_cents(amount: Decimal) -> None:
    written = prompt(f"batch.max_cost_usd: '{amount}'").options.max_cost_usd
    assert written is not None
    assert Decimal(written) == amount
