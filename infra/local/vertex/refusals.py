"""What Vertex refuses of a single request: that row is an error row, the job goes on."""

from collections.abc import Iterator
from typing import Any

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


def refusal(request: dict[str, Any]) -> str | None:
    """Why Vertex would answer this request with HTTP 400, or None if it would not."""
    contents = request.get("contents")
    if not isinstance(contents, list) or not contents:
        return _NO_CONTENTS
    return next(_problems(contents), None) or _config_problem(request)


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
        return _EMPTY_TEXT if value == "" else None
    if given[0] in {"fileData", "file_data"}:
        named = value.get("fileUri") or value.get("file_uri")
        typed = value.get("mimeType") or value.get("mime_type")
        return None if named and typed else _NO_URI
    return None


def _config_problem(request: dict[str, Any]) -> str | None:
    config = request.get("generationConfig") or request.get("generation_config") or {}
    temperature = config.get("temperature")
    if isinstance(temperature, (int, float)) and not 0 <= temperature <= _TEMPERATURE_MAX:
        return (
            f"Unable to submit request because it has a temperature value of {temperature:f} but the supported range"
            f" is from 0 (inclusive) to {_TEMPERATURE_MAX:f} (inclusive). Update the value and try again. {_LEARN}"
        )
    return None
