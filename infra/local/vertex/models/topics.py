"""Themes the stand-in can tell apart, with words that go with them."""

from infra.local.vertex.models.lexicon import stem

_TOPICS = """
price: price pricing cost expensive cheap value worth money overpriced affordable bargain dollars euros pay paid
delivery: delivery shipping shipment logistics delivered arrived arrive courier parcel late delay delayed tracking
packaging: packaging package box boxed wrapped wrapping carton cardboard
quality: quality build materials flimsy cheaply made solid material defect defective crooked
durability: durability durable sturdy broke broken cracked worn lasts lasted months years
service: service support staff agent helpful rude response customer replied hotline waiter seller
returns: refund return returns returned exchange replacement reimbursement chargeback warranty
billing: billing payment invoice charged charge charges subscription card fee vat rechnung abgebucht lastschrift facture
account: account login password signin locked access username profile seats konto konten anmelden compte
bug: technical bug bugs crash crashes error errors wrong fails freezes glitch loading typo forgets disappears fehler
app: app software update install website connect connection wifi bluetooth sync
size: size sizing fit fits small large tight loose narrow wide length sleeves
design: design look looks style appearance color colour beautiful ugly stylish elegant
comfort: comfort comfortable comfy uncomfortable soft cushion ergonomic warm itchy
performance: performance speed fast slow lag powerful noise noisy quiet
battery: battery charge charging charger charges hours
sound: sound sounds audio volume bass microphone loud
usability: usability ease easy intuitive setup instructions manual confusing simple complicated
taste: taste flavor flavour delicious bland fresh food meal dish smell
cleaning: cleanliness clean cleaning dirty hygiene spotless stain dishwasher wash washed
kitchen: kitchen cooking cook pan pot knife coffee mug oven
furniture: furniture chair table desk lamp sofa shelf wood oak
clothing: clothing apparel shirt jacket dress shoes sneakers cotton wool wear
electronics: electronics electronic headphones speaker laptop phone camera usb screen
outdoor: outdoor outdoors garden camping hiking tent trail backpack bike
toys: toys toy kids children play game games puzzle
beauty: beauty skin hair cream lotion shampoo scent
sports: sports sport fitness gym yoga running training ball
urgency: urgent critical high immediately asap emergency outage blocked security breach deadline stuck lost dringend
feature: feature request suggestion wish idea add missing improve button option rename export filter column
question: question inquiry how what when where information ask wondering
complaint: complaint unhappy angry disappointed unacceptable terrible
praise: praise compliment thanks thank great love excellent
spam: spam advertisement promo click win prize free
"""


def _stems_by_theme() -> dict[str, frozenset[str]]:
    split = (line.partition(": ") for line in _TOPICS.strip().splitlines())
    return {theme: frozenset(map(stem, told.split())) for theme, _, told in split}


STEMS = _stems_by_theme()
"""For each theme the stems of its words."""

THEMES = {
    word: tuple(theme for theme, stems in STEMS.items() if word in stems)
    for word in frozenset[str]().union(*STEMS.values())
}
"""For each stem the themes it goes with."""
