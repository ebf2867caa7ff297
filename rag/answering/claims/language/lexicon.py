"""Word lists for claim verification: closed classes of English, as data.

Words are in lower case and in their dictionary form. Sources: the negation cues of NegEx (Chapman and others, 2001),
the hedges and quantifiers of natural logic (MacCartney and Manning, 2007), and plain antonym lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

# Phrases of one or more words, by their first word.
Phrases: TypeAlias = Mapping[str, tuple[tuple[str, ...], ...]]


def _phrases(text: str) -> Phrases:
    """Phrases that commas separate; the longest of those with the same first word comes first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in text.split(","):
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(phrases, key=len, reverse=True)) for first, phrases in found.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> Mapping[str, str]:
    return dict(pair.split(":") for pair in text.split())


# Function words beyond the stop words: the families of rules read them, the overlap of words does not.
FUNCTION_WORDS: Final = _words(
    "about above according across again ago all along also although always am among any anyone anything apart "
    "around away because before being below besides between both cannot despite down due during each either else "
    "even ever every everyone everything except few fewer further generally he hence her here herself him himself "
    "his however i instead itself just least less like many me mine mr mrs ms dr more most much my myself neither "
    "never next no nobody none nor normally not nothing now off often once only onto other others ought out over "
    "own per perhaps quite rather same shall she since some somebody someone sometimes soon still than therefore "
    "though through thus till together too toward towards unless until us usually very via well whatever whenever "
    "where whereas wherever whether whichever while whoever whole whose within without yet"
)

# Past forms that no ending shows.
IRREGULAR: Final = _pairs(
    """
    began:begin begun:begin bought:buy brought:bring built:build came:come chose:choose chosen:choose done:do
    drawn:draw drew:draw drove:drive driven:drive fallen:fall fell:fall felt:feel found:find gave:give given:give
    gone:go grew:grow grown:grow held:hold kept:keep knew:know known:know laid:lay led:lead left:leave lent:lend
    lost:lose made:make meant:mean met:meet paid:pay ran:run rose:rise risen:rise said:say sat:sit saw:see
    seen:see sent:send shown:show sold:sell spent:spend spoke:speak spoken:speak stood:stand taken:take
    taught:teach thrown:throw threw:throw told:tell took:take understood:understand went:go used:use using:use
    lenses:lens supplier:supply suppliers:supply won:win wore:wear worn:wear wrote:write written:write died:die
    dying:die lying:lie tied:tie
    """
)
PAST_FORMS: Final = frozenset(IRREGULAR)

# Endings that make a noun, adjective or adverb of a verb or noun, longest first.
DERIVATIONS: Final = tuple(
    "ization isation ation ition ment ance ence ness able ible ally age ive ion ful al er or ly y i".split()
)

# --- numbers -------------------------------------------------------------------------------------------------------

# Units of measure: a line has the dimension, how many of its base unit one is, and the unit's names.
_UNITS: Final = """
second 1: second seconds sec secs s
second 60: minute minutes min mins
second 3600: hour hours hr hrs h
second 86400: day days
second 604800: week weeks fortnight
month 1: month months
month 3: quarter quarters
month 12: year years yr yrs
metre 0.001: mm millimetre millimetres millimeter millimeters
metre 0.01: cm centimetre centimetres centimeter centimeters
metre 1: m metre metres meter meters
metre 1000: km kilometre kilometres kilometer kilometers
inch 1: inch inches
inch 12: foot feet ft
mile 1: mile miles mi
gram 0.001: mg milligram milligrams
gram 1: g gram grams
gram 1000: kg kilogram kilograms kilo kilos
pound_(mass) 1: lb lbs
litre 0.001: ml millilitre millilitres milliliter milliliters
litre 1: l litre litres liter liters
byte 1: byte bytes
byte 1000: kb kilobyte kilobytes
byte 1e+06: mb megabyte megabytes
byte 1e+09: gb gigabyte gigabytes
byte 1e+12: tb terabyte terabytes
watt 1: w watt watts
watt 1000: kw kilowatt kilowatts
volt 1: v volt volts
ampere 1: a amp amps ampere amperes
hertz 1: hz hertz
decibel 1: db decibel decibels
bar 1: bar bars
newton_metre 1: nm
knot 1: knot knots
degree 1: degree degrees °
percent 1: % percent percentage
dollar 1: $ usd dollar dollars
dollar 0.01: cent cents
euro 1: € eur euro euros
pound 1: £ gbp pound pounds
renminbi 1: rmb yuan renminbi
franc 1: chf franc francs
"""


