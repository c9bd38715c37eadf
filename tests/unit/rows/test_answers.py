import json

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import RowNumber
from batchdrop.domain.usage import Usage
from batchdrop.rows.answers import Answer, Expectation, Judge, parse_line, with_response
from batchdrop.rows.fingerprint import fingerprint
from batchdrop.rows.replies import read_reply
from batchdrop.rows.values import Again, Answered, Failed, Outcome, Retry, SideRow, Stage

REQUEST = {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}
GOOD = (
    b'{"custom_id":"2","status":"","processed_time":"2025-01-26T18:50:04.256+00:00",'
    b'"request":{"contents":[{"role":"user","parts":[{"text":"Say hello."}]}]},'
    b'"response":{"candidates":[{"content":{"parts":[{"text":"Hello."}],"role":"model"},"finishReason":"STOP"}],'
    b'"createTime":"2025-01-26T18:50:02Z","modelVersion":"gemini-1.5-flash-002@default","responseId":"r",'
    b'"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":177,"totalTokenCount":178,'
    b'"promptTokensDetails":[{"modality":"TEXT","tokenCount":1}]}}}'
)
BAD_ROLE = (
    rb'{"status":"Bad Request: {\"error\": {\"code\": 400, \"message\": \"Please use a valid role: user, model.\", '
    rb'\"status\": \"INVALID_ARGUMENT\"}}","processed_time":"2025-07-09T19:57:43.558+00:00",'
    rb'"request":{"contents":[{"parts":{"text":"x"}}]},"response":{}}'
)
SIDE = SideRow(row=RowNumber(4), line=5, fingerprint=fingerprint(REQUEST), raw=msgspec.Raw(b"{}"))
PLAIN = Expectation()
NATIVE = Expectation(native=True)
LABEL = {"type": "string", "enum": ["GOOD", "BAD"]}
REVIEW = {"type": "object", "properties": {"label": LABEL, "score": {"type": "number"}}, "required": ["label"]}


def parsed(line: bytes) -> tuple[str, Answer]:
    found = parse_line(line)
    assert found is not None
    assert parse_line(memoryview(line)) == found
    return found


def read(line: bytes, expectation: Expectation = PLAIN) -> Answer:
    answer = parsed(line)[1]
    return with_response(answer, line) if expectation.native else answer


def judge(answer: Answer, side: SideRow, expectation: Expectation) -> Outcome:
    return Judge(expectation).judge(answer, side)


def usage_of(response: dict[str, object]) -> Usage:
    return read_reply(msgspec.Raw(orjson.dumps(response))).usage


def line_of(**fields: object) -> bytes:
    return orjson.dumps({"custom_id": "j.0.4", "request": REQUEST, "status": "", **fields})


def outcome_of(expectation: Expectation = PLAIN, **fields: object) -> Outcome:
    return judge(read(line_of(**fields), expectation), SIDE, expectation)


def saying(text: str, reason: str | None = "STOP") -> dict[str, object]:
    return candidate({"text": text}, reason=reason)


def candidate(*parts: object, reason: str | None = "STOP") -> dict[str, object]:
    finish = {} if reason is None else {"finishReason": reason}
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **finish}]}


def answered(outcome: Outcome) -> Answered:
    assert isinstance(outcome, Answered), outcome
    return outcome


def test_a_line_gives_key_status_time_and_response_and_the_fingerprint_of_its_echo() -> None:
    key, answer = parsed(GOOD)
    assert key == "2"
    assert answer.status == ""
    assert answer.processed_time == "2025-01-26T18:50:04.256+00:00"
    assert answer.fingerprint == fingerprint(REQUEST)
    assert answer.raw_size == len(GOOD)
    assert with_response(answer, GOOD).response == GOOD[GOOD.index(b'{"candidates"') : -1]


def test_a_good_answer_is_a_result_with_its_text_finish_reason_and_tokens() -> None:
    outcome = answered(judge(read(GOOD), SIDE, PLAIN))
    assert outcome.side is SIDE
    assert outcome.output.text == "Hello."
    assert outcome.output.finish_reason == "STOP"
    assert outcome.output.usage == Usage(rows=1, prompt=1, output=177)
    assert outcome.output.fields is None


def test_a_bad_request_fails_with_vertex_own_message() -> None:
    assert parsed(BAD_ROLE)[0] == ""
    outcome = judge(read(BAD_ROLE), SIDE, PLAIN)
    assert isinstance(outcome, Failed)
    assert outcome.problem.stage is Stage.ANSWER
    assert outcome.problem.code == "VERTEX_INVALID_ARGUMENT"
    assert outcome.problem.message == "Please use a valid role: user, model."
    assert outcome.problem.hint
    assert outcome.usage == Usage()


