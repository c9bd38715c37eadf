"""Rows that are asked again, changed where that may help: how often, with what, and what they end as."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import msgspec

from tests.fakes.service import SETTINGS, FakeService, Line, answered, echo

CUT_PROMPT = """---
model: gemini-3.5-flash-lite
config: {maxOutputTokens: 10}
batch.max_attempts: 3
---
Describe {{name}}.
"""
SCHEMA_PROMPT = """---
model: gemini-3.5-flash-lite
output:
  schema:
    label: string
batch.max_attempts: 4
---
Describe {{name}}.
"""
BUSY = 'Resource Exhausted: {"error": {"code": 429}}'
Fate = Callable[[Line], Line | None]


class Asked:
    """A model that remembers by row what it was asked; each row's answers come in turn, the last for ever."""

    def __init__(self, fates: dict[str, list[Fate]]) -> None:
        self.tokens: defaultdict[str, list[int | None]] = defaultdict(list)
        self._fates = fates

    def __call__(self, line: Line) -> Line | None:
        name = line["request"]["contents"][-1]["parts"][-1]["text"].split()[1].strip(".")
        self.tokens[name].append(line["request"].get("generationConfig", {}).get("maxOutputTokens"))
        fates = self._fates.get(name, [echo])
        return fates[min(len(self.tokens[name]), len(fates)) - 1](line)


def cut(line: Line) -> Line:
    return answered(line, "half", "MAX_TOKENS")


def busy(line: Line) -> Line:
    return line | {"status": BUSY, "response": {}}


def prose(line: Line) -> Line:
    return answered(line, "I would rather not.")


def labelled(line: Line) -> Line:
    return answered(line, '{"label": "good"}')


def run(prompt: str, asked: Asked, names: str, lot_rows: int = 100) -> FakeService:
    service = FakeService(msgspec.structs.replace(SETTINGS, lot_rows=lot_rows), model=asked)
    service.drop("default.prompt", prompt)
    service.drop("a.jsonl", "".join(json.dumps({"name": name}) + "\n" for name in names.split()))
    service.run()
    service.run_on(timedelta(hours=3), ticks=40)
    return service


def codes(service: FakeService) -> dict[str, str]:
    return {error["record"]["name"]: error["code"] for error in service.lines("a.jsonl", "errors")}


def test_a_cut_answer_is_asked_again_with_more_tokens() -> None:
    asked = Asked({"b": [cut, echo]})
    service = run(CUT_PROMPT, asked, "a b c")
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert asked.tokens == {"a": [10], "b": [10, 40], "c": [10]}
    assert [row["output"] for row in service.lines("a.jsonl", "results")] == [
        f"about Describe {name}." for name in "abc"
    ]


def test_each_further_time_has_more_tokens_until_attempts_are_spent() -> None:
    asked = Asked({"b": [cut]})
    service = run(CUT_PROMPT, asked, "a b c")
    assert asked.tokens["b"] == [10, 40, 160]
    assert codes(service) == {"b": "TRUNCATED"}
    assert service.manifest("a.jsonl")["attempts"] == 3


def test_what_was_cut_at_the_models_own_limit_is_an_error_at_once() -> None:
    asked = Asked({"b": [cut], "c": [busy, echo]})
    service = run(CUT_PROMPT.replace("10", "65536"), asked, "a b c")
    assert (asked.tokens["b"], len(asked.tokens["c"])) == ([65_536], 2)
    assert codes(service) == {"b": "TRUNCATED"}
    counts = service.manifest("a.jsonl")["counts"]
    assert (counts["results"], counts["errors"], counts["retried"]) == (2, 1, 1)


def test_a_cut_answer_that_is_allowed_is_a_result_at_once() -> None:
    asked = Asked({"b": [cut]})
    service = run(CUT_PROMPT.replace("batch.max", "batch.allow_truncated: true\nbatch.max"), asked, "a b c")
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert asked.tokens["b"] == [10]


def test_tokens_stay_as_they_are_for_rows_that_were_not_cut() -> None:
    asked = Asked({"a": [busy, cut, echo], "b": [cut, busy, echo], "c": [busy, echo]})
    service = run(CUT_PROMPT, asked, "a b c d")
    assert service.manifest("a.jsonl")["state"] == "SUCCEEDED"
    assert asked.tokens == {"a": [10, 10, 40], "b": [10, 40, 40], "c": [10, 10], "d": [10]}


def test_several_lots_of_a_shard_are_asked_again_each_as_its_rows_need() -> None:
    asked = Asked({"a": [cut, echo], "c": [busy, cut, echo], "e": [cut], "f": [busy, echo]})
    service = run(CUT_PROMPT, asked, "a b c d e f", lot_rows=2)
    assert asked.tokens["a"] == [10, 40]
    assert asked.tokens["c"] == [10, 10, 40]
    assert asked.tokens["e"] == [10, 40, 160]
    assert asked.tokens["f"] == [10, 10]
    assert codes(service) == {"e": "TRUNCATED"}
    assert [row["name"] for row in service.lines("a.jsonl", "results")] == ["a", "b", "c", "d", "f"]


def test_an_answer_that_does_not_fit_its_schema_is_asked_for_once_more() -> None:
    asked = Asked({"a": [prose, labelled], "b": [prose], "c": [labelled]})
    service = run(SCHEMA_PROMPT, asked, "a b c")
    assert {name: len(tokens) for name, tokens in asked.tokens.items()} == {"a": 2, "b": 2, "c": 1}
    assert codes(service) == {"b": "INVALID_JSON"}


def test_once_more_is_once_more_whatever_else_went_wrong_in_between() -> None:
    asked = Asked({"a": [busy, prose, labelled], "b": [prose, busy, prose], "c": [busy, busy, prose], "d": [labelled]})
    service = run(SCHEMA_PROMPT, asked, "a b c d")
    assert {name: len(tokens) for name, tokens in asked.tokens.items()} == {"a": 3, "b": 3, "c": 4, "d": 1}
    assert codes(service) == {"b": "INVALID_JSON", "c": "INVALID_JSON"}
