"""Checking an answer against its evidence: which quotes carry each of its sentences, and whether they do.

A quote is a stretch of a page's text, so it cannot be other than verbatim; and only passages that were retrieved are
looked at, so a citation cannot name another one. Support is arithmetic on words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from rag.answering.span_completion import complete_span
from rag.domain.values import Hit, Page, Span
from rag.text.normalization import CURRENCIES, MONTHS, said
from rag.text.prompt_injection import speaks_to_the_machine
from rag.text.sentences import NOT, is_number, line_spans, sentence_spans

# Share of a sentence's weight that its quotes must hold for the sentence to be shown as fact.
# Not calibrated yet: with the weights below it lets a short sentence pass with one word of its own, not with two.
SUPPORTED: Final = 0.6
_SUPPORTED_BARE: Final = 0.4
# What the question said already proves little; a number or a name is what an answer is for.
_WEIGHT_ASKED: Final = 0.5
_WEIGHT_SAID: Final = 1.0
_WEIGHT_NUMBER: Final = 2.0
# A further quote is added when it holds at least this share that the quotes before it do not.
_WORTH_A_QUOTE: Final = 0.2
_MOST_QUOTES: Final = 3
# It also has at least so many words of the sentence and its question.
_FEWEST_SHARED: Final = 2
# Longer stretches are not quoted whole: a table, or a list without full stops.
_LONGEST_QUOTE: Final = 400
_FEWEST_WORDS: Final = 4

# "No, it costs 24 euros", but not "No damage is covered".
_YES_OR_NO: Final = re.compile(r"(yes|no)(?:[.!,;:]\s*|$)", re.IGNORECASE)
# A word that may be a name by its capital: not the first one of a sentence.
_NAME: Final = re.compile(r"(?<=[^\s.!?:;\"'“”‘’(])\s+[\"'“‘(]?([^\W\d_]+)")
# The number of a step, which is the draft's own.
_STEP: Final = re.compile(r"^\d+\.\s+(?=\S)")
_MARKERS: Final = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")

# What each word of a sentence counts.
Weights: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that was read, and the page that it is on."""

    hit: Hit
    page: Page


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a page that carries a sentence; ``score`` is the share of the sentence's weight in it, 0..1."""

    evidence: Evidence
    span: Span
    score: float

    @property
    def text(self) -> str:
        """Verbatim."""
        return self.evidence.page.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Support:
    """What the evidence says of one sentence.

    Attributes:
        quotes: the best first; together they hold ``score`` (0..1) of the sentence's weight.
        agrees: whether every number, name and "not" of the sentence is in the quotes, or in the question, and no
            currency is another one; never of a sentence that asks, for it states nothing.
        bare: whether it is a yes or a no, and nothing more.
    """

    sentence: str
    quotes: tuple[Quote, ...]
    score: float
    agrees: bool
    bare: bool = False

    @property
    def supported(self) -> bool:
        """Whether the sentence may be shown as fact."""
        # A bare yes or no says all that the question says, and no text repeats a question.
        return bool(self.quotes) and self.agrees and self.score >= (_SUPPORTED_BARE if self.bare else SUPPORTED)