def test_a_key_that_became_a_number_is_text_again() -> None:
    assert parsed(b'{"custom_id":17}')[0] == "17"


def test_nulls_in_the_echo_do_not_change_the_fingerprint() -> None:
    echo = {"contents": [{"role": "user", "parts": [{"text": "Say hello.", "fileData": None}]}], "tools": None}
    assert read(line_of(request=echo)).fingerprint == SIDE.fingerprint


@pytest.mark.parametrize("echo", [None, [], "text", 3])
def test_an_echo_that_is_no_request_has_no_fingerprint(echo: object) -> None:
    assert read(line_of(request=echo)).fingerprint == ""


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"[]", b'"x"', b"{", b'{"custom_id":"\xff"}', b'{"a":NaN}', b"[" * 10_000, b'{"response":' * 10_000],
)
def test_a_line_that_is_no_object_is_unreadable(line: bytes) -> None:
    assert parse_line(line) is None
    assert parse_line(memoryview(line)) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ('Too Many Requests: {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}', "VERTEX_RESOURCE_EXHAUSTED"),
        ('{"error": {"code": 503, "message": "overloaded"}}', "VERTEX_UNAVAILABLE"),
        ('[{"error": {"code": 500, "message": "oops", "status": "INTERNAL"}}]', "VERTEX_INTERNAL"),
        ('{"code": 14, "message": "gone"}', "VERTEX_UNAVAILABLE"),
        ("DEADLINE_EXCEEDED: too slow", "VERTEX_DEADLINE_EXCEEDED"),
        ('Internal error: {"error": {"code": 500, "message": "cut o', "VERTEX_INTERNAL"),
        ("429 Quota exceeded", "VERTEX_RESOURCE_EXHAUSTED"),
        ("Service Unavailable", "VERTEX_UNAVAILABLE"),
        ("Internal Server Error", "VERTEX_INTERNAL"),
        ("Something nobody has seen", "VERTEX_ERROR"),
        ('{"error": "quota"}', "VERTEX_ERROR"),
        ("[" * 5000, "VERTEX_ERROR"),
        ('{"a":' * 5000, "VERTEX_ERROR"),
        (
            '{"error": {"message": "Service agents are being provisioned.", "status": "FAILED_PRECONDITION"}}',
            "VERTEX_PROVISIONING",
        ),
    ],
)
def test_trouble_that_passes_is_tried_again(status: str, code: str) -> None:
    outcome = outcome_of(status=status, response={})
    assert isinstance(outcome, Again)
    assert outcome.problem.code == code


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        ('{"error": {"code": 400, "message": "No."}}', "VERTEX_INVALID_ARGUMENT", "No."),
        ('{"error": {"code": 403, "message": "No."}}', "VERTEX_PERMISSION_DENIED", "No."),
        ('{"error": {"code": 404, "message": "No."}}', "VERTEX_NOT_FOUND", "No."),
        (
            '{"error": {"code": 400, "message": "No.", "status": "FAILED_PRECONDITION"}}',
            "VERTEX_FAILED_PRECONDITION",
            "No.",
        ),
        ("Bad Request: at most 500 files", "VERTEX_INVALID_ARGUMENT", "Bad Request: at most 500 files"),
        ('Bad Request: {"error": {"code": 400, "message": "cut o', "VERTEX_INVALID_ARGUMENT", None),
    ],
)
def test_trouble_that_stays_is_an_error(status: str, code: str, message: str | None) -> None:
    outcome = outcome_of(status=status, response={})
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == code
    assert outcome.problem.message == (status if message is None else message)


def test_a_status_decides_even_beside_a_response() -> None:
    assert isinstance(outcome_of(status="400 no", response=saying("x")), Failed)


def test_a_status_that_is_an_object_is_read_too() -> None:
    outcome = outcome_of(status={"code": 8, "message": "quota"})
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "VERTEX_RESOURCE_EXHAUSTED"
    assert outcome.problem.message == "quota"


def test_a_long_status_is_cut() -> None:
    assert len(answered_problem(outcome_of(status="Bad Request: " + "x" * 10**6))) == 2000


def answered_problem(outcome: Outcome) -> str:
    assert not isinstance(outcome, Answered)
    return outcome.problem.message