def _units() -> Iterator[tuple[str, tuple[str, float]]]:
    for line in _UNITS.strip().splitlines():
        measure, names = line.split(": ")
        dimension, factor = measure.split()
        for name in names.split():
            yield name, (dimension, float(factor))


UNITS: Final[Mapping[str, tuple[str, float]]] = dict(_units())
CURRENCY_SIGNS: Final = _words("$ € £ usd eur gbp rmb chf")
MULTIPLIERS: Final = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "bn": 1e9,
    "k": 1e3,
    "m": 1e6,
    "b": 1e9,
}

# A number after one of these is a name: "page 4".
DESIGNATED: Final = _words(
    "page pages chapter chapters section sections table tables figure figures step steps article articles clause "
    "clauses grade band level type mark model code version form no number phase part class tier item question appendix "
    "note paragraph edition exhibit annex room line plan party option group zone category schedule"
)

# A bound on a number: at least (1), at most (-1), more than (2), less than (-2), about (0).
BOUNDS: Final[Mapping[tuple[str, ...], int]] = {
    ("at", "least"): 1,
    ("no", "less", "than"): 1,
    ("not", "less", "than"): 1,
    ("no", "fewer", "than"): 1,
    ("not", "fewer", "than"): 1,
    ("never", "less", "than"): 1,
    ("never", "fewer", "than"): 1,
    ("minimum", "of"): 1,
    ("a", "minimum"): 1,
    ("minimum",): 1,
    ("since",): 1,
    ("from",): 1,
    ("before",): -2,
    ("at", "most"): -1,
    ("no", "more", "than"): -1,
    ("not", "more", "than"): -1,
    ("never", "more", "than"): -1,
    ("no", "later", "than"): -1,
    ("not", "later", "than"): -1,
    ("maximum", "of"): -1,
    ("maximum",): -1,
    ("up", "to"): -1,
    ("within",): -1,
    ("not", "exceeding"): -1,
    ("not", "exceed"): -1,
    ("until",): -1,
    ("by",): -1,
    ("more", "than"): 2,
    ("longer", "than"): 2,
    ("higher", "than"): 2,
    ("greater", "than"): 2,
    ("larger", "than"): 2,
    ("older", "than"): 2,
    ("heavier", "than"): 2,
    ("hotter", "than"): 2,
    ("exceeding",): 2,
    ("exceeds",): 2,
    ("over",): 2,
    ("above",): 2,
    ("beyond",): 2,
    ("after",): 2,
    ("less", "than"): -2,
    ("fewer", "than"): -2,
    ("shorter", "than"): -2,
    ("lower", "than"): -2,
    ("smaller", "than"): -2,
    ("younger", "than"): -2,
    ("below",): -2,
    ("under",): -2,
    ("about",): 0,
    ("approximately",): 0,
    ("around",): 0,
    ("roughly",): 0,
    ("nearly",): 0,
    ("almost",): 0,
}
# The same after the number and "or": "6 seconds or more".
BOUNDS_AFTER: Final[Mapping[str, int]] = {
    **dict.fromkeys("more longer higher above later greater over".split(), 1),
    **dict.fromkeys("less fewer lower below earlier under".split(), -1),
}

# --- negation ------------------------------------------------------------------------------------------------------

