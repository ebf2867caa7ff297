"""Grounding: checks each sentence of a draft against the evidence, and selects the quotes that support it.

A quote is a span of a page's text, so it is verbatim by construction; and only retrieved passages are candidates, so a
citation cannot name another one. Support is computed from weighted word overlap.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeAlias

from rag.answering.claims.language.polarity import introducing_polarity
from rag.answering.span_completion import complete_span
from rag.domain.values import Hit, Page, SentenceKind, Span
from rag.text.languages.stemming import NOT
from rag.text.normalization import CURRENCIES, MONTHS, normalized_words
from rag.text.sentences import QUESTION_MARKS, SENTENCE_ENDS, line_spans, sentence_spans
from rag.text.structure.lists import find_lists
from rag.text.words import is_number

# Least share of a sentence's term weight in its quotes for the sentence to be supported. Not calibrated: with the
# weights below, a short sentence passes with one word that no quote has, and fails with two.
SUPPORTED: Final = 0.6
_SUPPORTED_BARE: Final = 0.4
# Term weights. Words of the question prove little; a number is often the answer itself.
_WEIGHT_QUESTION: Final = 0.5
_WEIGHT_WORD: Final = 1.0
_WEIGHT_NUMBER: Final = 2.0
# A further quote is added if it has at least this share of the sentence's weight that no quote before it has,
_LEAST_GAIN: Final = 0.2
_MOST_QUOTES: Final = 3
# and at least so many words of the sentence and its question.
_FEWEST_SHARED: Final = 2
# Longer spans are not quoted whole: a table, or a list without full stops.
_LONGEST_QUOTE: Final = 400
_FEWEST_WORDS: Final = 4

# "No, it costs 24 euros", but not "No damage is covered".
_YES_OR_NO: Final = re.compile(r"(yes|no)(?:[.!,;:]\s*|$)", re.IGNORECASE)
# A word that may be a name by its capital: not the first one of a sentence.
_NAME: Final = re.compile(r"(?<=[^\s.!?:;\"'“”‘’(])\s+[\"'“‘(]?([^\W\d_]+)")
# The number of a step, which is the draft's own.
_STEP: Final = re.compile(r"^\d+\.\s+(?=\S)")
# Mark in the place of each character that was taken out of a page (rag.answering.evidence.redaction): white space.
REDACTED: Final = "\x1c"
# Two numbers with at most a short word, such as a unit or a month, before what joins them; no part of "2020-05-31".
_RANGE: Final = re.compile(
    r"(?<![\w.,:–—-])(\d[\d.,:]*+)(?: [^\W\d_]{1,9}\.?)? ?(?:[-–—]|\b(?:to|bis|until|till|through|à|hasta)\b) ?"
    r"(\d[\d.,:]*+)(?![–—-])"
)
# An option of a form that is not ticked, as ingest writes it.
_NOT_TICKED: Final = re.compile(r"\[ \][^\[]*")
# Numbers after the first of a range among which the second must be: "3 May 2024 to 5 June" has the year between.
_NEXT: Final = 2
_MARKERS: Final = re.compile(r"(?<!\s)\s*+\[\d+(?:\s*,\s*\d+)*\]")

# Term weight of each word of a sentence.
Weights: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved passage, and the page that it is on."""

    hit: Hit
    page: Page

    @property
    def language(self) -> str | None:
        """The language of its document, by its English name; None where that is not known."""
        return self.hit.passage.document.language


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a page that supports a sentence; ``score`` is the share of the sentence's term weight in it, 0..1."""

    evidence: Evidence
    span: Span
    score: float

    @property
    def text(self) -> str:
        """The quoted text, verbatim."""
        return self.evidence.page.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Support:
    """The support of one sentence by the evidence.

    Attributes:
        quotes: best first.
        score: share of the sentence's term weight in all quotes together, 0..1.
        agrees: true if every number, month, name and "not" of the sentence is in the quotes or in the question, and its
            currency is that of the quotes. False for a sentence that is a question, which states nothing.
        bare: true for a bare yes or no.
        kind: of the sentence in the answer.
        verbatim: true for a sentence that is copied from its quote.
    """

    sentence: str
    quotes: tuple[Quote, ...]
    score: float
    agrees: bool
    bare: bool = False
    kind: SentenceKind = "lead"
    verbatim: bool = False

    @property
    def supported(self) -> bool:
        """True where the sentence is part of the answer."""
        # A bare yes or no is measured by the question's words, and no text repeats a question in full.
        return bool(self.quotes) and self.agrees and self.score >= (_SUPPORTED_BARE if self.bare else SUPPORTED)


def ground(question: str, draft: str, evidence: Sequence[Evidence]) -> list[Support]:
    """The support of each sentence of a draft answer, in order; citation markers such as ``[1]`` are removed."""
    text, language = _MARKERS.sub("", draft).strip(), language_of_evidence(evidence)
    candidates = [candidate for item in evidence for candidate in _candidates(item, language)]
    asked = frozenset(normalized_words(question, language))
    return [_completed(_support(text[start:end], asked, candidates, language)) for start, end in _sentences(text)]


