"""Tokens of texts, from their characters by script.

Four characters of a Latin script are about a token (docs: gemini-api/tokens). Other scripts take more; how many is
assumed here, and learned from a prompt's jobs.
"""

from batchdrop.domain.estimate import Span

_RATES = {"latin": (20, 25, 34), "other": (25, 40, 67), "wide": (45, 67, 100)}
"""Tokens of a hundred characters: low, expected, high. Wide are Chinese, Japanese, Korean and emoji."""
_HUNDRED = 100


def _all_but(*ranges: tuple[int, int]) -> bytes:
    kept = {byte for first, last in ranges for byte in range(first, last + 1)}
    return bytes(byte for byte in range(256) if byte not in kept)


_ALL_BUT_LEADS = _all_but((0x00, 0x7F), (0xC2, 0xF4))
_ALL_BUT_OTHER = _all_but((0xCB, 0xDF), (0xE0, 0xE1))
_ALL_BUT_WIDE = _all_but((0xE3, 0xF4))
"""The first byte of a character in UTF-8 tells its script well enough; E2 is punctuation, and counts as Latin."""


def tokens_of_text(text: str) -> Span:
    """Estimate the tokens of a text."""
    if text.isascii():
        return _tokens(len(text), 0, 0)
    said = text.encode("utf-8", "surrogatepass")
    other, wide = len(said.translate(None, _ALL_BUT_OTHER)), len(said.translate(None, _ALL_BUT_WIDE))
    return _tokens(len(said.translate(None, _ALL_BUT_LEADS)) - other - wide, other, wide)


def _tokens(latin: int, other: int, wide: int) -> Span:
    low, expected, high = (
        (latin * of_latin + other * of_other + wide * of_wide + _HUNDRED - 1) // _HUNDRED
        for of_latin, of_other, of_wide in zip(_RATES["latin"], _RATES["other"], _RATES["wide"], strict=True)
    )
    return Span(low, expected, high)
