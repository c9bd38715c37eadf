"""The stand-in model: the same answer to the same request, made of the request's own words, at no cost."""

from typing import Any

import orjson

from infra.local.vertex.models.base import Question, Refusal, Reply, field
from infra.local.vertex.models.prompt import Prompt, read
from infra.local.vertex.models.prose import text
from infra.local.vertex.models.schema import value
from infra.local.vertex.models.usage import CHARS_PER_TOKEN, usage

VERSION_SUFFIX = "@stand-in"
_JSON = "application/json"


class StandIn:
    """Obeys `responseSchema`, `responseMimeType` and `maxOutputTokens`; `modelVersion` says what it is."""

    @property
    def concurrency(self) -> int:
        """It computes, and waits for nothing."""
        return 1

    def answer(self, question: Question) -> Reply | Refusal:
        """Answer one request."""
        request = question.request
        config = field(request, "generationConfig", "generation_config") or {}
        prompt = read(request)
        said, reason = _limited(_answer(config, prompt), config)
        candidate = {"content": {"role": "model", "parts": [{"text": said}]}, "finishReason": reason}
        return Reply(
            {
                "candidates": [candidate],
                "modelVersion": f"{question.model_id}{VERSION_SUFFIX}",
                "usageMetadata": usage(prompt, said),
            }
        )

    def close(self) -> None:
        """Nothing to let go of."""


def _answer(config: dict[str, Any], prompt: Prompt) -> str:
    schema = field(config, "responseSchema", "response_schema")
    schema = schema or field(config, "responseJsonSchema", "response_json_schema")
    mime_type = field(config, "responseMimeType", "response_mime_type")
    if isinstance(schema, dict):
        made = value(schema, prompt)
        return made if mime_type == "text/x.enum" and isinstance(made, str) else orjson.dumps(made).decode()
    said = text(prompt)
    return orjson.dumps({"text": said}).decode() if mime_type == _JSON else said


def _limited(said: str, config: dict[str, Any]) -> tuple[str, str]:
    most = field(config, "maxOutputTokens", "max_output_tokens")
    if isinstance(most, int) and len(said) > most * CHARS_PER_TOKEN:
        return said[: most * CHARS_PER_TOKEN], "MAX_TOKENS"
    return said, "STOP"
