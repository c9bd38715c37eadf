"""What Vertex refuses of a single request: that row is an error row, the job goes on."""

import re
from collections.abc import Iterator
from typing import Any

from infra.local.vertex.models.base import Question, field, listed, whole
from infra.local.vertex.wellformed import misfit
from infra.local.vertex.wordset import words

_ROLES = frozenset({"user", "model"})
_DATA = words(
    """text inlineData inline_data fileData file_data functionCall function_call functionResponse function_response
    executableCode executable_code codeExecutionResult code_execution_result"""
)
_LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
_NO_CONTENTS = f"Unable to submit request because at least one contents field is required. {_LEARN}"
_NO_PARTS = (
    "Unable to submit request because it must include at least one parts field, which describes the prompt input."
    f" {_LEARN}"
)
_EMPTY_TEXT = (
    "Unable to submit request because it has an empty text parameter. Add a value to the parameter and try again."
    f" {_LEARN}"
)
_NO_DATA = f"Unable to submit request because a part must hold exactly one of its data fields. {_LEARN}"
_NO_URI = f"Unable to submit request because fileData must include a fileUri and a supported mimeType. {_LEARN}"
_ROLE = "Please use a valid role: user, model."
_TEMPERATURE_MAX = 2.0
_RANGES = (("candidateCount", "candidate_count", 1, 9), ("maxOutputTokens", "max_output_tokens", 1, 65_537))
_STOPS_END = 6
_ONE_CANDIDATE = "Multiple candidates is not enabled for this model"
_SEVERAL = ("gemini-1.", "gemini-2.")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_NAME_RULE = (
    "[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or"
    " contain underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)


def refusal(question: Question) -> str | None:
    """Why Vertex would answer this request with HTTP 400, or None if it would not."""
    request = question.request
    contents = request.get("contents")
    if not isinstance(contents, list) or not contents:
        return _NO_CONTENTS
    problem = misfit(request)
    if problem is not None:
        return problem
    config = field(request, "generationConfig", "generation_config") or {}
    return (
        next(_problems(contents), None)
        or next(_config_problems(config, question.model_id), None)
        or _names_problem(request)
    )


def _problems(contents: list[Any]) -> Iterator[str]:
    for content in contents:
        parts = content.get("parts") if isinstance(content, dict) else None
        if not parts:
            yield _NO_PARTS
            continue
        if content.get("role") not in _ROLES:
            yield _ROLE
        for part in parts if isinstance(parts, list) else [parts]:
            problem = _part_problem(part)
            if problem:
                yield problem


def _part_problem(part: Any) -> str | None:
    if not isinstance(part, dict):
        return _NO_DATA
    given = [key for key, value in part.items() if key in _DATA and value is not None]
    if len(given) != 1:
        return _NO_DATA
    value = part[given[0]]
    if given[0] == "text":
        return _EMPTY_TEXT if value == "" else None if isinstance(value, str) else _NO_DATA
    if not isinstance(value, dict):
        return _NO_DATA
    if given[0] in {"fileData", "file_data"}:
        named = value.get("fileUri") or value.get("file_uri")
        typed = value.get("mimeType") or value.get("mime_type")
        return None if named and typed else _NO_URI
    return None


def _config_problems(config: dict[str, Any], model_id: str) -> Iterator[str]:
    temperature = config.get("temperature")
    if isinstance(temperature, (int, float)) and not 0 <= temperature <= _TEMPERATURE_MAX:
        yield _out_of_range("temperature", f"{temperature:f}", f"0 (inclusive) to {_TEMPERATURE_MAX:f} (inclusive)")
    for camel, snake, least, end in _RANGES:
        number = whole(config, camel, snake)
        if number is not None and not least <= number < end:
            yield _out_of_range(camel, str(number), f"{least} (inclusive) to {end} (exclusive)")
    stops = field(config, "stopSequences", "stop_sequences")
    if isinstance(stops, list) and len(stops) >= _STOPS_END:
        yield _out_of_range("stopSequences", str(len(stops)), f"1 (inclusive) to {_STOPS_END} (exclusive)")
    if (whole(config, "candidateCount", "candidate_count") or 1) > 1 and not model_id.startswith(_SEVERAL):
        yield _ONE_CANDIDATE


def _out_of_range(name: str, value: str, supported: str) -> str:
    return (
        f"Unable to submit request because it has a {name} value of {value} but the supported range"
        f" is from {supported}. Update the value and try again. {_LEARN}"
    )


def _names_problem(request: dict[str, Any]) -> str | None:
    problems = [
        f"\n  * tools[{at}].function_declarations[{index}].name: {_NAME_RULE}"
        for at, index, name in _names(request)
        if _NAME.fullmatch(name) is None
    ]
    return f"The GenerateContentRequest proto is invalid:{''.join(problems)}" if problems else None


def _names(request: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    """The functions declared: index of the tool, index in the tool, name."""
    for at, tool in enumerate(listed(request.get("tools"))):
        for index, declared in enumerate(listed(field(tool, "functionDeclarations", "function_declarations"))):
            yield at, index, str(declared.get("name", ""))
