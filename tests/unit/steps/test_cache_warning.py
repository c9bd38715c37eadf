"""What a job says of a prompt that defeats the implicit cache."""

from decimal import Decimal

from batchdrop.rows.cache_order import cache_order
from tests.fakes.service import FakeService

RULES = "Label the review by the rules of the shop. " * 250
BEHIND = f"{{{{name}}}}\n{RULES}"
HEAD = "---\nmodel: gemini-3.5-flash-lite\n---\n"


def warnings_of(prompt: str, model: str = "gemini-3.5-flash-lite") -> list[str]:
    service = FakeService()
    service.drop("default.prompt", prompt.replace("gemini-3.5-flash-lite", model))
    service.drop("a.jsonl", '{"name":"x"}\n')
    service.run()
    found: list[str] = service.manifest("a.jsonl")["warnings"]
    return found


def test_a_prompt_that_begins_with_what_differs_is_told_what_that_costs() -> None:
    (warning,) = warnings_of(HEAD + BEHIND)
    tokens = cache_order(BEHIND).lost
    # 0.15 USD a million tokens of batch input, 0.03 of cached ones.
    saved = Decimal(tokens) * (Decimal("0.15") - Decimal("0.03")) / 1000
    assert f"{tokens:,} of the" in warning
    assert "stand behind {{name}}" in warning
    assert f"up to {saved:.6f} USD more for a thousand rows" in warning


def test_a_prompt_that_ends_with_what_differs_has_no_warning() -> None:
    assert warnings_of(f"{HEAD}{RULES}\n{{{{name}}}}") == []


def test_a_model_without_a_cache_has_no_warning() -> None:
    assert warnings_of(HEAD + BEHIND, "gemini-2.0-flash") == []


def test_where_the_price_is_unknown_the_order_is_told_all_the_same() -> None:
    told = warnings_of(HEAD + BEHIND, "gemini-99-x")
    assert any("stand behind {{name}}" in warning and "USD" not in warning for warning in told)
