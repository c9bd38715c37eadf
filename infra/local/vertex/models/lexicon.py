"""Words the stand-in knows. Small on purpose: enough to be plausible, not to be right."""

import re
from functools import lru_cache

from infra.local.vertex.wordset import words

POSITIVE = words(
    """amazing awesome beautiful beautifully best better brilliant charming clean comfortable comfy crisp cute
    delicious delight delighted delightful durable easy elegant enjoy enjoyed enjoying excellent exceeded fab
    fabulous fantastic fast favorite favourite fine flawless flawlessly fun gem glad good gorgeous great handy
    happy helpful impressed impressive incredible intuitive kind like liked love loved lovely loves magnificent
    marvelous neat nice nicely outstanding perfect perfectly pleasant pleased polite premium prompt quick quickly
    quiet recommend recommended reliable satisfied seamless simple smooth smoothly soft solid spotless stunning
    sturdy stylish super superb terrific thank thankful thanks thrilled top warm wonderful works worth wow yummy
    gut super toll hervorragend ausgezeichnet begeistert zufrieden perfekt schön schnell empfehlenswert klasse
    liebe excelente bueno buena genial encanta encantó perfecto maravilloso rápido recomiendo feliz excellent bon
    bonne parfait magnifique génial adore rapide recommande content contente ravi ravie ottimo ottima buono
    perfetto fantastico ótimo ótima bom boa perfeito adorei 😀 😃 😄 😊 😍 🙂 👍 ❤ ⭐"""
)
NEGATIVE = words(
    """annoyed annoying appalling avoid awful awkward bad badly boring broke broken brittle buggy bulky cheaply
    complained complaint confusing cracked crap crash crashed crashes damaged dead defect defective difficult
    dirty disappointed disappointing disappointment disaster disgusting dreadful error expensive fail failed
    failing fails failure fake faulty flawed flimsy frustrated frustrating garbage gross hate hated horrible
    ignored impossible incorrect inferior issue issues junk lacking lame late leaked leaking leaks loud mediocre
    mess misleading missing mistake nasty never noisy overpriced painful pathetic poor poorly problem problems
    refund regret return returned returning ripped rubbish rude ruined rusty scam scratched shoddy slow smells
    stained stopped stuck stupid sucks terrible torn trash ugly unacceptable uncomfortable unhappy unhelpful
    unreliable unusable upset useless waste wasted weak worse worst wrong schlecht schlechte kaputt enttäuscht
    enttäuschend langsam defekt mangelhaft fürchterlich nie teuer malo mala terrible roto rota decepcionado
    decepcionante lento pésimo horrible mauvais mauvaise cassé cassée déçu déçue décevant lent nul nulle horrible
    pessimo pessima rotto deluso péssimo ruim quebrado 👎 😞 😠 😡 😢 🙁 💔"""
)
NEGATORS = words(
    """not no never without hardly barely neither nor cannot can't couldn't didn't doesn't don't isn't wasn't won't
    wouldn't aren't weren't shouldn't nicht kein keine pas aucun sin non não"""
)
STRONG = words(
    """absolutely amazing appalling awful best brilliant completely disgusting dreadful excellent extremely fantastic
    flawless horrible incredible never outstanding perfect really superb terrible totally very wonderful worst"""
)

POSITIVE_LABELS = words("positive pos good favorable favourable happy satisfied promoter praise joy pro up")
NEGATIVE_LABELS = words("negative neg bad unfavorable unhappy dissatisfied detractor angry anger con down")
NEUTRAL_LABELS = words("neutral objective indifferent passive factual okay")
MIXED_LABELS = words("mixed ambivalent both conflicted")
VERY_LABELS = words("very strongly extremely highly strong")
FALLBACK_LABELS = words("other others unknown none general misc unclear na normal medium moderate")

STOP_WORDS = words(
    """a about after again all also am an and any are as at be because been before being but by can could did do does
    doing for from had has have he her here him his how i i'm if in into is it it's its just me more most my
    myself no not now of off on once only or other our out over own same she should so some such than that the
    their them then there these they this those through to too under until up us very was we were what when where
    which while who why will with would you your"""
)
LANGUAGES = {
    "en": words("the and is it this was with for my of to very not"),
    "de": words("der die das und ist nicht ein eine mit für ich sehr es"),
    "fr": words("le la les et est une des pas très je avec pour il"),
    "es": words("el la los es una muy que con para lo pero está"),
    "it": words("il lo la un una molto che con per non sono"),
    "pt": words("os um uma muito que com para não está"),
}

_ENDING = re.compile(r"(?:ing|ed|es|ly|s|e|y)$")
_STEM_FROM = 5
_STEM_LENGTH = 6


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A crude stem, the same for `deliver`, `delivery` and `delivered`."""
    return (_ENDING.sub("", word) if len(word) >= _STEM_FROM else word)[:_STEM_LENGTH]