def language_of_evidence(evidence: Sequence[Evidence]) -> str | None:
    """The language of most of the evidence, by whose rules its words are compared; None for no evidence."""
    languages = Counter(item.language for item in evidence)
    return max(languages, key=languages.__getitem__, default=None)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Spans of a draft's sentences; the number of a step belongs to the step's sentence."""
    step_start: int | None = None
    step = 1
    for start, end in sentence_spans(text):
        if step_start is None and text[start:end] == f"{step}." and end < len(text):
            step_start, step = start, step + 1
            continue
        yield start if step_start is None else step_start, end
        step_start = None


def _completed(support: Support) -> Support:
    quote = support.quotes[0].text if support.quotes else ""
    return replace(support, sentence=complete_span(support.sentence, quote))


def nearest_quotes(question: str, evidence: Sequence[Evidence]) -> list[Quote]:
    """For each passage, the span with most of the question's words: the citations of an abstention."""
    quotes = []
    for item in evidence:
        asked = frozenset(normalized_words(question, item.language))
        weights = dict.fromkeys(asked, 1.0)
        # A heading may have more of the question's words than the text below it, and answers nothing.
        candidates = list(_candidates(item, item.language))
        if candidates := [c for c in candidates if len(c.text.split()) >= _FEWEST_WORDS] or candidates:
            best = max(candidates, key=lambda candidate: candidate.rank(weights, asked))
            quotes.append(best.quote(weights))
    return quotes


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A span that could be quoted.

    Attributes:
        words: its content words.
        denied: those of them that occur only right after a "not".
    """

    evidence: Evidence
    span: Span
    words: frozenset[str]
    denied: frozenset[str]

    @property
    def text(self) -> str:
        return self.evidence.page.text[self.span.start : self.span.end]

    @property
    def negated(self) -> bool:
        """True where it has a "not", or is under an introduction or a heading that denies what it says."""
        return NOT in self.words or introducing_polarity(_introduction(self.evidence, self.span)).negations > 0

    @property
    def is_one_sentence(self) -> bool:
        return len(list(sentence_spans(self.text))) == 1

    def share(self, weights: Weights) -> float:
        total = sum(weights.values())
        return sum(weights[word] for word in self.words & weights.keys()) / total if total else 0.0

    def rank(self, weights: Weights, asked: frozenset[str]) -> float:
        """Its share of the sentence's weight, plus a little for words of the question, less a little for its length."""
        of_question = len(self.words & asked) / len(asked) if asked else 0.0
        length = (self.span.end - self.span.start) / _LONGEST_QUOTE
        return self.share(weights) + 0.3 * of_question - 0.1 * length

    def quote(self, weights: Weights) -> Quote:
        return Quote(self.evidence, self.span, self.share(weights))


def _candidates(evidence: Evidence, language: str | None) -> Iterator[_Candidate]:
    for span in quotable_spans(evidence):
        terms = normalized_words(_chosen_options(evidence.page.text[span.start : span.end]), language)
        yield _Candidate(evidence, span, frozenset(terms), _denied(terms))


def _chosen_options(text: str) -> str:
    """The text without the options of a form that are not ticked, in lines with one that is: "[x] Yes [ ] No"."""
    if "[ ]" not in text:
        return text
    lines = (_NOT_TICKED.sub(" ", line) if "[x]" in line else line for line in text.split("\n"))
    return "\n".join(lines)


def _introduction(evidence: Evidence, span: Span) -> str:
    """The introduction of the list that a span is in; else its heading."""
    text = evidence.page.text
    for start, end, introduction in _introduced_lists(text):
        if start <= span.start < end:
            return introduction
    return heading_above(evidence, span)


@lru_cache(maxsize=32)
def _introduced_lists(text: str) -> tuple[tuple[int, int, str], ...]:
    """Start, end and introduction of the lists of a page that have one."""
    found = ((one.start, one.end, one.intro) for one in find_lists(text))
    return tuple((start, end, text[intro[0] : intro[1]]) for start, end, intro in found if intro)


def heading_above(evidence: Evidence, span: Span) -> str:
    """The heading that a span is under, or what leads in to its passage from the page before; empty for neither."""
    page, headings = evidence.page, evidence.hit.passage.chunk.context
    above = [page.text[heading.start : heading.end] for heading in page.headings if heading.start <= span.start]
    return (above or headings or [""])[-1]


def quotable_spans(evidence: Evidence) -> Iterator[Span]:
    """Spans of a page that can be quoted for a passage: those that overlap it and have no redacted text."""
    passage, text = evidence.hit.passage.chunk.span, evidence.page.text
    for start, end in _quotable(text):
        if start < passage.end and end > passage.start and REDACTED not in text[start:end]:
            yield Span(passage.page, start, end)


