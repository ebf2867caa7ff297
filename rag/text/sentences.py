"""Sentence segmentation by rules: the spans of sentences and lines in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from rag.text.languages.table import languages

# Marks of other scripts end a sentence without a space: those of Chinese and Japanese, Arabic, Urdu and Hindi.
QUESTION_MARKS: Final = ("?", "？", "؟")
_OTHER_ENDS: Final = "。！？｡؟۔।"
SENTENCE_ENDS: Final = f".!?{_OTHER_ENDS}"
# "NOTE:" and its like begin a sentence where they begin a line, whatever stands above: a caption, or a control's label.
_SIGNAL: Final = (
    r"(?:NOTE|NOTES|IMPORTANT|WARNING|CAUTION|DANGER|NOTICE|ATTENTION|TIP|HINT|Note|Important|Warning|Caution|Tip|"
    r"HINWEIS|ACHTUNG|WICHTIG|WARNUNG|VORSICHT|Hinweis|Achtung|Wichtig|REMARQUE|IMPORTANTE|NOTA|ADVERTENCIA|AVISO):"
)
_END: Final = re.compile(rf"[.!?][\"'”’)\]]*(?=\s|$)|\n\n+|\n(?={_SIGNAL})|[{_OTHER_ENDS}][\"'”’)\]」』）】》]*")
# The end of a text that is whole: of a sentence, or of what introduces a list, with what closes it and the number of a
# footnote.
SENTENCE_END: Final = re.compile(rf"[{SENTENCE_ENDS}:;…][\"'”’»)\]]{{0,3}}\d{{0,2}}$")
# Abbreviations that never end a sentence, in any case and in the case in which they stand here.
_NEVER_LAST: Final = frozenset("e.g i.e cf vs viz approx incl excl esp resp".split())
_NEVER_LAST_AS_THEY_ARE: Final = frozenset(
    "v ca Dr Mr Mrs Ms Messrs Prof St Mt Hon Rev Gen Col Capt Lt Sgt Sens Reps ETC".split()
)
# Those that do not where a number follows ...
_BEFORE_DIGIT: Final = frozenset(
    "no nos nr max min p pp par ch ex cl pt art arts app tab ref "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# ... or the number of a figure or section in letters, or a small letter, too.
_BEFORE_NUMBER: Final = frozenset("fig figs sec secs sect para paras chap vol vols eq eqs refs".split())
_LETTERED: Final = _BEFORE_NUMBER | frozenset("art arts app tab ex par ch pt".split())
# Those that do not unless a sentence begins after them; initials are of this kind.
_SELDOM_LAST: Final = frozenset("etc al est Inc Ltd Co Corp Jr Sr Dept Bros Ph.D".split())
_ABBREVIATION: Final = re.compile(r"(?:^|[\s(\[“\"'/])((?:[^\W\d_]{1,8}\.){0,4}[^\W\d_]{1,8})\.$")
# The number or letter of an item of a list that runs on in a paragraph: "Service calls to: 1. Correct ... 2. Replace".
# At the beginning of a text, "10." may be an answer.
_ENUMERATOR: Final = re.compile(r"(?:^\s{1,4}(?:\d{1,2}|[a-z]|[ivx]{2,4})|(?:^|:\s{1,4})[1ai])\.$")
# Characters in which an abbreviation is looked for.
_LONGEST: Final = 40
_INITIALS: Final = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_DIGIT: Final = re.compile(r"\s{1,4}[(\[#§]{0,2}[A-Z]{0,3}-?\d")
_IN_LETTERS: Final = re.compile(r"\s{1,4}(?:[(\[]?(?:[IVXLC]{2,5}|[B-HJ-Z]|[AI](?=[.,;:)\]]))\b|\([a-z]{1,4}\))")
_CAPITAL: Final = re.compile(r"\s{1,4}[AI]\b")
# The end of a range of hours, as in "3:00 p.m. - 6:00 p.m."
_RANGE: Final = re.compile(r"\s{0,4}[-–—]\s{0,4}\d")
_SMALL: Final = re.compile(r"\s{1,4}[^\W\d_A-ZÀ-ÖØ-Þ]")
_OPENER: Final = re.compile(
    r"\s{1,4}[\"'“‘(]?(?:The|This|These|Those|That|There|It|Its|He|She|They|We|You|I|If|When|While|In|On|At|As|For|From|By|"
    r"To|After|Before|But|And|Or|So|However|Each|All|Any|No|Our|Your|Their|His|Her|A|An|What|Which|Who|How|Why|Where|Is|"
    r"Are|Was|Were|Do|Does|Did|Can|May|Must|Please|Then|Thus|Such|Some|Most|Other|Both|Under|With|Not)\b"
)
# "am 3." within a line: an ordinal, as in German. At the beginning of a line it is the number of a step.
_ORDINAL: Final = re.compile(r"[^\W_],?[^\S\n]{1,4}\d{1,2}\.$")
_NEXT_WORD: Final = re.compile(r"\s{1,4}([^\W\d_]{2,12})")
# "z. B.", "d. h.": single letters, each with its full stop.
_NEXT_LETTER: Final = re.compile(r"[ \u00a0\u202f]?[^\W\d_]\.")
_LETTER_BEFORE: Final = re.compile(r"(?<![^\W_])[^\W\d_]\.[ \u00a0\u202f]?[^\W\d_]\.$")
_LINE: Final = re.compile(r"[^\n]+")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end offsets of each sentence, in order, without surrounding white space.

    A blank line ends a sentence too; a single line break does not, since in a PDF it only means that the line was full,
    unless "NOTE:", "WARNING:" or the like follows.
    """
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group() == "." and _goes_on(text, max(start, end - _LONGEST), end):
            continue
        yield from _stripped(text, start, end)
        start = end
    yield from _stripped(text, start, len(text))