@pytest.mark.parametrize("fields", [{}, {"response": None}, {"response": {}}])
@pytest.mark.parametrize("expectation", [PLAIN, NATIVE])
def test_no_response_and_no_status_is_tried_again(fields: dict[str, object], expectation: Expectation) -> None:
    outcome = outcome_of(expectation, **fields)
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "EMPTY_RESPONSE"


@pytest.mark.parametrize("response", [b"[]", b'"text"', b"3", b'{"a":"\xff"}'])
def test_a_response_that_is_no_object_is_tried_again(response: bytes) -> None:
    outcome = judge(read(b'{"response":' + response + b"}", NATIVE), SIDE, NATIVE)
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "UNREADABLE_RESPONSE"


@pytest.mark.parametrize("expectation", [PLAIN, NATIVE])
def test_a_blocked_prompt_is_an_error_that_costs_its_tokens(expectation: Expectation) -> None:
    response = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}
    outcome = outcome_of(expectation, response=response)
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "BLOCKED"
    assert "PROHIBITED_CONTENT" in outcome.problem.message
    assert outcome.usage == Usage(rows=1, prompt=9)


@pytest.mark.parametrize(
    "response", [{"modelVersion": "m"}, {"candidates": []}, {"candidates": [None]}, {"candidates": 1}]
)
def test_a_response_without_candidates_is_tried_again(response: dict[str, object]) -> None:
    outcome = outcome_of(response=response)
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "NO_CANDIDATES"


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"])
@pytest.mark.parametrize("expectation", [PLAIN, NATIVE])
def test_a_blocked_answer_is_an_error(reason: str, expectation: Expectation) -> None:
    outcome = outcome_of(expectation, response=saying("half", reason))
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "BLOCKED"
    assert reason in outcome.problem.message


@pytest.mark.parametrize("reason", ["LANGUAGE", "MALFORMED_FUNCTION_CALL", "OTHER", "A_NEW_ONE"])
def test_any_other_odd_finish_is_an_error_named_after_it(reason: str) -> None:
    outcome = outcome_of(response=saying("half", reason))
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == f"FINISH_{reason}"


def test_a_finish_reason_that_is_no_word_is_unknown() -> None:
    outcome = outcome_of(response=saying("half", "drop\ntable"))
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "FINISH_UNKNOWN"


@pytest.mark.parametrize("expectation", [PLAIN, NATIVE])
def test_a_cut_answer_is_asked_again_for_a_longer_one_unless_allowed(expectation: Expectation) -> None:
    outcome = outcome_of(expectation, response=saying("half", "MAX_TOKENS"))
    assert isinstance(outcome, Again)
    assert (outcome.problem.code, outcome.retry) == ("TRUNCATED", Retry.LONGER)
    assert "batch.allow_truncated" in outcome.problem.hint
    allowed = msgspec.structs.replace(expectation, allow_truncated=True)
    output = answered(outcome_of(allowed, response=saying("half", "MAX_TOKENS"))).output
    assert (output.text, output.finish_reason) == ("half", "MAX_TOKENS")


def test_a_cut_answer_that_broke_its_json_is_truncated_even_if_allowed() -> None:
    expectation = Expectation(output_schema=REVIEW, allow_truncated=True)
    outcome = outcome_of(expectation, response=saying('{"label": "GO', "MAX_TOKENS"))
    assert isinstance(outcome, Again)
    assert (outcome.problem.code, outcome.retry) == ("TRUNCATED", Retry.LONGER)


def test_a_cut_answer_of_thoughts_only_is_no_answer_even_if_allowed() -> None:
    response = candidate({"text": "hm", "thought": True}, reason="MAX_TOKENS")
    outcome = outcome_of(Expectation(allow_truncated=True), response=response)
    assert isinstance(outcome, Again)
    assert (outcome.problem.code, outcome.retry) == ("TRUNCATED", Retry.LONGER)


@pytest.mark.parametrize("reason", [None, "STOP", "FINISH_REASON_UNSPECIFIED"])
def test_a_finished_answer_is_a_result(reason: str | None) -> None:
    assert answered(outcome_of(response=saying("x", reason))).output.text == "x"


def test_text_parts_are_joined_and_thoughts_left_out() -> None:
    parts = ({"text": "let me see", "thought": True}, {"text": "a"}, {"text": "b", "thoughtSignature": "s"})
    assert answered(outcome_of(response=candidate(*parts))).output.text == "ab"


def test_of_several_candidates_the_first_that_finished_counts() -> None:
    bad, cut, good = saying("1", "SAFETY"), saying("2", "MAX_TOKENS"), saying("3")
    several = {"candidates": [found for one in (bad, cut, good) for found in one["candidates"]]}  # type: ignore[attr-defined]
    assert answered(outcome_of(NATIVE, response=several)).output.text == "3"


