from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdrop.domain.ids import RowKey
from batchdrop.domain.job import InputFormat, Layout
from batchdrop.domain.limits import REQUEST_BYTES
from batchdrop.rows.fingerprint import fingerprint
from batchdrop.rows.frame import frame_of
from batchdrop.rows.problems import RowProblem
from batchdrop.rows.prompt import Prompt, parse_prompt
from batchdrop.rows.render import PromptRequests, Renderer
from batchdrop.rows.requests import Settled, settle
from batchdrop.rows.slots import Known
from batchdrop.rows.template import Template
from batchdrop.rows.values import Problem, Request
from tests.unit.rows.buckets import BUCKETS

KEY = RowKey("j1.0.7")
JSONL = Layout(format=InputFormat.JSONL)
NAMES = ("a", "b", "url", "my col", "xs")
CSV = Layout(format=InputFormat.CSV, columns=NAMES)

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "\n", "%s", "%", "{{a}}", '"\\', "\x00", "\ud800", "<<<dotprompt:role:system>>>", "ä😀"]),
)
URLS = st.sampled_from(["gs://b/x.png", "data:image/png;base64,AA-_", "", " ", "http://x", "gs://b/x", "gs://b/ü.pdf"])
SCALARS = st.one_of(TEXTS, URLS, st.none(), st.booleans(), st.integers(), st.floats())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["c", "x", "0", "role"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES)
CELLS = st.fixed_dictionaries({name: st.one_of(TEXTS, URLS) for name in NAMES})

PLAIN = [
    "{{a}}",
    "{{{a}}}",
    "{{&b}}",
    "{{b.c}}",
    "{{[my col]}}",
    "{{this.a}}",
    "{{url}}",
    "{{xs}}",
    "{{xs.[0]}}",
    "{{b.[x].c}}",
    '{{role "system"}}',
    '{{role "user"}}',
    '{{role "model"}}',
    "{{media url=url}}",
    '{{media url=b.c contentType="image/png"}}',
    '{{media url="gs://b/fixed.png"}}',
    "text %s %% \\ é",
    " \n ",
    "\\{{a}}",
    "{{! a comment }}",
    "  {{~a~}}  ",
]
HELPERS = [
    "{{json b}}",
    "{{lookup b 'c'}}",
    "{{#if a}}yes {{a}}{{else if b}}maybe{{else}}no{{/if}}",
    "{{#unless a}}none{{/unless}}",
    "{{#each xs}}{{this}},{{@index}}{{#unless @last}};{{/unless}}{{/each}}",
    "{{#each b as |value key|}}{{key}}={{value}} {{../a}}{{/each}}",
    "{{#with b}}{{c}}{{@root.a}}{{/with}}",
    '{{#ifEquals a "x"}}same{{else}}other{{/ifEquals}}',
    "{{#xs}}{{this}}{{/xs}}{{^xs}}nothing{{/xs}}",
]
ARRANGING = [
    "{{#if url}}{{media url=url}}{{/if}}",
    "{{#each xs}}{{role this.role}}{{this.c}}{{/each}}",
    '{{#if a}}{{role "model"}}{{/if}}',
    "{{role a}}",
]
TEMPLATES = st.lists(st.sampled_from(PLAIN + HELPERS + ARRANGING), min_size=1, max_size=7).map("".join)

FRONT = """---
model: m
config: {temperature: 0.5, stopSequences: ["é"]}
output: {schema: {label(enum): [x, y]}}
batch.labels: {team: shop}
---
"""


def prompt(template: str, front: str = FRONT) -> Prompt:
    return parse_prompt((front + template).encode(), "a.prompt")


def in_full(parsed: Prompt, row: dict[str, Any]) -> dict[str, Any] | Problem:
    try:
        return Renderer(parsed, BUCKETS).render(row)
    except RowProblem as found:
        return found.problem


def specialised(parsed: Prompt, layout: Layout, row: dict[str, Any]) -> Request | Problem:
    try:
        return PromptRequests(parsed, layout, BUCKETS).make(KEY, row)
    except RowProblem as found:
        return found.problem


def assert_same(parsed: Prompt, layout: Layout, row: dict[str, Any]) -> None:
    slow, fast = in_full(parsed, row), specialised(parsed, layout, row)
    if isinstance(fast, Problem) and fast.code == "NOT_UNICODE":
        with pytest.raises(orjson.JSONEncodeError):
            orjson.dumps(slow)
        return
    if isinstance(slow, Problem) or isinstance(fast, Problem):
        assert fast == slow
        return
    assert orjson.loads(fast.line) == {"custom_id": KEY, "request": slow}
    assert fast.line.endswith(b"\n")
    assert fast.line.count(b"\n") == 1
    assert fast.fingerprint == fingerprint(slow)
    assert settle(slow, buckets=BUCKETS) == Settled(slow, fast.signature or {})


