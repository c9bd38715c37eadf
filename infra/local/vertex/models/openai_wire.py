"""Gemini's request as a chat completion, and the chat completion as Gemini's response."""

from collections.abc import Iterator
from typing import Any

from infra.local.vertex.models.base import field

_ROLES = {"user": "user", "model": "assistant"}
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}
_PLAIN = (
    ("temperature", "temperature", "temperature"),
    ("topP", "top_p", "top_p"),
    ("maxOutputTokens", "max_output_tokens", "max_tokens"),
    ("stopSequences", "stop_sequences", "stop"),
    ("candidateCount", "candidate_count", "n"),
    ("seed", "seed", "seed"),
    ("presencePenalty", "presence_penalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty", "frequency_penalty"),
)
_ALWAYS = frozenset({"promptTokenCount", "candidatesTokenCount", "totalTokenCount"})
_RENAMED = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
}
_GEMINI_ONLY = frozenset({"propertyOrdering", "property_ordering", "nullable", "example"})


def chat_request(request: dict[str, Any], model: str) -> dict[str, Any]:
    """The body of `POST /chat/completions`."""
    config = field(request, "generationConfig", "generation_config") or {}
    body: dict[str, Any] = {"model": model, "messages": list(_messages(request))}
    for camel, snake, theirs in _PLAIN:
        value = field(config, camel, snake)
        if value is not None:
            body[theirs] = value
    form = _response_format(config)
    return body | {"response_format": form} if form else body


def gemini_response(reply: dict[str, Any]) -> dict[str, Any]:
    """The `GenerateContentResponse` for a chat completion."""
    return {
        "candidates": [_candidate(choice) for choice in reply.get("choices", ())],
        "modelVersion": str(reply.get("model", "")),
        "responseId": str(reply.get("id", "")),
        "usageMetadata": _usage(reply.get("usage") or {}),
    }


def json_schema(schema: Any) -> Any:
    """A Vertex `Schema` as JSON Schema: lower-case types, null as a type of its own."""
    if isinstance(schema, list):
        return [json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {_RENAMED.get(key, key): value for key, value in schema.items() if key not in _GEMINI_ONLY}
    for key in ("items", "anyOf", "additionalProperties"):
        if key in made:
            made[key] = json_schema(made[key])
    if "properties" in made:
        made["properties"] = {name: json_schema(value) for name, value in made["properties"].items()}
    if isinstance(made.get("type"), str):
        lower = made["type"].lower()
        made["type"] = [lower, "null"] if schema.get("nullable") else lower
    if schema.get("nullable") and "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _messages(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    system = field(request, "systemInstruction", "system_instruction")
    if system:
        yield {"role": "system", "content": "\n".join(part.get("text", "") for part in system.get("parts", ()))}
    for content in request["contents"]:
        parts = [_part(part) for part in content["parts"]]
        plain = all(part["type"] == "text" for part in parts)
        said = "\n".join(part["text"] for part in parts) if plain else parts
        yield {"role": _ROLES[content["role"]], "content": said}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    inline = field(part, "inlineData", "inline_data")
    stored = field(part, "fileData", "file_data")
    if inline:
        mime = field(inline, "mimeType", "mime_type")
        return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{inline['data']}"}}
    if stored:
        return {"type": "image_url", "image_url": {"url": field(stored, "fileUri", "file_uri")}}
    return {"type": "text", "text": str(part.get("text", ""))}


def _response_format(config: dict[str, Any]) -> dict[str, Any] | None:
    schema = field(config, "responseSchema", "response_schema")
    given = json_schema(schema) if schema else field(config, "responseJsonSchema", "response_json_schema")
    if given:
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": given}}
    mime = field(config, "responseMimeType", "response_mime_type")
    return {"type": "json_object"} if mime == "application/json" else None


def _usage(usage: dict[str, Any]) -> dict[str, int]:
    """OpenAI counts reasoning among the completion's tokens, Gemini beside those of the candidates."""
    asked, answered = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    thoughts = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    counts = {
        "promptTokenCount": asked,
        "candidatesTokenCount": answered - thoughts,
        "thoughtsTokenCount": thoughts,
        "cachedContentTokenCount": (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        "totalTokenCount": asked + answered,
    }
    return {name: count for name, count in counts.items() if count or name in _ALWAYS}


def _candidate(choice: dict[str, Any]) -> dict[str, Any]:
    said = (choice.get("message") or {}).get("content") or ""
    index = choice.get("index") or 0
    return {
        "content": {"role": "model", "parts": [{"text": said}]},
        "finishReason": _REASONS.get(choice.get("finish_reason") or "stop", "OTHER"),
        **({"index": index} if index else {}),
    }