@pytest.mark.parametrize("response", [candidate(), candidate({"text": ""}), {"candidates": [{"finishReason": "STOP"}]}])
def test_silence_is_tried_again_but_a_native_job_takes_it(response: dict[str, object]) -> None:
    outcome = outcome_of(response=response)
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "EMPTY_ANSWER"
    assert isinstance(outcome_of(NATIVE, response=response), Answered)


def test_function_calls_are_an_answer_and_its_text_if_there_is_no_other() -> None:
    calls = [{"functionCall": {"name": name, "args": {"x": 1}}} for name in "fg"]
    said = '[{"name":"f","args":{"x":1}},{"name":"g","args":{"x":1}}]'
    assert answered(outcome_of(NATIVE, response=candidate(*calls))).output.text == said
    assert answered(outcome_of(PLAIN, response=candidate(*calls))).output.text == said
    assert answered(outcome_of(PLAIN, response=candidate({"text": "so:"}, *calls))).output.text == "so:"


@pytest.mark.parametrize("part", [{"inlineData": {"data": "eA=="}}, {"aKindOfPartThatNobodyKnowsYet": 1}])
def test_a_part_that_is_no_text_is_an_answer_without_a_text(part: dict[str, object]) -> None:
    assert answered(outcome_of(PLAIN, response=candidate(part))).output.text == ""


def test_a_function_call_for_a_schema_is_tried_again() -> None:
    call = candidate({"functionCall": {"name": "f"}})
    outcome = outcome_of(Expectation(output_schema=REVIEW), response=call)
    assert isinstance(outcome, Again)


def test_a_native_response_is_passed_on_untouched() -> None:
    response = b'{ "candidates":[{"finishReason":"STOP","avgLogprobs":-0.10}],"x":12345678901234567890123}'
    outcome = judge(read(b'{"response":' + response + b',"status":""}', NATIVE), SIDE, NATIVE)
    assert bytes(answered(outcome).output.response) == response


def test_a_job_with_a_prompt_does_not_keep_the_whole_response() -> None:
    assert bytes(answered(outcome_of(PLAIN, response=saying("x"))).output.response) == b"null"


def test_fields_are_those_of_the_schema_in_its_order_with_null_for_what_is_absent() -> None:
    typed = Expectation(output_schema=REVIEW)
    output = answered(outcome_of(typed, response=saying('{"extra": 1, "label": "GOOD"}'))).output
    assert output.fields == {"label": "GOOD", "score": None}
    assert output.fields is not None
    assert list(output.fields) == ["label", "score"]


@pytest.mark.parametrize(
    ("text", "lenient"),
    [
        ('{"label":"GOOD"}', False),
        (' {"label":"GOOD"}\n', False),
        ('```json\n{"label":"GOOD"}\n```', True),
        ('Here you are:\n```\n{"label": "GOOD"}\n```\nAnything else?', True),
        ('The answer is {"label":"GOOD"}. [sic]', True),
        ('Based on [1] and {}: {"label":"GOOD"}', True),
        ('With {braces} and [brackets]: {"label":"GOOD"}', True),
    ],
)
def test_json_is_found_between_fences_and_words_and_that_is_told(text: str, lenient: bool) -> None:  # noqa: FBT001  # a case
    output = answered(outcome_of(Expectation(output_schema=REVIEW), response=saying(text))).output
    assert output.fields == {"label": "GOOD", "score": None}
    assert output.lenient == lenient


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "",
        "{",
        '{"label": NaN}',
        '{"label": "\\ud800"}',
        "{" * 5000,
        "[" * 5000,
        '{"label":' + "[" * 150 + "]" * 150 + "}",
    ],
)
def test_what_is_not_json_is_tried_again(text: str) -> None:
    response = candidate({"text": text}, {"inlineData": {"data": "eA=="}})
    outcome = outcome_of(Expectation(output_schema=REVIEW), response=response)
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "INVALID_JSON"


def test_json_that_does_not_fit_the_schema_is_tried_again_and_the_place_is_named() -> None:
    outcome = outcome_of(Expectation(output_schema=REVIEW), response=saying('{"label":"SECRET"}'))
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "SCHEMA_MISMATCH"
    assert outcome.problem.path == "$.label"
    assert "SECRET" not in outcome.problem.message


@pytest.mark.parametrize("text", ['"GOOD"', "GOOD", " GOOD\n", '```\n"GOOD"\n```'])
def test_an_enum_may_come_as_json_or_bare(text: str) -> None:
    output = answered(outcome_of(Expectation(output_schema=LABEL), response=saying(text))).output
    assert (output.text, output.fields) == ("GOOD", None)