def _quotable(text: str) -> Iterator[tuple[int, int]]:
    """Spans of sentences, of the lines of table rows and list items, and of neighbouring sentences in a paragraph."""
    previous: tuple[int, int] | None = None
    for start, end in sentence_spans(text):
        if text[end - 1] not in SENTENCE_ENDS or end - start > _LONGEST_QUOTE:
            yield from line_spans(text, start, end)
        if end - start > _LONGEST_QUOTE:
            previous = None
            continue
        yield start, end
        same_paragraph = previous is not None and "\n\n" not in text[previous[1] : start]
        if previous and same_paragraph and end - previous[0] <= _LONGEST_QUOTE:
            yield previous[0], end
        previous = (start, end)


def _support(sentence: str, asked: frozenset[str], candidates: Sequence[_Candidate], language: str | None) -> Support:
    statement = _STEP.sub("", sentence, count=1)
    opening = _YES_OR_NO.match(statement)
    statement = statement[opening.end() :] if opening else statement
    words = normalized_words(statement, language)
    weights = {word: _weight(word, asked) for word in words}
    # "Yes.", or "No, it is not.": it states what the question asks, and has no words of its own.
    bare = opening is not None and not weights.keys() - {NOT}
    if bare:
        weights = dict.fromkeys(asked, _WEIGHT_QUESTION)
    if NOT not in words and not (opening and opening.group(1).casefold() == "no"):
        # A span that states the opposite is no evidence, however many words it shares.
        candidates = [candidate for candidate in candidates if not candidate.denied & weights.keys()]
        if bare and NOT not in asked:
            candidates = _evidence_for_bare_yes(weights, candidates)
    chosen = _chosen(weights, asked, candidates)
    quoted = frozenset[str]().union(*(candidate.words for candidate in chosen))
    held, total = sum(weights[word] for word in weights.keys() & quoted), sum(weights.values())
    agrees = (
        not sentence.endswith(QUESTION_MARKS)
        and not _essential(statement, weights, quoted, language) - asked - quoted
        and _has_ranges(statement, chosen, language)
    )
    quotes = tuple(candidate.quote(weights) for candidate in chosen)
    return Support(sentence, quotes, held / total if total else 0.0, agrees, bare=bare)


def _evidence_for_bare_yes(weights: Weights, candidates: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """The candidates without a negation, which are the evidence for a bare yes.

    A bare yes has no words of its own that would show what a "not" is about. There is no evidence for it unless one of
    these has more of the question's weight than every negated sentence.
    """
    plain: list[_Candidate] = []
    negated: list[_Candidate] = []
    for candidate in candidates:
        (negated if candidate.negated else plain).append(candidate)
    bar = max((each.share(weights) for each in negated if each.is_one_sentence), default=0.0)
    return plain if any(each.share(weights) > bar for each in plain) else ()


def _chosen(weights: Weights, asked: frozenset[str], candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates that together have most of a sentence's weight, best first; a greedy set cover."""
    chosen: list[_Candidate] = []
    missing = dict(weights)
    while candidates and len(chosen) < _MOST_QUOTES:
        best = max(candidates, key=lambda candidate: candidate.rank(missing, asked))
        gain = sum(missing.get(word, 0.0) for word in best.words)
        if chosen and gain < _LEAST_GAIN * sum(weights.values()):
            break
        chosen.append(best)
        missing = {word: weight for word, weight in missing.items() if word not in best.words}
        if not missing:
            break
        # Any text may have the missing number by chance: a further quote must share words with the sentence.
        candidates = [c for c in candidates if len(c.words & (weights.keys() | asked)) >= _FEWEST_SHARED]
    return chosen


def _essential(statement: str, weights: Weights, quoted: frozenset[str], language: str | None) -> set[str]:
    """The words that a quote must have: numbers, months, names, "not"; a currency where the quotes have one."""
    names = {
        word for name in _NAME.findall(statement) if name[0].isupper() for word in normalized_words(name, language)
    }
    currencies = CURRENCIES if CURRENCIES & quoted else frozenset()
    return {word for word in weights if is_number(word) or word == NOT or word in names | MONTHS | currencies}


def _has_ranges(statement: str, chosen: Sequence[_Candidate], language: str | None) -> bool:
    """True if the two numbers of each range of a statement follow each other in a quote, with at most one between.

    Each of "13 to 21" may be in the quotes, which say "7 to 21" and "13 to 15".
    """
    ranges = {
        (normalized_words(a, language)[0], normalized_words(b, language)[0]) for a, b in _RANGE.findall(statement)
    }
    if not ranges:
        return True
    quoted = [[word for word in normalized_words(one.text, language) if is_number(word)] for one in chosen]
    pairs = {(a, b) for numbers in quoted for n, a in enumerate(numbers) for b in numbers[n + 1 : n + 1 + _NEXT]}
    return ranges <= pairs


def _denied(terms: Sequence[str]) -> frozenset[str]:
    pairs = list(pairwise(["", *terms]))
    plain = {word for before, word in pairs if before != NOT}
    return frozenset(word for before, word in pairs if before == NOT) - plain


def _weight(word: str, asked: frozenset[str]) -> float:
    if word in asked:
        return _WEIGHT_QUESTION
    return _WEIGHT_NUMBER if is_number(word) else _WEIGHT_WORD
