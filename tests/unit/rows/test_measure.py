"""What requests take, by rule."""

import base64
import random
import time
from typing import Any

import orjson
import pytest

from batchdrop.domain.estimate import Asked, Span
from batchdrop.domain.ids import ModelName
from batchdrop.rows.measure import Measured, Meter, measure
from batchdrop.rows.output_tokens import OutputTokens
from batchdrop.rows.text_tokens import tokens_of_text

LITE, FLASH, OLD = (ModelName(name) for name in ("gemini-3.5-flash-lite", "gemini-3.5-flash", "gemini-2.5-flash"))


def line(*parts: dict[str, Any], config: dict[str, Any] | None = None, **more: object) -> bytes:
    request = {"contents": [{"role": "user", "parts": list(parts)}], "generationConfig": config or {}, **more}
    return orjson.dumps({"custom_id": "j1.0.0", "request": request}) + b"\n"


def of(
    *parts: dict[str, Any], model: ModelName = LITE, config: dict[str, Any] | None = None, **more: object
) -> Measured:
    return measure(line(*parts, config=config, **more), model, OutputTokens(model))


def inline(mime_type: str, size: int) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(bytes(size)).decode()}}


def stored(mime_type: str) -> dict[str, Any]:
    return {"fileData": {"mimeType": mime_type, "fileUri": "gs://b/x"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Span(0, 0, 0)),
        ("x" * 400, Span(80, 100, 136)),
        ("é" * 400, Span(80, 100, 136)),
        ("я" * 100, Span(25, 40, 67)),
        ("漢字かな한글" * 100, Span(270, 402, 600)),
        ("“„”…" * 100, Span(80, 100, 136)),
        ("😀" * 100, Span(45, 67, 100)),
        ("\ud800", Span(1, 1, 1)),
    ],
)
def test_a_text_has_tokens_by_script(text: str, expected: Span) -> None:
    assert tokens_of_text(text) == expected


def test_the_system_instruction_and_tools_are_asked_too() -> None:
    alone = of({"text": "x" * 400})
    both = of({"text": "x" * 400}, systemInstruction={"parts": [{"text": "y" * 400}]})
    tools = of({"text": "x" * 400}, tools=[{"functionDeclarations": [{"name": "n" * 357}]}])
    assert (alone.input.expected, both.input.expected, tools.input.expected) == (100, 200, 200)


@pytest.mark.parametrize(
    ("part", "model", "expected"),
    [
        (stored("image/png"), LITE, Span(280, 1_120, 1_120)),
        (stored("image/png"), OLD, Span(258, 774, 2_580)),
        (inline("image/png", 10_000), OLD, Span(258, 258, 2_580)),
        (inline("application/pdf", 500_000), LITE, Span(560, 5_600, 28_000)),
        (inline("audio/wav", 880_000), LITE, Span(128, 320, 1_760)),
        (inline("video/mp4", 2_500_000), LITE, Span(204, 1_020, 4_182)),
        (inline("text/plain", 3_999), LITE, Span(799, 999, 1_999)),
    ],
)
def test_media_have_tokens_by_type_and_size(part: dict[str, Any], model: ModelName, expected: Span) -> None:
    assert of(part, model=model).media == expected


def test_a_resolution_is_heeded_the_part_s_own_first() -> None:
    low, high = {"level": "MEDIA_RESOLUTION_LOW"}, "MEDIA_RESOLUTION_MEDIUM"
    assert of(stored("image/png"), config={"mediaResolution": high}).media.expected == 560
    assert of(stored("image/png") | {"mediaResolution": low}, config={"mediaResolution": high}).media.expected == 280


def test_what_is_heard_is_told_apart() -> None:
    sound, film = of(stored("audio/mp3")), of(stored("video/mp4"))
    assert sound.audio == sound.media
    assert 0 < film.audio.expected < film.media.expected