def test_an_enum_of_digits_may_come_bare() -> None:
    schema = {"type": "string", "enum": ["1", "2"]}
    assert answered(outcome_of(Expectation(output_schema=schema), response=saying("2"))).output.text == "2"


def test_a_bare_text_out_of_the_enum_is_a_mismatch() -> None:
    outcome = outcome_of(Expectation(output_schema=LABEL), response=saying("FAIR"))
    assert isinstance(outcome, Again)
    assert outcome.problem.code == "SCHEMA_MISMATCH"


def test_a_list_is_given_as_json_text() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    output = answered(outcome_of(Expectation(output_schema=schema), response=saying("```\n[1, 2]\n```"))).output
    assert (output.text, output.fields) == ("[1,2]", None)


def test_usage_counts_what_is_there() -> None:
    metadata = {
        "promptTokenCount": 10,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 30,
        "cachedContentTokenCount": "4",
        "toolUsePromptTokenCount": 5,
        "totalTokenCount": 65,
        "trafficType": "ON_DEMAND",
    }
    assert usage_of({"usageMetadata": metadata}) == Usage(rows=1, prompt=10, cached=4, output=20, thoughts=30, tools=5)


@pytest.mark.parametrize("prompt", [300, "300"])
def test_audio_is_told_from_other_modalities(prompt: object) -> None:
    metadata = {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": 120,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 50}, {"modality": "AUDIO", "tokenCount": 250}, None],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}, {"modality": "TEXT", "tokenCount": 20}],
    }
    usage = Usage(rows=1, prompt=300, cached=120, audio=250, cached_audio=100)
    if prompt == "300":
        metadata["promptTokensDetails"] = [*metadata["promptTokensDetails"][:2], "odd"]  # type: ignore[index]
    assert usage_of({"usageMetadata": metadata}) == usage


@pytest.mark.parametrize(
    "details", [None, [], {}, "x", [3], [{"modality": 3}], [{"tokenCount": "x", "modality": "AUDIO"}]]
)
def test_modalities_that_say_nothing_count_as_none(details: object) -> None:
    assert usage_of({"usageMetadata": {"promptTokenCount": 9, "promptTokensDetails": details}}) == Usage(1, 9)


@pytest.mark.parametrize("metadata", [None, {}, [], 3])
def test_no_usage_is_no_row_with_usage(metadata: object) -> None:
    assert usage_of({"usageMetadata": metadata}) == Usage()
    assert usage_of({}) == Usage()


def test_odd_counts_count_as_none() -> None:
    metadata = {"promptTokenCount": -1, "candidatesTokenCount": True, "thoughtsTokenCount": 1.5}
    assert usage_of({"usageMetadata": metadata}) == Usage(rows=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "thought", "finishReason", "promptFeedback", "blockReason"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
LINES = st.dictionaries(st.sampled_from(["custom_id", "status", "request", "response", "processed_time"]), JSON)


GOOD_CANDIDATE = {"content": {"parts": [{"text": "fine"}]}, "finishReason": "STOP"}


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": [3, None, {"content": "x"}, {"content": {"parts": 1}}, GOOD_CANDIDATE]},
        {"candidates": [GOOD_CANDIDATE], "usageMetadata": [1]},
        {"candidates": [GOOD_CANDIDATE], "promptFeedback": "none"},
        {"candidates": [{"content": {"parts": [None, {"text": "fine"}]}}], "usageMetadata": {"promptTokenCount": "x"}},
    ],
)
def test_what_is_sound_of_an_odd_response_is_used(odd: dict[str, object]) -> None:
    assert answered(outcome_of(PLAIN, response=odd)).output.text == "fine"


@given(st.binary() | LINES.map(lambda line: json.dumps(line).encode()), st.booleans(), st.booleans())
def test_no_line_breaks_it(line: bytes, native: bool, typed: bool) -> None:  # noqa: FBT001  # drawn
    found = parse_line(line)
    if found is not None:
        expectation = Expectation(native=native, output_schema=REVIEW if typed else None)
        answer = with_response(found[1], line) if native else found[1]
        assert judge(answer, SIDE, expectation).side is SIDE


@given(st.text(max_size=60) | st.text('{}[]":, \n`1a', max_size=60))
def test_no_text_breaks_a_schema(text: str) -> None:
    outcome = outcome_of(Expectation(output_schema=REVIEW), response=saying(text))
    assert not isinstance(outcome, Failed)
