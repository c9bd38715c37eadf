"""The stand-in model: the same answer to the same request, made of the request's own words, at no cost."""

from typing import Any

import orjson

from infra.local.vertex.models.base import Question, Refusal, Reply, field, whole
from infra.local.vertex.models.caching import PrefixCache
from infra.local.vertex.models.calls import call
from infra.local.vertex.models.prompt import Prompt, read, texts
from infra.local.vertex.models.prose import text
from infra.local.vertex.models.schema import value
from infra.local.vertex.models.thinking import shown, thought, thoughts_tokens
from infra.local.vertex.models.usage import CHARS_PER_TOKEN, Spent, prompt_tokens, usage

VERSION_SUFFIX = "@stand-in"
_JSON = "application/json"
_MOST_TOKENS = 65_536


class StandIn:
    """Obeys `responseSchema`, `responseMimeType`, `maxOutputTokens`, `candidateCount` and forced function calls.

    `modelVersion` says what it is. With `implicit_cache` prefixes that it met before are counted as cached.
    """

    def __init__(self, *, implicit_cache: bool = False) -> None:
        self._cache = PrefixCache() if implicit_cache else None

    @property
    def concurrency(self) -> int:
        """It computes, and waits for nothing."""
        return 1

    def answer(self, question: Question) -> Reply | Refusal:
        """Answer one request."""
        request = question.request
        config = field(request, "generationConfig", "generation_config") or {}
        prompt = read(request)
        candidate, chars = _candidate(request, config, prompt)
        thoughts = thoughts_tokens(question.model_id, config, prompt_tokens(prompt).total())
        if thoughts and shown(config):
            candidate["content"]["parts"].insert(0, thought(prompt))
        count = whole(config, "candidateCount", "candidate_count") or 1
        spent = Spent(chars * count, thoughts, self._cached(request))
        return Reply(
            {
                "candidates": [candidate, *({**candidate, "index": index} for index in range(1, count))],
                "modelVersion": f"{question.model_id}{VERSION_SUFFIX}",
                "usageMetadata": usage(prompt, spent),
            }
        )

    def close(self) -> None:
        """Nothing to let go of."""

    def _cached(self, request: dict[str, Any]) -> int:
        if self._cache is None:
            return 0
        system = field(request, "systemInstruction", "system_instruction") or {}
        return self._cache.cached(
            "\n".join(said for content in [system, *request["contents"]] for said in texts(content))
        )


def _candidate(request: dict[str, Any], config: dict[str, Any], prompt: Prompt) -> tuple[dict[str, Any], int]:
    """A candidate, and how many characters long its answer is."""
    called = call(request, prompt) if "tools" in request else None
    if called is not None:
        part: dict[str, Any] = {"functionCall": called}
        said, reason = orjson.dumps(called).decode(), "STOP"
    else:
        said, reason = _limited(_answer(config, prompt), config)
        part = {"text": said}
    return {"content": {"role": "model", "parts": [part]}, "finishReason": reason}, len(said)


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
    most = whole(config, "maxOutputTokens", "max_output_tokens") or _MOST_TOKENS
    if len(said) > most * CHARS_PER_TOKEN:
        return said[: most * CHARS_PER_TOKEN], "MAX_TOKENS"
    return said, "STOP"