def ground(question: str, draft: str, evidence: Sequence[Evidence]) -> list[Support]:
    """Each sentence of a draft answer with its support, in order; markers such as ``[1]`` are taken out."""
    text = _MARKERS.sub("", draft).strip()
    candidates = [candidate for item in evidence for candidate in _candidates(item)]
    asked = frozenset(said(question))
    return [_completed(_support(text[start:end], asked, candidates)) for start, end in _sentences(text)]


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a draft: the number of a step belongs to the step."""
    begun: int | None = None
    step = 1
    for start, end in sentence_spans(text):
        if begun is None and text[start:end] == f"{step}." and end < len(text):
            begun, step = start, step + 1
            continue
        yield start if begun is None else begun, end
        begun = None


def _completed(support: Support) -> Support:
    quote = support.quotes[0].text if support.quotes else ""
    return replace(support, sentence=complete_span(support.sentence, quote))


def nearest_quotes(question: str, evidence: Sequence[Evidence]) -> list[Quote]:
    """For each passage, the stretch that has most of the question's words: where one would look for an answer."""
    asked = frozenset(said(question))
    weights = dict.fromkeys(asked, 1.0)
    quotes = []
    for item in evidence:
        # A heading has the question's words more purely than the text below it, and says nothing.
        candidates = list(_candidates(item))
        if candidates := [c for c in candidates if len(c.text.split()) >= _FEWEST_WORDS] or candidates:
            best = max(candidates, key=lambda candidate: candidate.rank(weights, asked))
            quotes.append(best.quote(weights))
    return quotes


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A stretch that could be quoted."""

    evidence: Evidence
    span: Span
    words: frozenset[str]
    denied: frozenset[str]  # words that it says only right after a "not"

    @property
    def text(self) -> str:
        return self.evidence.page.text[self.span.start : self.span.end]

    @property
    def negated(self) -> bool:
        """Whether it has a "not", or stands under a heading that has one."""
        return NOT in self.words or NOT in said(_heading(self.evidence, self.span))

    @property
    def is_one_sentence(self) -> bool:
        return len(list(sentence_spans(self.text))) == 1

    def share(self, weights: Weights) -> float:
        total = sum(weights.values())
        return sum(weights[word] for word in self.words & weights.keys()) / total if total else 0.0

    def rank(self, weights: Weights, asked: frozenset[str]) -> float:
        """Mostly what it holds of the sentence; then of the question; then the shorter one."""
        of_question = len(self.words & asked) / len(asked) if asked else 0.0
        length = (self.span.end - self.span.start) / _LONGEST_QUOTE
        return self.share(weights) + 0.3 * of_question - 0.1 * length

    def quote(self, weights: Weights) -> Quote:
        return Quote(self.evidence, self.span, self.share(weights))


def _candidates(evidence: Evidence) -> Iterator[_Candidate]:
    for span in stretches(evidence):
        stretch = said(evidence.page.text[span.start : span.end])
        yield _Candidate(evidence, span, frozenset(stretch), _denied(stretch))


def _heading(evidence: Evidence, span: Span) -> str:
    """What a stretch stands under; empty for nothing."""
    page, headings = evidence.page, evidence.hit.passage.chunk.headings
    above = [page.text[heading.start : heading.end] for heading in page.headings if heading.start <= span.start]
    return (above or headings or [""])[-1]


def stretches(evidence: Evidence) -> Iterator[Span]:
    """What of a page could be quoted for a passage: all that touches it, but what is not said to the reader."""
    passage, text = evidence.hit.passage.chunk.span, evidence.page.text
    for start, end in _quotable(text):
        if start < passage.end and end > passage.start and not speaks_to_the_machine(text[start:end]):
            yield Span(passage.page, start, end)


def _quotable(text: str) -> Iterator[tuple[int, int]]:
    """Sentences; the lines of those that are no sentences (rows, items); and pairs of neighbours in a paragraph."""
    previous: tuple[int, int] | None = None
    for start, end in sentence_spans(text):
        if text[end - 1] not in ".!?" or end - start > _LONGEST_QUOTE:
            yield from line_spans(text, start, end)
        if end - start > _LONGEST_QUOTE:
            previous = None
            continue
        yield start, end
        same_paragraph = previous is not None and "\n\n" not in text[previous[1] : start]
        if previous and same_paragraph and end - previous[0] <= _LONGEST_QUOTE:
            yield previous[0], end
        previous = (start, end)


def _support(sentence: str, asked: frozenset[str], candidates: Sequence[_Candidate]) -> Support:
    builder = _STEP.sub("", sentence, count=1)
    opening = _YES_OR_NO.match(builder)
    builder = builder[opening.end() :] if opening else builder
    weights = {word: _weight(word, asked) for word in said(builder)}
    # "Yes.", or "No, it is not.": it says what the question says.
    bare = opening is not None and not weights.keys() - {NOT}
    if bare:
        weights = dict.fromkeys(asked, _WEIGHT_ASKED)
    if NOT not in said(builder) and not (opening and opening.group(1).casefold() == "no"):
        # What says the opposite is no evidence, however many words it shares.
        candidates = [candidate for candidate in candidates if not candidate.denied & weights.keys()]
        if bare and NOT not in asked:
            candidates = _affirming(weights, candidates)
    chosen = _chosen(weights, asked, candidates)
    quoted = frozenset[str]().union(*(candidate.words for candidate in chosen))
    held, total = sum(weights[word] for word in weights.keys() & quoted), sum(weights.values())
    agrees = not sentence.endswith("?") and not _essential(builder, weights, quoted) - asked - quoted
    quotes = tuple(candidate.quote(weights) for candidate in chosen)
    return Support(sentence, quotes, held / total if total else 0.0, agrees, bare=bare)


def _affirming(weights: Weights, candidates: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """The stretches that may bear out a bare yes, which has no words of its own to show what a "not" is about.

    They say more of the question than any sentence that denies something; else there is none.
    """
    plain: list[_Candidate] = []
    denying: list[_Candidate] = []
    for candidate in candidates:
        (denying if candidate.negated else plain).append(candidate)
    denied = max((each.share(weights) for each in denying if each.is_one_sentence), default=0.0)
    return plain if any(each.share(weights) > denied for each in plain) else ()


def _chosen(weights: Weights, asked: frozenset[str], candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The stretches that together hold most of a sentence's weight, the best first."""
    chosen: list[_Candidate] = []
    missing = dict(weights)
    while candidates and len(chosen) < _MOST_QUOTES:
        best = max(candidates, key=lambda candidate: candidate.rank(missing, asked))
        gain = sum(missing.get(word, 0.0) for word in best.words)
        if chosen and gain < _WORTH_A_QUOTE * sum(weights.values()):
            break
        chosen.append(best)
        missing = {word: weight for word, weight in missing.items() if word not in best.words}
        if not missing:
            break
        # Any text may have the number that is missing: it must speak of the same things.
        candidates = [c for c in candidates if len(c.words & (weights.keys() | asked)) >= _FEWEST_SHARED]
    return chosen


def _essential(builder: str, weights: Weights, quoted: frozenset[str]) -> set[str]:
    """What of a statement must be quoted: numbers, months, names, a "not"; a currency where the quotes say one."""
    names = {word for name in _NAME.findall(builder) if name[0].isupper() for word in said(name)}
    currencies = CURRENCIES if CURRENCIES & quoted else frozenset()
    return {word for word in weights if is_number(word) or word == NOT or word in names | MONTHS | currencies}


def _denied(said: Sequence[str]) -> frozenset[str]:
    pairs = list(pairwise(["", *said]))
    plain = {word for before, word in pairs if before != NOT}
    return frozenset(word for before, word in pairs if before == NOT) - plain


def _weight(word: str, asked: frozenset[str]) -> float:
    if word in asked:
        return _WEIGHT_ASKED
    return _WEIGHT_NUMBER if is_number(word) else _WEIGHT_SAID
