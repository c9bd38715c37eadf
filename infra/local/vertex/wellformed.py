"""Whether what a request holds is of the type that the API has for it, as far as the server looks into it."""

from collections.abc import Iterator
from typing import Any

from infra.local.vertex.models.base import field, listed
from infra.local.vertex.schema_types import ill_typed

_PARAMETERS = (("parameters", "parameters"), ("parametersJsonSchema", "parameters_json_schema"))
_TYPES = "type.googleapis.com/google.cloud.aiplatform.v1"


def misfit(request: dict[str, Any]) -> str | None:
    """What the API would say of the first field of a wrong type, or None."""
    return next(_misfits(request), None)


def _misfits(request: dict[str, Any]) -> Iterator[str]:
    yield from _object(request, "systemInstruction", "system_instruction", "Content")
    yield from _object(request, "generationConfig", "generation_config", "GenerationConfig")
    yield from _object(request, "toolConfig", "tool_config", "ToolConfig")
    config = field(request, "generationConfig", "generation_config") or {}
    yield from _object(config, "thinkingConfig", "thinking_config", "GenerationConfig.ThinkingConfig")
    calling = field(request, "toolConfig", "tool_config") or {}
    yield from _object(calling, "functionCallingConfig", "function_calling_config", "FunctionCallingConfig")
    calling = field(calling, "functionCallingConfig", "function_calling_config") or {}
    names = field(calling, "allowedFunctionNames", "allowed_function_names") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield _said("allowed_function_names", "FunctionCallingConfig")
    yield from _tools(request.get("tools"))
    yield from _schema(field(config, "responseSchema", "response_schema"), "generation_config.response_schema")
    yield from _schema(
        field(config, "responseJsonSchema", "response_json_schema"), "generation_config.response_json_schema"
    )


def _tools(tools: Any) -> Iterator[str]:
    for tool in listed(tools):
        if not isinstance(tool, dict):
            yield _said("tools", "Tool")
            continue
        for declared in listed(field(tool, "functionDeclarations", "function_declarations")):
            if not isinstance(declared, dict):
                yield _said("tools.function_declarations", "FunctionDeclaration")
                continue
            for camel, snake in _PARAMETERS:
                yield from _schema(field(declared, camel, snake), f"tools.function_declarations.{snake}")


def _schema(schema: Any, path: str) -> Iterator[str]:
    if schema is not None:
        yield from (_said(found, "Schema") for found in ill_typed(schema, path))


def _object(message: dict[str, Any], camel: str, snake: str, kind: str) -> Iterator[str]:
    value = field(message, camel, snake)
    if value is not None and not isinstance(value, dict):
        yield _said(snake, kind)


def _said(path: str, kind: str) -> str:
    return f"Invalid value at '{path}' ({_TYPES}.{kind})"
