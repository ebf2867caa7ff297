"""Overview of a document or a section: its most central sentences, and the openings of its sections.

A sentence is central if its words are in many others of the text (word-frequency summarization: Nenkova and
Vanderwende, "The Impact of Frequency on Summarization", 2005).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Final

from rag.answering.composing.material import Composition
from rag.answering.evidence.units import Unit, UnitKind
from rag.answering.usefulness.boilerplate import is_boilerplate
from rag.domain.values import Passage
from rag.text.normalization import normalized_words
from rag.text.scripts import segmented
from rag.text.sentences import SENTENCE_END

# Passages of a long document that are looked at, evenly spread, and those that may be read by the model.
_MOST_PASSAGES: Final = 400
_MOST_READ: Final = 40
# What makes a sentence useful in an overview: telling what the document is for (the cue method: Edmundson, "New Methods
# in Automatic Extracting", 1969), being the document's first one, standing beside that, as in an abstract, being the
# first of its section, being central, and a figure.
_AIM, _FIRST, _BESIDE_FIRST, _OPENING, _CENTRAL, _FIGURE = 0.6, 0.1, 0.3, 0.2, 0.3, 0.1
# Where a text tells what it is for: the share of its units at its beginning, and their least number; and the most
# sentences that do.
_BEGINNING: Final = 0.25
_FEWEST_AT_BEGINNING: Final = 20
_MOST_AIMS: Final = 2
# Words of a sentence that tells something, and of one that is too long for an overview; the document's first sentence,
# with its parties, may be longer.
_FEWEST_WORDS: Final = 8
_MOST_WORDS: Final = 60
_MOST_WORDS_OF_FIRST: Final = 90
# Sentences from which on an overview has nothing else.
_ENOUGH: Final = 4
_LITTLE: Final = 0.2
# A clause of a contract is an item of a list.
_SENTENCES: Final[frozenset[UnitKind]] = frozenset({"sentence", "step", "item"})
_DOCUMENTS: Final = (
    r"(?:agreement|article|booklet|brochure|chapter|code|contract|directive|document|framework|guidance|guide|"
    r"guidelines?|handbook|leaflet|manual|note|notice|paper|plan|policy|procedure|programme|program|protocol|report|"
    r"review|specification|standard|statement|study|survey|terms)"
)
# "The aim of this policy is to ...", "This guide explains ...".
_AIM_OF_DOCUMENT: Final = re.compile(
    r"\b(?:aim|goal|intent|intention|objective|purpose|scope)s? of (?:this|the|these) "
    rf"(?:[\w'’-]+ ){{0,4}}{_DOCUMENTS}\b"
    rf"|\b(?:this|these) (?:[\w'’-]+ ){{0,4}}?{_DOCUMENTS} (?:[\w'’-]+ ){{0,4}}?"
    r"(?:about|aims?|answers|contains?|covers?|defines?|describes?|details?|establish(?:es)?|examines?|explains?|gives?|governs?|helps?|informs?|intended|"
    r"introduces?|investigates?|outlines?|presents?|proposes?|provides?|reports?|sets? out|shows?|specif(?:y|ies)|"
    r"studies|summari[sz]es?|tells?)\b",
    re.IGNORECASE,
)
# What somebody tells of himself.
_PERSONAL: Final = re.compile(r"\b(?:I|me|my)\b")
_CAPTION: Final = re.compile(r"\W*(?:figure|fig\.|table|chart|exhibit|continued on)\s", re.IGNORECASE)
# Fields of a cover: "Implementation Date: Upon publication, this policy replaces the one of 2011."
_COVER_FIELD: Final = re.compile(
    r"(?:[\w/-]{1,30} ){0,4}(?:dates?|references?|versions?|contacts?|status|authors?|owners?|sign-off|issued?|"
    r"approv(?:al|ed by)|revisions?|publication|effective|review(?:ed)?|distribution|classification)"
    r"(?: [\w/-]{1,30}){0,4}: ",
    re.IGNORECASE,
)
_BIBLIOGRAPHY: Final = re.compile(r"(?:references|bibliography|works cited|literature|literatur)", re.IGNORECASE)
# Remains of a formula or of mark-up.
_MARKUP: Final = re.compile(r"[\\{}]|\$.*\$")


def passages_of_overview(passages: Sequence[Passage]) -> list[Passage]:
    """The passages that an overview is made from: all, or of a long document as many, evenly spread."""
    step = max(1.0, len(passages) / _MOST_PASSAGES)
    return [passages[int(number * step)] for number in range(min(len(passages), _MOST_PASSAGES))]


def telling_passages(passages: Sequence[Passage], units: Sequence[Unit], usefulness: Sequence[float]) -> list[Passage]:
    """The passages for the model to read, the most telling first: the first one, then by the best of their units.

    Args:
        passages: in reading order.
        units: of these.
        usefulness: of each unit, in an overview.
    """
    best: defaultdict[int, float] = defaultdict(float)
    for unit, useful in zip(units, usefulness, strict=True):
        row = unit.evidence.hit.passage.row
        best[row] = max(best[row], useful)
    others = sorted(passages[1:], key=lambda passage: -best[passage.row])
    return [*passages[:1], *others][:_MOST_READ]


def opening_of_overview(material: Composition) -> int | None:
    """The position of the unit that an overview begins with; None where that is no sentence.

    It is the one that tells what the document is for, or else the first one of it.
    """
    shown = list(filter(material.is_shown, range(len(material.units))))
    aims = _aims(material.units)
    opening = next((place for place in shown if place in aims), next(iter(shown), None))
    if opening is None:
        return None
    unit = material.units[opening]
    is_whole = SENTENCE_END.search(unit.text) is not None and not unit.text[0].islower()
    return opening if unit.kind in _SENTENCES and is_whole else None


def overview_usefulness(units: Sequence[Unit]) -> list[float]:
    """The usefulness of each unit in an overview, 0..1: 0 for what does not belong there.

    Captions, disclaimers, fragments, and what somebody tells of himself, as the chair does in a letter, do not. Where
    there are few sentences, each item and row is useful.
    """
    personal = [_PERSONAL.search(unit.text) is not None for unit in units]
    is_letter = 2 * sum(personal) > len(units)
    end = _end_of_text(units)
    opening = _opening_passage(units)
    told = [
        place < end and _tells(unit, opening) and (is_letter or not personal[place]) for place, unit in enumerate(units)
    ]
    if sum(told) < _ENOUGH:
        return [0.0 if is_boilerplate(unit.text, ()) else _LITTLE for unit in units]
    centrality = _centrality(units, told)
    most, first, aims = max(centrality) or 1.0, told.index(True), _aims(units)
    seen: set[tuple[str, ...]] = set()
    useful = []
    for place, unit in enumerate(units):
        if not told[place]:
            useful.append(0.0)
            continue
        position = (
            _AIM * (place in aims)
            + _FIRST * (place == first)
            + _BESIDE_FIRST * (unit.evidence.hit.passage.row == opening)
        )
        position += _OPENING * (unit.headings not in seen)
        seen.add(unit.headings)
        figure = _FIGURE * any(map(str.isdigit, unit.text))
        useful.append(min(1.0, position + _CENTRAL * centrality[place] / most + figure))
    return useful


def _aims(units: Sequence[Unit]) -> frozenset[int]:
    """The positions of the first sentences that tell what a document is for."""
    beginning = range(max(_FEWEST_AT_BEGINNING, round(_BEGINNING * len(units))))
    found = (place for place in beginning if place < len(units) and _AIM_OF_DOCUMENT.search(units[place].text))
    return frozenset(islice(found, _MOST_AIMS))


def _opening_passage(units: Sequence[Unit]) -> int | None:
    """The row of the first passage with a sentence for an overview: pages before it have titles alone."""
    rows = (unit.evidence.hit.passage.row for unit in units)
    return next((row for row, unit in zip(rows, units, strict=True) if _tells(unit, row)), None)


def _end_of_text(units: Sequence[Unit]) -> int:
    """The position of the heading of the bibliography at the end of a text; the number of units where it has none."""
    later = range(len(units) // 3, len(units))
    return next((place for place in later if _BIBLIOGRAPHY.fullmatch(units[place].text)), len(units))


def _tells(unit: Unit, opening: int | None) -> bool:
    """True for a whole sentence, or a clause that is one, which is understood by itself.

    "This agreement" at the beginning of a document refers to nothing before it; sentences there go on from each other.

    Args:
        unit: any.
        opening: row of the opening passage.
    """
    is_first = unit.evidence.hit.passage.row == opening
    return (
        unit.kind in _SENTENCES
        and unit.is_statement
        and SENTENCE_END.search(unit.text) is not None
        and _FEWEST_WORDS <= len(segmented(unit.text).split()) <= (_MOST_WORDS_OF_FIRST if is_first else _MOST_WORDS)
        and (is_first or not unit.refers_back or _AIM_OF_DOCUMENT.search(unit.text) is not None)
        and not is_boilerplate(unit.text, ())
        and not _CAPTION.match(unit.text)
        and not _COVER_FIELD.match(unit.text)
        and not _MARKUP.search(unit.text)
        and unit.text.count('"') % 2 == 0
    )


def _centrality(units: Sequence[Unit], told: Sequence[bool]) -> list[float]:
    """Centrality of each unit: the words that it shares with other sentences, by the square root of its length."""
    texts = [
        frozenset(normalized_words(unit.text)) if tells else frozenset[str]()
        for unit, tells in zip(units, told, strict=True)
    ]
    counts = Counter(word for text in texts for word in text)
    return [
        sum(counts[word] for word in text if counts[word] > 1) / math.sqrt(max(_FEWEST_WORDS, len(text)))
        for text in texts
    ]