def test_an_answer_is_estimated_by_its_schema() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"label": {"type": "STRING", "enum": ["a", "b"]}, "score": {"type": "NUMBER"}},
        "required": ["label", "score"],
    }
    assert of({"text": "x"}, config={"responseSchema": schema}).output == Span(12, 16, 24)
    items = {"type": "ARRAY", "items": schema, "minItems": 2, "maxItems": 2}
    assert of({"text": "x"}, config={"responseSchema": items}).output == Span(28, 36, 52)


def test_no_answer_is_longer_than_its_limit() -> None:
    assert of({"text": "x"}, config={"maxOutputTokens": 40}).output == Span(10, 40, 40)
    assert of({"text": "x"}, config={"maxOutputTokens": "40", "candidateCount": 2}).output == Span(20, 40, 40)


@pytest.mark.parametrize(
    ("model", "thinking", "thinks"),
    [
        (LITE, {}, False),
        (LITE, {"thinkingLevel": "HIGH"}, True),
        (LITE, {"thinkingBudget": 100}, True),
        (FLASH, {}, True),
        (FLASH, {"thinkingBudget": 0}, False),
        (ModelName("gemini-2.0-flash"), {}, False),
    ],
)
def test_models_that_think_are_expected_to(model: ModelName, thinking: dict[str, Any], thinks: bool) -> None:  # noqa: FBT001
    plain = of({"text": "x"}, model=LITE).output.expected
    found = of({"text": "x"}, model=model, config={"thinkingConfig": thinking}).output.expected
    assert (found > plain) is thinks


def exactly(lines: list[bytes], model: ModelName = LITE) -> Measured:
    return sum((measure(each, model, OutputTokens(model)) for each in lines), start=Measured())


def metered(lines: list[bytes], block: int = 1_000, model: ModelName = LITE) -> Meter:
    meter = Meter(model)
    for start in range(0, len(lines), block):
        meter.see(lines[start : start + block])
    return meter


def test_a_small_file_is_measured_whole() -> None:
    lines = [line({"text": "word " * (number % 90)}) for number in range(500)]
    usual, exact = metered(lines, 7).estimate.usual, exactly(lines)
    assert usual == Asked(requests=500, input=exact.input, output=exact.output)


def test_a_sample_of_a_large_file_comes_close_whatever_its_rows_and_blocks() -> None:
    source = random.Random(7)
    lines = []
    for number in range(30_000):
        text = "word " * int(source.lognormvariate(3, 1)) + "漢" * (number % 40)
        medium = [stored("image/png")] if source.random() < 0.2 else []
        lines.append(line({"text": text}, *medium))
    exact = exactly(lines)
    for block in (1, 450, 4_096):
        found = metered(lines, block).estimate.all
        assert found.requests == 30_000
        assert found.input.expected == pytest.approx(exact.input.expected, rel=0.1)


def test_a_few_large_pictures_do_not_pass_for_text() -> None:
    lines = [line({"text": "word " * 50}) for _ in range(3_000)]
    for number in range(0, 3_000, 100):
        lines[number] = line({"text": "word " * 50}, inline("image/png", 300_000))
    assert metered(lines).estimate.all.input.expected == pytest.approx(exactly(lines).input.expected, rel=0.05)


def test_long_prompts_are_estimated_apart() -> None:
    lines = [line({"text": "word " * 10}) for _ in range(100)] + [line({"text": "word " * 170_000})] * 5
    found = metered(lines).estimate
    assert (found.usual.requests, found.long.requests) == (100, 5)
    assert found.long.input.expected == 5 * 212_500


def test_a_block_without_lines_changes_nothing() -> None:
    meter = metered([line({"text": "x"})] * 3)
    before = meter.estimate
    meter.see([])
    assert meter.estimate == before


def test_measuring_takes_little_time() -> None:
    lines = [line({"text": "word " * 60}, config={"temperature": 0, "maxOutputTokens": 100}) for _ in range(100_000)]
    meter = Meter(LITE)
    started = time.process_time()
    for start in range(0, len(lines), 1_500):
        meter.see(lines[start : start + 1_500])
    assert time.process_time() - started < 0.5