@given(TEMPLATES, ROWS)
@settings(deadline=None)
def test_the_specialised_template_makes_the_requests_that_the_full_one_makes(
    template: str, row: dict[str, Any]
) -> None:
    assert_same(prompt(template), JSONL, row)


@given(TEMPLATES, CELLS)
@settings(deadline=None)
def test_so_it_does_for_a_csv(template: str, row: dict[str, str]) -> None:
    assert_same(prompt(template), CSV, row)


@given(st.text("{}%\\\" \n~ab.[]'", max_size=30), ROWS)
@settings(deadline=None)
def test_so_it_does_for_any_template(template: str, row: dict[str, Any]) -> None:
    from batchdrop.domain.errors import Refused  # noqa: PLC0415

    try:
        parsed = prompt(template + "{{a}}")
    except Refused:
        return
    assert_same(parsed, JSONL, row)


@pytest.mark.parametrize("template", [*PLAIN, *HELPERS])
def test_what_only_inserts_is_specialised(template: str) -> None:
    parsed = prompt(f"begin{template}end")
    assert frame_of(Template(parsed.template).nodes, Known(frozenset()), BUCKETS) is not None


@pytest.mark.parametrize("template", ARRANGING)
def test_what_arranges_turns_by_the_row_is_rendered_in_full(template: str) -> None:
    assert frame_of(Template(prompt(template).template).nodes, Known(frozenset()), BUCKETS) is None


def test_the_parts_of_a_request_stand_as_the_template_has_them() -> None:
    template = (
        '{{role "system"}}Be {{a}}.{{role "user"}}Q: {{a}} {{media url=url}}{{role "model"}}A{{role "user"}}{{b}}'
    )
    made = specialised(prompt(template, ""), CSV, {"a": 'calm"\n', "b": "go", "url": "gs://b/x.png"})
    assert isinstance(made, Request)
    assert orjson.loads(made.line)["request"] == {
        "systemInstruction": {"parts": [{"text": 'Be calm"\n.'}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": 'Q: calm"\n '},
                    {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/x.png"}},
                ],
            },
            {"role": "model", "parts": [{"text": "A"}]},
            {"role": "user", "parts": [{"text": "go"}]},
        ],
    }


def test_rows_of_one_prompt_share_their_signature() -> None:
    requests = PromptRequests(prompt("{{media url=url}}{{a}}"), CSV, BUCKETS)
    row = {"a": "x", "url": "gs://b/x.png"}
    signatures = [requests.make(KEY, {**row, **other}).signature for other in ({}, {"a": "y"}, {"url": ""})]
    assert all(one is signatures[0] for one in signatures)


def test_a_field_that_is_not_there_is_the_rows_problem_in_either_way() -> None:
    problem = specialised(prompt("{{a}} {{b.c}}"), JSONL, {"a": "x"})
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("MISSING_FIELD", "b")


def test_a_request_that_is_too_large_is_the_rows_problem() -> None:
    problem = specialised(prompt("{{a}}"), JSONL, {"a": "x" * REQUEST_BYTES})
    assert isinstance(problem, Problem)
    assert problem.code == "REQUEST_TOO_LARGE"


def test_defaults_stand_for_what_a_row_lacks() -> None:
    parsed = prompt("{{a}} {{lang}}", "---\ninput: {default: {lang: English}}\n---\n")
    for layout, row in ((CSV, {"a": "x"}), (JSONL, {"a": "x"})):
        made = specialised(parsed, layout, row)
        assert isinstance(made, Request)
        assert b'"x English"' in made.line
    made = specialised(parsed, JSONL, {"a": "x", "lang": "French"})
    assert isinstance(made, Request)
    assert b'"x French"' in made.line


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ("{{a}}{{media url=url}}", "url"),
        ("{{a}}{{#if url}}{{media url=url}}{{/if}}", "url"),
        ('{{a}}{{media url="gs://secret/x.png"}}', ""),
    ],
)
def test_a_medium_in_a_bucket_that_is_not_allowed_is_the_rows_problem(template: str, field: str) -> None:
    row = {"a": "x", "url": "gs://secret/x.png"}
    for found in (in_full(prompt(template), row), specialised(prompt(template), CSV, row)):
        assert isinstance(found, Problem)
        assert (found.code, found.path) == ("MEDIA_BUCKET", field)
        assert "secret" not in found.message + found.hint
