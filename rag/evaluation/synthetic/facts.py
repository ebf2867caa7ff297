"""Fact extraction: self-contained sentences and table rows of a passage, each with an answer to ask for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from rag.domain.values import Passage, Span
from rag.evaluation.synthetic.types import Fact, Form
from rag.text.dates import MONTH_NAMES
from rag.text.sentences import line_spans, sentence_spans
from rag.text.words import is_number, words

_FEWEST_WORDS: Final = 9
_MOST_WORDS: Final = 50
# The words after such an explanation cue are an answer: two to fifteen words, up to the next break.
_EXPLANATION: Final = re.compile(
    r"\b(?:because|due to|in order to|so that|means|consists? of|called|known as|designed to|caused by|"
    r"made (?:of|from)) (?P<answer>\w[^\s,;:()]*(?: [^\s,;:()]+){1,14})(?=[,;:(]| \(|[.!]$)"
)
_FEWEST_CONTENT_WORDS: Final = 6
_MOST_CELLS: Final = 4
# An abbreviation at the end, where the sentence may go on: "in the U.S."
_ABBREVIATION_AT_END: Final = re.compile(r"(?<![A-Z]\.)\b(?:[A-Z]\.){2,}+$")
_DOT_LEADERS: Final = re.compile(r"\.{4}|(?: \.){3}")
_MARKUP: Final = re.compile(r"[\\{}|@]|https?:|www\.")
# A sentence that begins with such a word refers to the one before it (anaphora).
_ANAPHORIC_STARTS: Final = frozenset(
    "he she it they this these those that such so but and or however here there his her its their then thus also "
    "therefore moreover furthermore otherwise additionally instead both neither all others another one i please".split()
)
_ANAPHORIC_PHRASE: Final = re.compile(
    r"(?:In|For|On|Under|At|After|As) (?:these|such|this|that|those|example|instance|a result|previously)\b|By [A-Z]{2}"
)
_SUBJECT: Final = re.compile(
    r"(?:[A-Z][\w.’'&-]*[\w.] ){0,3}[A-Z][\w.’'&-]*[\w.](?= (?:is|was|will|has|had|shall|must|may|[a-z]+ed)\b)"
)
_OPENERS: Final = frozenset(
    "While Once Unless During Since Upon After Before Because Although Each Either Every Any No All Some".split()
)
_VERB: Final = re.compile(r"\b(?:is|are|was|were|has|have|must|may|can|shall|will)\b")
_NEGATION: Final = re.compile(r"\b(?:not|never|no|cannot)\b|n['’]t\b")
_MONTHS: Final = tuple(name.capitalize() for name in MONTH_NAMES)
_MONTH: Final = f"(?:{'|'.join(_MONTHS)})"
_DATE: Final = re.compile(
    rf"\b(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},)?(?: \d{{4}})\b|\b{_MONTH} \d{{1,2}}\b"
    r"|\b(?<=[Ii]n )(?:19|20)\d\d\b(?! \w+s\b)"
)
_AMOUNT: Final = r"\d+(?:,\d{3})*(?:\.\d+)?(?: (?:million|billion|thousand))?"
_QUANTITY: Final = re.compile(
    rf"(?<![\w.,-])(?:(?:US)?[$€£¥] ?{_AMOUNT}|{_AMOUNT}(?: ?%| percent| per cent)"
    rf"|{_AMOUNT}(?: (?:calendar|business|working|more))? "
    r"(?!(?:was|is|has|as|its|this|says|shows|runs|gives|takes|means)\b)[a-z]{2,}s\b)"
)
# "Table 1 shows": a name, not a quantity.
_LABEL_BEFORE_NUMBER: Final = re.compile(
    r"(?:Table|Figure|Fig\.|Section|Sections|Article|Chapter|Exhibit|Appendix|Note|Item|Level|Page|No\.) $"
)
# "As of 30 June": the day of the statement, not of what happened.
_STATEMENT_DATE: Final = re.compile(
    r"\b(?:[Aa]s of|ended|ending|at|and|than|to|from|since|after|before|prior to|quarter) $"
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_FIGURE: Final = re.compile(r"\(?-?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d{1,4})(?:\.\d+)?%?\)?")


def facts_of(passage: Passage, random: Random) -> Iterator[Fact]:
    """Every self-contained sentence and table row of a passage, each with its question form and its answer."""
    text, begin = passage.chunk.text, passage.chunk.span.start
    for start, end in sentence_spans(text):
        if text[end - 1] in ".!":
            if _is_self_contained(text[start:end]):
                span = Span(passage.chunk.span.page, begin + start, begin + end)
                if target := _target(" ".join(text[start:end].split()), random):
                    yield Fact(passage, span, *target)
            continue
        for left, right in line_spans(text, start, end):
            if figure := _figure_of_row(text[left:right]):
                yield Fact(passage, Span(passage.chunk.span.page, begin + left, begin + right), "table", figure)


def for_yes_or_no(fact: Fact) -> Fact | None:
    """The same fact as a yes-or-no fact; None for a row of a table, or a sentence without a finite auxiliary verb."""
    if fact.form == "table" or not _VERB.search(fact.text):
        return None
    return replace(fact, form="yes_no", answer="No" if _NEGATION.search(fact.text) else "Yes")


def _is_self_contained(sentence: str) -> bool:
    tokens = sentence.split()
    if (
        not _FEWEST_WORDS <= len(tokens) <= _MOST_WORDS
        or _DOT_LEADERS.search(sentence)
        or _MARKUP.search(sentence)
        or _ABBREVIATION_AT_END.search(sentence)
    ):
        return False
    if (
        not tokens[0][0].isupper()
        or tokens[0].casefold().strip(",") in _ANAPHORIC_STARTS
        or _is_garbled(tokens)
        or _ANAPHORIC_PHRASE.match(sentence)
    ):
        return False
    letters = sum(character.isalpha() or character.isspace() for character in sentence)
    names = sum(word[0].isupper() for word in tokens)
    return (
        letters >= 0.75 * len(sentence)
        and names <= 0.5 * len(tokens)
        and "\n\n" not in sentence
        and len(set(words(sentence))) >= _FEWEST_CONTENT_WORDS
    )


def _is_garbled(tokens: list[str]) -> bool:
    """True if three words in a row occur twice, as in a scan that was read with overlapping lines."""
    triples = Counter(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return max(triples.values(), default=0) > 1


def _figure_of_row(line: str) -> str:
    """The first figure of a table row, which is a label of some words, then a few figures; empty for other lines."""
    cells = line.split()
    first = next((n for n, cell in enumerate(cells) if _FIGURE.fullmatch(cell)), 0)
    if cells[first - 1].endswith(_MONTHS):
        return ""  # June 30, 2023
    label = [word for word in words(" ".join(cells[:first])) if not is_number(word)]
    figures = [cell for cell in cells[first:] if cell not in "$€£%"]
    if len(label) < 2 or len(figures) > _MOST_CELLS or not all(_FIGURE.fullmatch(cell) for cell in figures):
        return ""
    if all(_YEAR.fullmatch(figure) for figure in figures):
        return ""  # column headings
    return figures[0].rstrip(",.") if line[0].isupper() and not _MARKUP.search(line.replace("$", "")) else ""


def _target(sentence: str, random: Random) -> tuple[Form, str] | None:
    """A random one of the forms and answers that can be asked of a sentence; None where there is none."""
    targets: list[tuple[Form, str]] = []
    dates = [
        found.group() for found in _DATE.finditer(sentence) if not _STATEMENT_DATE.search(sentence[: found.start()])
    ]
    quantities = [
        found.group()
        for found in _QUANTITY.finditer(sentence)
        if not _LABEL_BEFORE_NUMBER.search(sentence[: found.start()])
    ]
    # With two dates or numbers, the question would have to tell them apart.
    if len(dates) == 1:
        targets.append(("when", dates[0]))
    if len(quantities) == 1:
        targets.append(("number", quantities[0]))
    if not targets and (subject := _SUBJECT.match(sentence)) and _is_name(subject.group(), sentence):
        targets.append(("who", subject.group()))
    if explanation := _EXPLANATION.search(sentence):
        targets.append(("what", explanation["answer"].rstrip(".!")))
    return random.choice(targets) if targets else None


def _is_name(subject: str, sentence: str) -> bool:
    """True if a subject is a name, not only a capitalised first word such as "Claims" or "While Microsoft"."""
    parts = subject.split()
    others = sentence[len(subject) :].split()
    return (
        bool(words(parts[0]))
        and parts[0] not in _OPENERS
        and (len(parts) > 1 or parts[0].rstrip(".,") in others or any(c.isupper() for c in parts[0][1:]))
    )