NEGATIONS: Final = _words("no not never none nor neither nothing nobody without cannot nowhere hardly")
# Bounds of one word; a negation turns them: "nobody under 16" is at least 16.
LIMITS: Final = _words("over under above below beyond exceeding")
# After "no" or "not" these make a bound, or nothing, of the negation: "not exceeding 5", "not only".
NO_NEGATION_BEFORE: Final = _words("exceed exceeding only just merely over under limited")
NEGATING_PHRASES: Final = _phrases(
    "free of, free from, instead of, rather than, avoid, avoids, avoided, avoiding, refrain from, refrains from"
)
# They take a thing out of what is said of the others.
EXCEPTIONS: Final = _phrases(
    "except, excluding, other than, apart from, with the exception, all but, everything but, everyone but, "
    "everywhere but, anyone but, anything but"
)
# They negate by their meaning; the word that they negate.
NEGATIVE_WORDS: Final = _pairs(
    "exclude:cover excluded:cover excludes:cover exempt:cover prohibit:allow prohibited:allow prohibits:allow "
    "forbid:allow forbidden:allow forbids:allow ban:allow banned:allow disallow:allow disallowed:allow "
    "refuse:accept refused:accept refuses:accept reject:accept rejected:accept rejects:accept deny:accept "
    "denied:accept denies:accept decline:accept declined:accept fail:succeed failed:succeed fails:succeed lack:have "
    "lacks:have lacking:have unable:able impossible:possible waive:charge waived:charge waives:charge invalid:valid "
    "void:valid unavailable:available ineligible:eligible"
)
# What they negate has these other names.
AFFIRMED: Final = _pairs("include:cover insure:cover permit:allow may:allow agree:accept approve:accept grant:accept")
REJECTING: Final = _phrases(
    "turn down, turns down, turned down, turning down, turn it down, turned it down, turn them down, turned them down"
)
NEGATIVE_PREFIXES: Final = ("un", "non", "dis", "in", "im", "ir", "il")
# A negation with one of these after it allows what it names: "not without", "no work unless".
RESTRICTIONS: Final = _words("unless without except until before")
# So do these, with "than" after them: "nobody may have more than 60".
COMPARATIVES: Final = _words(
    "more less fewer later earlier greater larger smaller higher lower longer shorter older younger hotter colder "
    "heavier"
)
# They end the scope of a negation.
SCOPE_ENDS: Final = _words(
    "but however although though because if unless when whenever while whereas until except so which who therefore"
)
AUXILIARIES: Final = _words(
    "is are was were be been am do does did has have had will would shall should may might can could must"
)
NEGATIVE_HEADING: Final = _words("exclusions exclusion excluded exceptions limitations prohibited forbidden")

# --- quantifiers and modality --------------------------------------------------------------------------------------

UNIVERSAL: Final = _words("all every each always any everyone everybody everything anyone anybody anything whatever")
ALWAYS: Final = _words("always invariably entirely completely fully guaranteed ever")
PARTIAL: Final = _words(
    "some many most several few often sometimes usually generally normally typically mostly partly occasionally rarely "
    "selected certain half about"
)
EXCLUSIVE: Final = _words("only solely exclusively sole just")

# Modal strength of words and of two words: obligation, advice, permission.
OBLIGATION: Final = _phrases(
    "must, shall, required, requires, require, has to, have to, had to, needs to, need to, need not, needs not, "
    "obliged, mandatory, compulsory, is to be, are to be, necessary, obligatory"
)
ADVICE: Final = _phrases("should, recommend, recommended, advise, advised, suggest, ought")
PERMISSION: Final = _phrases(
    "may, can, could, might, optional, allowed, permitted, entitled, free to, able to, voluntary"
)
# "need not", "not required".
EXEMPTING: Final = _words("need needs required require requires have has obliged necessary mandatory obligatory")

# --- conditions ----------------------------------------------------------------------------------------------------

# Without these the main clause is not true.
CONDITIONS: Final = _phrases(
    "only, if, when, whenever, unless, except, provided, providing, as long as, so long as, on condition, subject "
    "to, apart from, other than, excluding, in case, in the event, with the exception, even if"
)
# Without these it is less exact, or holds in fewer cases.
CIRCUMSTANCES: Final = _phrases("when, whenever, until, once, while, after, before, where, whichever, during")
# "with our written consent".
CONSENTS: Final = _words("consent approval permission agreement authorisation authorization prescription certificate")
RELATIVES: Final = _words("who whose whom")

# --- directions ----------------------------------------------------------------------------------------------------

