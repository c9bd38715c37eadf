"""What the stand-in model says it used, and the other sides of an answer: candidates, thoughts, calls, refusals."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.vertex.models.base import Question, Reply
from infra.local.vertex.models.stand_in import StandIn
from infra.local.vertex.refusals import refusal

Json = dict[str, Any]

LITE = "gemini-3.5-flash-lite"
FLASH = "gemini-3.5-flash"
_LONG = "The rules of the shop are many. " * 300


def request_of(text: str, system: str = "", **config: Any) -> Json:
    request: Json = {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config}
    return request | {"systemInstruction": {"parts": [{"text": system}]}} if system else request


def answer(request: Json, model: str = LITE, stand_in: StandIn | None = None) -> Json:
    reply = (stand_in or StandIn()).answer(Question(model, request))
    assert isinstance(reply, Reply)
    return reply.response


def parts(response: Json, candidate: int = 0) -> list[Json]:
    made: list[Json] = response["candidates"][candidate]["content"]["parts"]
    return made


def test_a_model_that_thinks_bills_its_thoughts_beside_its_answer() -> None:
    usage = answer(request_of("Tell of a chair."), FLASH)["usageMetadata"]

    assert usage["thoughtsTokenCount"] > 0
    assert usage["totalTokenCount"] == (
        usage["promptTokenCount"] + usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    )


@pytest.mark.parametrize(
    ("model", "thinking"),
    [(LITE, {}), (FLASH, {"thinkingBudget": 0}), (FLASH, {"thinking_budget": 0})],
)
def test_a_model_that_does_not_think_says_nothing_of_thoughts(model: str, thinking: Json) -> None:
    response = answer(request_of("Tell of a chair.", thinkingConfig=thinking), model)

    assert "thoughtsTokenCount" not in response["usageMetadata"]
    assert len(parts(response)) == 1


def test_thinking_follows_its_level_and_keeps_to_its_budget() -> None:
    spent = [
        answer(request_of("Tell.", thinkingConfig=thinking))["usageMetadata"]["thoughtsTokenCount"]
        for thinking in ({"thinkingLevel": "LOW"}, {"thinking_level": "high"}, {"thinkingBudget": 40})
    ]

    assert spent[0] < spent[1]
    assert spent[2] == 40


def test_thoughts_come_along_where_they_are_asked_for_before_the_answer() -> None:
    response = answer(request_of("Tell of a red chair.", thinkingConfig={"includeThoughts": True}), FLASH)

    first, second = parts(response)
    assert first["thought"] is True
    assert "thought" not in second


def test_a_prefix_that_came_before_is_counted_as_cached_where_that_is_switched_on() -> None:
    stand_in = StandIn(implicit_cache=True)
    first, second = (
        answer(request_of(f"Question {i}?", system=_LONG), stand_in=stand_in)["usageMetadata"] for i in range(2)
    )

    assert "cachedContentTokenCount" not in first
    cached = second["cachedContentTokenCount"]
    assert 2048 <= cached <= second["promptTokenCount"]
    assert second["cacheTokensDetails"] == [{"modality": "TEXT", "tokenCount": cached}]


@pytest.mark.parametrize(
    ("system", "text"), [(_LONG[:7000], "Question {}?"), ("", "Question {}: " + _LONG)], ids=["short", "late"]
)
def test_a_prefix_that_is_short_or_comes_after_what_varies_is_not_cached(system: str, text: str) -> None:
    stand_in = StandIn(implicit_cache=True)
    usages = [answer(request_of(text.format(i), system=system), stand_in=stand_in)["usageMetadata"] for i in range(3)]

    assert not any("cachedContentTokenCount" in usage for usage in usages)


def test_nothing_is_cached_unless_that_is_switched_on() -> None:
    stand_in = StandIn()
    usages = [answer(request_of("Hi.", system=_LONG), stand_in=stand_in)["usageMetadata"] for _ in range(2)]

    assert not any("cachedContentTokenCount" in usage for usage in usages)


@pytest.mark.parametrize("count", [3, 3.0, "3"])
def test_as_many_candidates_come_as_are_asked_for_and_all_are_billed(count: object) -> None:
    one = answer(request_of("Tell of a chair."), "gemini-2.5-flash")
    three = answer(request_of("Tell of a chair.", candidateCount=count), "gemini-2.5-flash")

    assert [candidate.get("index", 0) for candidate in three["candidates"]] == [0, 1, 2]
    spent = [response["usageMetadata"]["candidatesTokenCount"] for response in (one, three)]
    assert spent[0] * 2 < spent[1] <= spent[0] * 3


def tooled(mode: str, *allowed: str) -> Json:
    declared = [
        {"name": "refund", "description": "Gives money back.", "parameters": _parameters("amount", "NUMBER")},
        {"name": "track_parcel", "description": "Where a parcel is.", "parameters": _parameters("language", "STRING")},
    ]
    calling: Json = {"mode": mode, "allowedFunctionNames": list(allowed)} if allowed else {"mode": mode}
    return {
        **request_of("Message: My parcel has not arrived, where is it?"),
        "tools": [{"functionDeclarations": declared}],
        "toolConfig": {"functionCallingConfig": calling},
    }


def _parameters(name: str, kind: str) -> Json:
    return {"type": "OBJECT", "properties": {name: {"type": kind}}}


def test_a_forced_call_names_the_nearest_function_and_ends_with_stop() -> None:
    response = answer(tooled("ANY"))

    assert parts(response) == [{"functionCall": {"name": "track_parcel", "args": {"language": "en"}}}]
    assert response["candidates"][0]["finishReason"] == "STOP"
    assert response["usageMetadata"]["candidatesTokenCount"] > 0


def test_only_an_allowed_function_is_called() -> None:
    [part] = parts(answer(tooled("ANY", "refund")))

    assert part["functionCall"]["name"] == "refund"


@pytest.mark.parametrize("request_body", [tooled("AUTO"), tooled("NONE"), tooled("ANY", "undeclared")])
def test_a_request_that_forces_no_function_it_declares_is_answered_in_words(request_body: Json) -> None:
    assert "text" in parts(answer(request_body))[0]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"candidateCount": 9}, "candidateCount value of 9 but the supported range is from 1 (inclusive) to 9"),
        ({"maxOutputTokens": 65_537}, "maxOutputTokens value of 65537 but the supported range is from 1 (inclusive)"),
        ({"max_output_tokens": 0}, "maxOutputTokens value of 0"),
        ({"stopSequences": list("abcdef")}, "stopSequences value of 6 but the supported range is from 1 (inclusive)"),
        ({"temperature": 2.1}, "temperature value of 2.1"),
        ({"candidateCount": 2}, "Multiple candidates is not enabled for this model"),
        ({"thinkingConfig": "much"}, "Invalid value at 'thinking_config'"),
    ],
)
def test_what_a_model_cannot_do_is_refused(config: Json, text: str) -> None:
    assert text in str(refusal(Question(FLASH, request_of("Hi.", **config))))


def test_several_candidates_are_taken_by_the_families_that_can() -> None:
    assert refusal(Question("gemini-2.5-flash", request_of("Hi.", candidateCount=8))) is None


@pytest.mark.parametrize("name", ["f", "_f", "get.weather", "a:b-c_1", "x" * 64])
def test_a_legal_function_name_is_taken(name: str) -> None:
    tools = [{"functionDeclarations": [{"name": name}]}]

    assert refusal(Question(LITE, request_of("Hi.") | {"tools": tools})) is None


@pytest.mark.parametrize("name", ["", "1f", "get weather!", "x" * 65, "é"])
def test_every_illegal_function_name_is_listed_with_its_place(name: str) -> None:
    tools = [{"functionDeclarations": [{"name": "fine"}, {"name": name}]}, {"function_declarations": {"name": name}}]

    said = str(refusal(Question(LITE, request_of("Hi.") | {"tools": tools})))

    assert "* tools[0].function_declarations[1].name: [FIELD_INVALID]" in said
    assert "* tools[1].function_declarations[0].name: [FIELD_INVALID]" in said
    assert "tools[0].function_declarations[0]" not in said


_KEYS = [
    "text", "parts", "role", "user", "fileData", "fileUri", "mimeType", "inlineData", "data", "temperature",
    "maxOutputTokens", "candidateCount", "responseSchema", "responseMimeType", "application/json", "type", "OBJECT",
    "ARRAY", "properties", "items", "enum", "anyOf", "minItems", "maxLength", "description", "required",
    "thinkingConfig", "thinkingBudget", "functionDeclarations", "name", "parameters", "functionCallingConfig", "mode",
    "ANY", "allowedFunctionNames", "stopSequences",
]  # fmt: skip
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 100_000), st.floats(-5, 5), st.sampled_from(_KEYS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)),
    max_leaves=10,
)
_fields = st.fixed_dictionaries(
    {"contents": st.one_of(_json, st.just([{"role": "user", "parts": [{"text": "Tell of a red chair."}]}]))},
    optional=dict.fromkeys(("systemInstruction", "generationConfig", "tools", "toolConfig", "labels"), _json),
)


@settings(deadline=None, max_examples=400)
@given(request=_fields)
def test_any_request_is_refused_or_answered_and_never_breaks_the_job(request: Json) -> None:
    question = Question("gemini-2.5-flash", json.loads(json.dumps(request)))

    if refusal(question) is None:
        assert answer(request, question.model_id)["candidates"]
