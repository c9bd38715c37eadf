"""What is known of models beyond their names."""

from collections.abc import Mapping

from batchdrop.domain.ids import ModelName

_OUTPUT_TOKENS: Mapping[str, int] = {
    "gemini-2.0-": 8_192,
    "gemini-2.5-": 65_536,
    "gemini-3": 65_536,
    "gemini-4": 65_536,
}
_IMAGE_OUTPUT_TOKENS = 32_768
_CERTAIN_OUTPUT_TOKENS = 8_192


def output_limit(model: ModelName) -> int:
    """The largest `maxOutputTokens` that a model takes, by the family its name begins with.

    Of a model that nobody knows it is the smallest limit that any Gemini model has ever had: asking for more than a
    model gives is refused, and would turn a cut answer into none at all. Gemini 4 counts what goes beyond 65,536 as
    long decoding, which takes several requests, so no batch can (docs: models/gemini/2-5-flash-lite,
    models/gemini/2-0-flash, models/gemini/2-5-flash-image, gemini-api models/gemini-3.5-flash,
    models/guides/gemini-4-argon).
    """
    name = model.rpartition("/")[2]
    found = next((most for family, most in _OUTPUT_TOKENS.items() if name.startswith(family)), _CERTAIN_OUTPUT_TOKENS)
    return min(found, _IMAGE_OUTPUT_TOKENS) if "-image" in name else found
