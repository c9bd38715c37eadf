"""Function calls, where the request demands one."""

from typing import Any

from infra.local.vertex.models.base import field, listed
from infra.local.vertex.models.labels import chosen
from infra.local.vertex.models.prompt import Prompt
from infra.local.vertex.models.schema import value


def call(request: dict[str, Any], prompt: Prompt) -> dict[str, Any] | None:
    """The `functionCall` of the answer: the nearest of the functions allowed, if the mode is `ANY`.

    A request that allows only functions it does not declare is answered in words, as the live service did.
    """
    declared = {str(each.get("name")): each for each in declarations(request)}
    forced = _config(request)
    names = field(forced, "allowedFunctionNames", "allowed_function_names") or list(declared)
    allowed = [name for name in names if name in declared]
    if forced.get("mode") != "ANY" or not allowed:
        return None
    told = "\n".join(f"{name}: {declared[name].get('description', '')}" for name in allowed)
    picked = declared[chosen(prompt, allowed, told)]
    parameters = picked.get("parameters") or field(picked, "parametersJsonSchema", "parameters_json_schema")
    args = value(parameters, prompt) if isinstance(parameters, dict) else {}
    return {"name": picked["name"], "args": args}


def declarations(request: dict[str, Any]) -> list[dict[str, Any]]:
    """All function declarations of a request, over all tools."""
    tools = listed(request.get("tools"))
    return [each for tool in tools for each in listed(field(tool, "functionDeclarations", "function_declarations"))]


def _config(request: dict[str, Any]) -> dict[str, Any]:
    config = field(request, "toolConfig", "tool_config") or {}
    return field(config, "functionCallingConfig", "function_calling_config") or {}