def _goes_on(text: str, start: int, end: int) -> bool:
    """True if the full stop before ``end`` belongs to an abbreviation, or an item's number, and the sentence goes on.

    Args:
        text: the text.
        start: offset from which on the abbreviation is looked for.
        end: offset behind the full stop.
    """
    before = text[start:end]
    if _ENUMERATOR.search(before):
        return True
    if _ORDINAL.search(before):
        return _is_month_next(text, end)
    found = _ABBREVIATION.search(before)
    if not found:
        return False
    word, lower = found[1], found[1].lower()
    if len(word) == 1 and (_NEXT_LETTER.match(text, end) or _LETTER_BEFORE.search(before)):
        return True
    always, numbered = _abbreviations()
    if lower in always or (lower in numbered and _DIGIT.match(text, end)):
        return True
    if lower in _NEVER_LAST or word in _NEVER_LAST_AS_THEY_ARE or (len(word) == 1 and word.isupper()):
        return True
    if word in _SELDOM_LAST or _INITIALS.fullmatch(word):
        return _OPENER.match(text, end) is None
    if lower in ("a.m", "p.m"):
        return _SMALL.match(text, end) is not None or _RANGE.match(text, end) is not None
    patterns = [
        *([_DIGIT] if lower in _BEFORE_DIGIT | _BEFORE_NUMBER else []),
        *([_IN_LETTERS] if lower in _LETTERED else []),
        *([_SMALL, _CAPITAL] if lower in _BEFORE_NUMBER else []),
    ]
    return any(pattern.match(text, end) for pattern in patterns)


def _is_month_next(text: str, end: int) -> bool:
    """True for "am 3." before "Mai": the day of a date."""
    found = _NEXT_WORD.match(text, end)
    return found is not None and found[1].casefold() in _months()


@cache
def _months() -> frozenset[str]:
    """The names of months in all languages that put a full stop behind the day."""
    return frozenset().union(*(language.months for language in languages().values()))


@cache
def _abbreviations() -> tuple[frozenset[str], frozenset[str]]:
    """The abbreviations of all languages after which a sentence goes on: always, and before a number."""
    tables = languages().values()
    always = frozenset().union(*(language.abbreviations for language in tables))
    return always, frozenset().union(*(language.before_numbers for language in tables))


def line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end offsets in ``text`` of the non-blank lines of ``text[start:end]``, without surrounding blanks."""
    for match in _LINE.finditer(text, start, end):
        yield from _stripped(text, match.start(), match.end())


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        left = start + len(piece) - len(piece.lstrip())
        yield left, left + len(stripped)