# These have opposites in this form only: "lasted" is not "last".
EXACT: Final = _words("last left light second third first back even spring fall")
ANTONYMS: Final = (
    "above:below accept:reject accept:refuse active:inactive add:remove admit:exclude advance:delay agree:disagree "
    "alive:dead allow:forbid allow:prohibit allow:prevent always:never ascend:descend attach:detach "
    "backward:forward beginning:end best:worst better:worse bottom:top brighter:darker buy:sell cheap:expensive "
    "cheaper:dearer clockwise:counterclockwise clockwise:anticlockwise close:open closed:open cold:hot colder:hotter "
    "colder:warmer connect:disconnect continue:stop "
    "deep:shallow deliver:collect dirty:clean disable:enable down:up downwards:upwards drain:fill dry:wet "
    "early:late earlier:later earliest:latest empty:full enter:leave entrance:exit exempt:liable "
    "exclude:include exclusive:inclusive export:import external:internal fail:pass fail:succeed fall:rise "
    "fast:slow faster:slower fewer:more fewest:most first:last fixed:variable former:latter front:rear front:back "
    "gain:loss gain:lose gross:net grow:shrink hard:soft harden:soften head:tail heavier:lighter heavy:light high:low "
    "higher:lower highest:lowest horizontal:vertical increase:decrease increase:reduce increase:fall "
    "inner:outer input:output inside:outside install:remove join:leave junior:senior large:small larger:smaller "
    "largest:smallest least:most left:right lend:borrow lengthen:shorten less:more lift:lower lock:unlock long:short "
    "longer:shorter longest:shortest loosen:tighten loose:tight majority:minority major:minor maximum:minimum "
    "maternal:paternal negative:positive new:old newer:older newest:oldest night:day north:south northern:southern "
    "northerly:southerly obey:disobey oldest:youngest older:younger on:off "
    "optional:mandatory optional:required over:under paid:unpaid partial:full permanent:temporary "
    "plus:minus praise:blame present:absent private:public profit:loss pull:push quick:slow quicker:slower "
    "quiet:loud raise:lower rare:common refund:charge reject:approve remember:forget rich:poor "
    "rise:drop rise:decline rough:smooth safe:dangerous safe:unsafe same:different send:receive "
    "sharp:blunt shut:open single:married slacken:tighten stationary:moving start:stop start:end strong:weak "
    "stronger:weaker superior:inferior supply:demand surplus:deficit thick:thin thicker:thinner tighter:looser "
    "true:false upper:lower upward:downward vacant:occupied victory:defeat warm:cool warmer:cooler "
    "west:east western:eastern wide:narrow wider:narrower widen:narrow win:lose winner:loser with:without "
    "withdraw:deposit "
    "worsen:improve early:late before:after debit:credit lender:borrower buyer:seller employer:employee "
    "landlord:tenant licensor:licensee monthly:yearly daily:weekly daily:monthly weekly:monthly annual:monthly "
    "morning:evening morning:afternoon summer:winter spring:autumn first:second first:third second:third "
    "asset:liability income:expense male:female men:women indoor:outdoor manual:automatic wired:wireless"
).split()  # fmt: skip

# --- time ----------------------------------------------------------------------------------------------------------

FUTURE: Final = _words("will plan plans planned intend intends intended expect expects expected propose proposed "
                       "going forecast scheduled hope hopes aims aim target upcoming future")  # fmt: skip
PAST: Final = _words("was were had did previously formerly earlier former used ago yesterday")
NOW: Final = _words("now currently today still presently current")
FORMER: Final = _phrases("until now, used to, formerly, previously, no longer, in the past")

# --- cause ---------------------------------------------------------------------------------------------------------

# The cause follows.
CAUSE_AFTER: Final = _phrases(
    "because, due to, caused by, as a result of, owing to, thanks to, on account of, resulting from, results "
    "from, resulted from, stems from, attributed to, attributable to, explained by, reason is, reason was"
)
# The cause comes before.
CAUSE_BEFORE: Final = _phrases(
    "therefore, thus, hence, consequently, so, leads to, led to, causes, caused, results in, resulted "
    "in, as a result, which is why, that is why"
)
# In a quote any of these may join a cause and its effect.
CAUSAL: Final = _words(
    "because due cause caused causes result resulted results resulting therefore thus hence so since as for owing "
    "thanks reason reasons explain explained explains lead leads led why consequently account through make makes "
    "made making attributed attributable stems driven reflects reflecting reflected primarily mainly order to "
    "spark sparked trigger triggered plunged"
)
