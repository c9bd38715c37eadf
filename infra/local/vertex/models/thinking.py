"""How long the stand-in says it thought: by the model and by `thinkingConfig`, as Gemini 3 and 2.5 take it."""

from typing import Any

from infra.local.vertex.models.base import field, whole
from infra.local.vertex.models.cues import keywords
from infra.local.vertex.models.prompt import Prompt

_LEVELS = {"MINIMAL": 16, "LOW": 64, "MEDIUM": 192, "HIGH": 512}
_USUAL = "MEDIUM"
_SHARE = 4


def thoughts_tokens(model_id: str, config: dict[str, Any], asked: int) -> int:
    """Tokens of thoughts over a prompt of `asked` tokens; Lite models think only when told to."""
    told = field(config, "thinkingConfig", "thinking_config") or {}
    budget = whole(told, "thinkingBudget", "thinking_budget")
    level = str(field(told, "thinkingLevel", "thinking_level") or "").upper()
    if budget == 0 or ("lite" in model_id and budget is None and not level):
        return 0
    wanted = _LEVELS.get(level, _LEVELS[_USUAL]) + asked // _SHARE
    return min(wanted, budget) if budget is not None and budget > 0 else wanted


def shown(config: dict[str, Any]) -> bool:
    """Whether the thoughts are to come along, as a part of their own before the answer."""
    told = field(config, "thinkingConfig", "thinking_config") or {}
    return bool(field(told, "includeThoughts", "include_thoughts"))


def thought(prompt: Prompt) -> dict[str, Any]:
    """The part that tells them."""
    turns_on = ", ".join(keywords(prompt, 3)) or "what is asked"
    return {"text": f"The request turns on {turns_on}.", "thought": True}
