"""Numbers, booleans and strings for the properties of a schema, named as the schema names them."""

import re
from collections.abc import Mapping
from datetime import date
from math import ceil, floor
from typing import Any

from infra.local.vertex.models.base import field
from infra.local.vertex.models.cues import keywords, language, mood, overlap, stars
from infra.local.vertex.models.prompt import Prompt, tokens
from infra.local.vertex.models.prose import cut_words, decisive, summary, text, title
from infra.local.vertex.wordset import words

Schema = Mapping[str, Any]

_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:[.,][0-9]+)?)")
_MONEY = re.compile(
    r"(?:[€$£]\s*([0-9]{1,15}(?:[.,][0-9]+)?)|([0-9]{1,15}(?:[.,][0-9]+)?)\s*(?:[€$£]|EUR|USD|GBP|euros?|dollars?))",
    re.IGNORECASE,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FOUND = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),
    "url": re.compile(r"https?://\S+"),
    "sku": re.compile(r"\b(?=\w*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*\b"),
}
_RATIO_NAMES = words("confidence probability certainty likelihood")
_RATING_NAMES = words("rating stars score grade")
_MONEY_NAMES = words("price cost amount total eur usd gbp fee")
_COUNT_NAMES = words("quantity qty count")
_GLAD_NAMES = words("recommend recommends recommended positive satisfied happy like liked good")
_SAD_NAMES = words("complaint negative problem issue dissatisfied unhappy escalate followup churn")
_FILLERS = words("is has have does do contains mentions mentioned needs need was are would should can")
_TITLE_NAMES = words("title headline name heading subject label")
_LONG_NAMES = words("description body content text copy article story answer details email")
_SHORT_NAMES = words("tagline slogan seo meta keyword keywords tag topic category slug")
_REASON_NAMES = words("reason rationale explanation justification reasoning evidence quote")
_PROSE_NAMES = (
    _TITLE_NAMES | _LONG_NAMES | _SHORT_NAMES | _REASON_NAMES | words("summary comment note caption alt sentence")
)
_LANGUAGE_NAMES = words("language lang locale")
_A_DATE = "2026-01-01"
_ODDS_BASE = 0.55
_ODDS_SPAN = 0.4


def number(schema: Schema, prompt: Prompt, name: str, *, whole: bool, nullable: bool) -> int | float | None:
    """A number that the text states under this name, or one that its mood suggests, within the bounds."""
    said = _stated(prompt, name)
    if said is None:
        said = _felt(schema, prompt, name)
    if said is None and nullable:
        return None
    least, most = schema.get("minimum"), schema.get("maximum")
    bounded = said if said is not None else 0.0
    if most is not None:
        bounded = min(bounded, floor(float(most)) if whole else float(most))
    if least is not None:
        bounded = max(bounded, ceil(float(least)) if whole else float(least))
    return round(bounded) if whole else round(bounded, 4)


def boolean(schema: Schema, prompt: Prompt, name: str) -> bool:
    """Whether the text agrees with what the property is called."""
    named = tuple(word for word in tokens(name) if word not in _FILLERS)
    if _GLAD_NAMES.intersection(named):
        return mood(prompt).value > 0
    if _SAD_NAMES.intersection(named):
        return mood(prompt).value < 0
    return overlap(prompt, named, tokens(str(schema.get("description", "")))) > 1


def string(schema: Schema, prompt: Prompt, name: str, *, nullable: bool, said: str | None = None) -> str | None:
    """A text: the fact of this name, something found, or prose; None if nothing fits and null may stand."""
    form = schema.get("format")
    if form in {"date", "date-time"}:
        return _dated(prompt, name, form)
    found = said or prompt.fact(name) or _special(prompt, name)
    if found is None and nullable and not _PROSE_NAMES.intersection(tokens(name)):
        return None
    return _fitted(found or _prose(prompt, name), schema)


def _stated(prompt: Prompt, name: str) -> float | None:
    said = prompt.fact(name)
    match = _NUMBER.search(said) if said else None
    return _float(match[1]) if match else None


def _felt(schema: Schema, prompt: Prompt, name: str) -> float | None:
    named = set(tokens(name))
    felt = mood(prompt)
    if named & _RATIO_NAMES:
        return round(_ODDS_BASE + _ODDS_SPAN * abs(felt.balance), 2)
    if named & _RATING_NAMES or "sentiment" in named:
        rated = stars(prompt)
        least, most = float(schema.get("minimum") or 0), float(schema.get("maximum") or 1)
        share = (rated - 1) / 4 if rated is not None else (felt.value + 2) / 4
        return round(least + share * (most - least), 2)
    if named & _COUNT_NAMES:
        return 1.0
    found = _MONEY.search(prompt.subject) if named & _MONEY_NAMES else _NUMBER.search(prompt.subject)
    return _float(next(filter(None, found.groups()))) if found else None


def _float(said: str) -> float:
    return float(said.replace(",", "."))


def _dated(prompt: Prompt, name: str, form: str) -> str:
    """The day that the text names, or a fixed one; with `date-time` as its midnight."""
    found = [*_DATE.findall(prompt.fact(name) or ""), *_DATE.findall(prompt.subject)]
    day = next(filter(_is_date, found), _A_DATE)
    return f"{day}T00:00:00Z" if form == "date-time" else day


def _is_date(said: str) -> bool:
    try:
        date.fromisoformat(said)
    except ValueError:
        return False
    return True


def _special(prompt: Prompt, name: str) -> str | None:
    named = set(tokens(name))
    if named & _LANGUAGE_NAMES:
        return language(prompt)
    for kind, pattern in _FOUND.items():
        if kind in named and (match := pattern.search(prompt.subject)):
            return match[0]
    return None


def _prose(prompt: Prompt, name: str) -> str:
    named = set(tokens(name))
    if "slug" in named:
        return "-".join(tokens(title(prompt)))
    if named & _TITLE_NAMES:
        return title(prompt)
    if named & _SHORT_NAMES:
        return ", ".join(keywords(prompt, 4)) or title(prompt)
    if named & _REASON_NAMES:
        return decisive(prompt)
    return text(prompt) if named & _LONG_NAMES else summary(prompt)


def _fitted(said: str, schema: Schema) -> str:
    least = int(field(dict(schema), "minLength", "min_length") or 0)
    most = field(dict(schema), "maxLength", "max_length")
    while len(said) < least:
        said = f"{said} {said or 'text'}"
    if most is None or len(said) <= int(most):
        return said
    cut = said[: int(most)]
    whole = cut_words(cut.rpartition(" ")[0], len(cut))
    return whole if len(whole) >= max(1, least) else cut
