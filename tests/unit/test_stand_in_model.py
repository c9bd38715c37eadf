"""The stand-in model: deterministic, obedient to schemas, plausible."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.vertex.models.base import Question, Reply
from infra.local.vertex.models.openai_wire import json_schema
from infra.local.vertex.models.stand_in import StandIn

Json = dict[str, Any]

_MOODS = ["positive", "negative", "neutral", "mixed"]


def response(text: str, system: str = "", **config: Any) -> Json:
    request: Json = {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config}
    if system:
        request["systemInstruction"] = {"parts": [{"text": system}]}
    reply = StandIn().answer(Question("gemini-x", request))
    assert isinstance(reply, Reply)
    return reply.response


def said(text: str, system: str = "", **config: Any) -> str:
    [candidate] = response(text, system, **config)["candidates"]
    return str(candidate["content"]["parts"][0]["text"])


def made(schema: Json, text: str, system: str = "") -> Any:
    return json.loads(said(text, system, responseMimeType="application/json", responseSchema=schema))


def chosen(labels: list[str], text: str, system: str = "", description: str = "") -> str:
    return str(made({"type": "STRING", "enum": labels, "description": description}, text, system))


def test_the_same_request_has_the_same_answer() -> None:
    assert response("Tell of a red chair.") == response("Tell of a red chair.")
    assert said("Tell of a red chair.") != said("Tell of a blue table.")


@pytest.mark.parametrize(
    ("review", "label"),
    [
        ("I love it. Works great, arrived fast.", "positive"),
        ("Broke after a day. Waste of money.", "negative"),
        ("It is a lamp. It stands on the table.", "neutral"),
        ("The colour is wonderful, but the parcel was damaged.", "mixed"),
        ("Not good at all, would not recommend.", "negative"),
        ("👍", "positive"),
        ("Schlecht verarbeitet und nach zwei Tagen kaputt.", "negative"),
        ("Excelente, lo recomiendo.", "positive"),
    ],
)
def test_sentiment_is_what_the_words_say(review: str, label: str) -> None:
    assert chosen(_MOODS, f"Review: {review}") == label
    assert chosen(list(reversed(_MOODS)), f'Product: A\n\nReview:\n"""\n{review}\n"""') == label


def test_labels_in_the_instructions_are_no_cues() -> None:
    asking = "Classify the review as positive, negative, neutral or mixed."

    assert chosen(_MOODS, f"{asking}\n\nReview: The cable broke.") == "negative"
    assert chosen(_MOODS, "Review: The cable broke.", system=asking) == "negative"


def test_stars_are_a_hint_where_words_are_silent() -> None:
    assert chosen(_MOODS, "Stars: 1 of 5\nReview: Sheds everywhere.") == "negative"
    assert chosen(["1", "2", "3", "4", "5"], "Rating: 4/5\nReview: A pen.") == "4"


def test_a_finer_scale_is_used_to_its_ends() -> None:
    scale = ["very negative", "negative", "neutral", "positive", "very positive"]

    assert chosen(scale, "Absolutely perfect, outstanding, I love it!") == "very positive"
    assert chosen(scale, "A nice pen.") == "positive"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("My card was charged twice this month.", "billing"),
        ("The parcel has not arrived yet.", "shipping"),
        ("I forgot my password and cannot log in.", "account"),
        ("Hello there.", "other"),
    ],
)
def test_a_category_is_the_one_whose_words_are_nearest(text: str, label: str) -> None:
    assert chosen(["billing", "shipping", "account", "other"], f"Message: {text}") == label


def test_a_label_can_be_defined_in_the_instructions_or_in_the_schema() -> None:
    system = "Choose one:\n- alpha: apples, pears and plums\n- beta: spanners and hammers"

    assert chosen(["alpha", "beta"], "We sell hammers.", system=system) == "beta"
    assert (
        chosen(["low", "high"], "The plant stands still.", description="high means that a plant stands still") == "high"
    )


def test_facts_of_the_prompt_fill_properties_of_the_same_name() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "product_name": {"type": "STRING"},
            "price": {"type": "NUMBER"},
            "features": {"type": "ARRAY", "items": {"type": "STRING"}},
            "description": {"type": "STRING"},
            "language": {"type": "STRING"},
            "warranty": {"type": "STRING", "nullable": True},
        },
    }

    answer = made(schema, "Describe this.\n\nName: Oak Lamp\nPrice: 49.90 EUR\nFeatures: dimmable; brass; E27")

    assert (answer["product_name"], answer["price"]) == ("Oak Lamp", 49.9)
    assert answer["features"] == ["dimmable", "brass", "E27"]
    assert answer["warranty"] is None
    assert answer["language"] == "en"
    assert answer["description"].startswith("Oak Lamp.")


def test_properties_come_in_the_order_asked_for() -> None:
    properties = {name: {"type": "STRING"} for name in ("a", "b", "c")}
    schema = {"type": "OBJECT", "properties": properties, "propertyOrdering": ["c", "a"]}

    assert list(made(schema, "Text.")) == ["c", "a", "b"]


def test_an_enum_can_be_answered_as_plain_text() -> None:
    schema = {"type": "STRING", "enum": _MOODS}

    assert said("Review: great", responseMimeType="text/x.enum", responseSchema=schema) == "positive"


def test_references_and_alternatives_of_a_json_schema_are_followed() -> None:
    schema = {
        "$defs": {"size": {"enum": ["small", "large"]}},
        "type": "object",
        "properties": {"size": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/size"}]}, "kind": {"const": "x"}},
    }

    answer = json.loads(said("A large box.", responseMimeType="application/json", responseJsonSchema=schema))

    assert answer == {"size": "large", "kind": "x"}


def test_an_answer_stops_where_its_tokens_end() -> None:
    answer = response("Tell of a red chair of oak with a woven seat.", maxOutputTokens=3)

    [candidate] = answer["candidates"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert answer["usageMetadata"]["candidatesTokenCount"] == 3


def test_json_without_a_schema_is_json() -> None:
    assert json.loads(said("Tell of a chair.", responseMimeType="application/json"))["text"]


def test_a_file_alone_is_answered_from_its_name() -> None:
    part = {"fileData": {"fileUri": "gs://b/photos/red-chair.jpg", "mimeType": "image/jpeg"}}
    question = Question("gemini-x", {"contents": [{"role": "user", "parts": [part]}]})

    reply = StandIn().answer(question)

    assert isinstance(reply, Reply)
    assert "red chair" in str(reply.response["candidates"])


def _schemas() -> st.SearchStrategy[Json]:
    strings = st.fixed_dictionaries(
        {"type": st.just("STRING")},
        optional={"nullable": st.booleans(), "maxLength": st.integers(5, 40), "minLength": st.integers(0, 5)},
    )
    formats = st.fixed_dictionaries({"type": st.just("STRING"), "format": st.sampled_from(["date", "date-time"])})
    enums = st.builds(
        lambda labels: {"type": "STRING", "enum": labels},
        st.lists(st.sampled_from([*_MOODS, "billing", "other", "1", "2"]), min_size=1, unique=True),
    )
    numbers = st.builds(
        lambda kind, low, span, nullable: {"type": kind, "minimum": low, "maximum": low + span, "nullable": nullable},
        st.sampled_from(["INTEGER", "NUMBER"]),
        st.integers(-5, 50),
        st.integers(0, 9),
        st.booleans(),
    )
    flat = st.one_of(strings, formats, enums, numbers, st.just({"type": "BOOLEAN"}))
    return st.recursive(flat, lambda inner: st.one_of(_arrays(inner), _objects(inner)), max_leaves=12)


def _arrays(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda items, low, more: {"type": "ARRAY", "items": items, "minItems": low, "maxItems": low + more},
        inner,
        st.integers(0, 4),
        st.integers(0, 3),
    )


def _objects(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    names = st.sampled_from(
        ["title", "summary", "score", "rating", "sentiment", "topics", "date", "price_eur", "language", "x1", "reason"]
    )
    return st.builds(
        lambda properties: {"type": "OBJECT", "properties": properties, "required": sorted(properties)},
        st.dictionaries(names, inner, min_size=1, max_size=5),
    )


@settings(deadline=None, max_examples=150)
@given(
    schema=_schemas(),
    text=st.one_of(
        st.text(min_size=1, max_size=200),
        st.sampled_from(
            ["Name: A\nPrice: 99 EUR", "Great, but it broke.", '{"a": 1}', "Review:\n\nDate: tomorrow", "x:"]
        ),
    ),
)
def test_every_answer_fits_its_schema(schema: Json, text: str) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER

    jsonschema.validate(made(schema, text), json_schema(schema), format_checker=checker)
