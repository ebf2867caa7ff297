"""Words of questions about tables, as stems: what asks, what orders, what computes, and what tells columns apart.

General English, not of any document. All are compared in the form that :func:`rag.answering.tables.terms.stem` gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rag.text.words import light_stem


def _stems(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(light_stem, text.split())))


# Different spellings of one word.
SAME: Final[Mapping[str, str]] = {
    light_stem(word): light_stem(known)
    for word, known in (
        pair.split("=")
        for pair in (
            "fridge=refrigerator max=maximum min=minimum avg=average qty=quantity dept=department temp=temperature "
            "weigh=weight weighs=weight held=hold paid=pay sold=sell built=build made=make given=give sent=send "
            "spent=spend bought=buy percentage=percent hrs=hours hr=hour mins=minutes yrs=years yr=year kg=kilogram "
            "kgs=kilogram km=kilometre kilometer=kilometre meter=metre meters=metre liter=litre liters=litre "
            "telephone=phone tel=phone nr=number num=number ids=id employees=employee acc=accuracy "
            "lang=language languages=language tech=technical docs=document m=metre doc=document spec=specification "
            "approx=approximate est=estimated amt=amount desc=description"
        ).split()
    )
}

# Codes of languages (ISO 639-1) and countries (ISO 3166-1), which stand alone in a cell.
_CODES: Final = (
    "ar=arabic bn=bengali zh=chinese cs=czech da=danish nl=dutch en=english fi=finnish fr=french de=german el=greek "
    "he=hebrew hi=hindi hu=hungarian id=indonesian it=italian ja=japanese ko=korean no=norwegian fa=persian pl=polish "
    "pt=portuguese ru=russian es=spanish sw=swahili sv=swedish te=telugu th=thai tr=turkish uk=ukrainian vi=vietnamese "
    "yo=yoruba ar=argentina au=australia at=austria be=belgium br=brazil ca=canada cl=chile cn=china co=colombia "
    "dk=denmark eg=egypt fi=finland fr=france de=germany gr=greece hk=hongkong hu=hungary in=india id=indonesia "
    "ie=ireland il=israel it=italy jp=japan kr=korea my=malaysia mx=mexico nl=netherlands nz=newzealand no=norway "
    "pk=pakistan pl=poland pt=portugal ro=romania ru=russia sg=singapore za=southafrica es=spain se=sweden "
    "ch=switzerland tw=taiwan th=thailand tr=turkey ua=ukraine ae=emirates gb=kingdom uk=kingdom gb=britain us=states "
    "us=america usa=states"
)
CODES: Final[Mapping[str, frozenset[str]]] = {
    light_stem(name): frozenset(code for code, other in (pair.split("=") for pair in _CODES.split()) if other == name)
    for name in dict.fromkeys(pair.split("=")[1] for pair in _CODES.split())
}

# Words that a question may have and a table need not.
SCAFFOLD: Final = _stems(
    "lead led result follow affect concern hold held cover remain start begin end stop generate generated give tell "
    "show find look say state list name mention report please according accordance table chart row column cell page "
    "section document listed shown stated given mentioned reported specified indicated described provided contained "
    "value number figure amount level count many much long often far old big large high low heavy loud hot cold "
    "fast deep exact exactly correct specific particular following respective corresponding associated related "
    "relate regarding concerning based terms case kind type sort item entry keep kept last take took get got use "
    "used need require have there about around within per every each also just only then still now current "
    "currently same one ones any some make see know want like let go come belong become call happen occur apply "
    "appear exist receive win won reach run include contain consist lasts cost charge pay store stay work does done do "
    "is are was were be been being am has had having between among during over under with "
    "without until when where which what who whom "
    "whose why how whether guide data dataset set information detail overview summary company period time compare "
    "comparing recommended suggest suggested approximate approximately earn achieve achieved obtain obtained record "
    "recorded amounted equal came people person thing fiscal financial my me i we us our ok hi hello method model "
    "approach configuration setting technique algorithm system version variant option plan class group segment "
    "division unit brand product language country city region benchmark task test category part series line edition "
    "score performance evaluation context using via across respectively versus vs regard respect"
)

# Words after which a number is another one: they must be in what is found.
QUALIFIERS: Final = _stems(
    "net gross adjusted average mean median maximum minimum total sum basic diluted deferred operating other non "
    "pre post before after excluding including without estimated actual budget budgeted forecast planned target "
    "expected first second third fourth prior previous earlier former next upcoming domestic foreign local "
    "international new old used male female adult child children employee employer monthly weekly daily yearly "
    "annual annually hourly quarterly proportion share fraction portion percent ratio rate margin growth change "
    "increase decrease decline difference per except nobody"
)
# Of them, those that a label may have and a question need not.
MILD: Final = _stems("total net")
NET: Final = light_stem("net")
PER: Final = light_stem("per")
# Labels of these words alone name no thing.
GENERAL: Final = _stems("total net other others all sum subtotal average")

HIGHEST: Final = _stems(
    "highest most largest greatest biggest maximum max longest heaviest latest newest best top tallest loudest hottest"
)
LOWEST: Final = _stems(
    "lowest least smallest fewest minimum min shortest lightest earliest oldest cheapest worst quietest coldest"
)

COMPUTED: Final = _stems(
    "sum total average mean combined altogether together difference differ change increase increased decrease "
    "decreased grow grew growth decline declined ratio percent overall cumulative aggregate more less than rise rose "
    "risen fall fell fallen drop dropped higher lower larger smaller bigger longer shorter heavier lighter fewer "
    "faster slower older cheaper"
)
# Of them, those that a single value may be called too.
WHOLE: Final = _stems("total overall")
# Superlatives that say by themselves what is compared, as a key of HEADS_OF.
MEASURED: Final[Mapping[str, str]] = {
    light_stem(word): asked
    for word, asked in (
        ("cheapest", "how much"),
        ("heaviest", "how heavy"),
        ("lightest", "how heavy"),
        ("longest", "how long"),
        ("shortest", "how long"),
        ("oldest", "how old"),
        ("loudest", "how loud"),
        ("quietest", "how loud"),
        ("hottest", "how hot"),
        ("coldest", "how hot"),
        ("tallest", "how high"),
    )
}
# Units of measure: where a question asks "in miles" or "per night", nothing else is an answer.
UNITS: Final = _stems(
    "pounds lb lbs kilograms kg grams ounces oz tons tonnes stone miles kilometres kilometers km metres meters feet "
    "foot inches yards centimetres millimetres cm mm celsius fahrenheit kelvin litres liters gallons pints euros "
    "dollars usd eur gbp yen cents pence percent joules calories kilocalories kilojoules watts kilowatts volts amps "
    "seconds minutes hours days weeks months years nights acres hectares hertz decibels bytes"
)
LATEST: Final = _stems("latest recent current newest")

LISTING: Final = _stems("all each every list breakdown figures values rows entries schedule full complete different")
WHOLE_ROW: Final = _stems(
    "data details detail specifications specification specs information everything properties characteristics row "
    "entry parameters"
)

# What a question asks for, and words in the heads of columns (or the labels of rows) that hold it, in lower case.
HEADS_OF: Final[Mapping[str, frozenset[str]]] = {
    asked: frozenset(words.split())
    for asked, words in (
        ("when", "date dates day when time year month opened due deadline expires expiration start end since until by"),
        ("who", "name person who by responsible owner author contact holder manager officer"),
        ("where", "where place location address city country room site position"),
        ("how long", "time duration period length long days day hours minutes months weeks years term interval"),
        ("how often", "frequency interval when often every"),
        ("how much", "price prices cost costs fee fees amount charge rate pay copay premium euros dollars"),
        ("how many", "number count quantity amount total"),
        ("how heavy", "weight mass kg"),
        ("how far", "distance range"),
        ("how big", "size area capacity volume"),
        ("how high", "height altitude elevation"),
        ("how old", "age"),
        ("how loud", "loudness noise db"),
        ("how hot", "temperature"),
        ("how fast", "speed velocity"),
    )
}
# Of these, those that ask for one property, which names a row as well as a column.
PROPERTIES: Final = frozenset(["how heavy", "how far", "how old", "how loud", "how hot", "how fast", "how high"])

PRICES: Final = _stems("cost price")

# Endings that tell forms of one word apart, after a common beginning.
ENDINGS: Final = frozenset(
    ["", "e", "ed", "ing", "ion", "ation", "ment", "ag", "age", "al", "or", "er", "t", "ly", "y", "anc"]
)
