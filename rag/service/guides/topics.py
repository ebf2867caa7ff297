"""Key topics of a document: headings of its upper levels, or the phrases that it has most often where it has none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rag.domain.values import Document, Heading, Page
from rag.query.lookup.headings import parse_heading
from rag.service.guides.guide import GuideQuote, GuideTopic
from rag.text.words import STOPWORDS, words_of_name

MOST_TOPICS: Final = 8
_FEWEST_TOPICS: Final = 3
_LONGEST: Final = 60
_MOST_WORDS: Final = 8
# A heading on so many pages is a running header.
_MOST_PAGES: Final = 2
# Parts that books have, whatever they are about.
_EVERYWHERE: Final = frozenset(
    "contents content introduction foreword preface chapter appendix section part index references bibliography "
    "copyright glossary summary abstract acknowledgement acknowledgements notes table figure figures tables "
    "conclusion conclusions continued overview exhibit annex schedule page".split()
)
_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*")
_BREAK: Final = re.compile(r"[^\w\s'’-]+|\n\s*\n")
# Phrases of so many words, which a document has so many times.
_PHRASE_WORDS: Final = (2, 3)
_FEWEST_TIMES: Final = 3
# Words beside the stop words that no topic has: of text about the text, of contracts, of advice.
_NO_CONTENT: Final = STOPWORDS | frozenset(
    "about above according additional after again against all also always another any arising available based bear "
    "because before below between both certain contact different during each either every find first follow following "
    "forth further give given good group here however include included including information issue last made make many "
    "may more most necessary need never new next not number once only other our over own page part per please possible "
    "provide provided range refer related required same see section set several shall show some such sure take than "
    "then through time under until upon use used using various via visit way well wide within without www com http "
    "https preprint arxiv et al not nor it much often long when where who why there no".split()
)
# Characters that are read for phrases.
_MOST_READ: Final = 200_000


def topics_of(document: Document, pages: Sequence[Page]) -> tuple[GuideTopic, ...]:
    """Up to eight topics, in the order of the document, each with the place that it was taken from.

    Args:
        document: of the pages.
        pages: all of them, in order; their words are not needed.
    """
    found = _of_headings(document, pages)
    if len(found) < _FEWEST_TOPICS:
        found = max(found, _of_phrases(document, pages), key=len)
    return tuple(found) if len(found) >= _FEWEST_TOPICS else ()


def _of_headings(document: Document, pages: Sequence[Page]) -> list[GuideTopic]:
    """Headings of the highest levels, as far as these are few, spread over the document."""
    times = Counter(text for page in pages for text in {_line(page, heading) for heading in _joined(page)})
    by_level: dict[int, list[GuideTopic]] = {}
    seen: set[str] = set()
    title = set(words_of_name(f"{document.title} {document.name}"))
    for page in pages:
        for start, end, level in _joined(page):
            text = parse_heading(page.text[start:end]).title.strip(" .:–—-")
            key = text.casefold()
            if (
                times[_line(page, Heading(start, end, level))] > _MOST_PAGES
                or key in seen
                or not _is_topic(text, title)
            ):
                continue
            seen.add(key)
            place = GuideQuote(page=page.number, start=start, end=end, text=page.text[start:end])
            by_level.setdefault(level, []).append(GuideTopic(text=text, place=place))
    chosen: list[GuideTopic] = []
    for level in sorted(by_level):
        room = MOST_TOPICS - len(chosen)
        if room <= 0 or len(chosen) >= _FEWEST_TOPICS:
            break
        chosen += _spread(by_level[level], room)
    return sorted(chosen, key=lambda topic: (topic.place.page, topic.place.start))


def _joined(page: Page) -> list[Heading]:
    """The headings of a page; one that goes on in lower case on the next line is one with it."""
    joined: list[Heading] = []
    for heading in page.headings:
        before = joined[-1] if joined else None
        if before and before.level == heading.level and _goes_on(page.text, before, heading):
            joined[-1] = Heading(before.start, heading.end, heading.level)
        else:
            joined.append(heading)
    return joined


def _goes_on(text: str, before: Heading, after: Heading) -> bool:
    return not text[before.end : after.start].strip() and text[after.start : after.start + 1].islower()


def _line(page: Page, heading: Heading) -> str:
    return " ".join(page.text[heading.start : heading.end].split())


def _spread(topics: Sequence[GuideTopic], most: int) -> list[GuideTopic]:
    """Some of the topics, at equal distances."""
    if len(topics) <= most:
        return list(topics)
    return [topics[int(place * len(topics) / most)] for place in range(most)]


def _is_topic(text: str, title: set[str]) -> bool:
    """True for a heading that names a matter: not a sentence, a part that every book has, or the title again."""
    found = words_of_name(text)
    plain = {word.casefold() for word in _WORD.findall(text)} - STOPWORDS
    return (
        bool(found)
        and len(text) <= _LONGEST
        and len(text.split()) <= _MOST_WORDS
        and text[0].isalpha()
        and (len(text.split()) > 1 or not text.islower())
        and text[-1] not in "?!,;"
        and not plain <= _EVERYWHERE
        and not set(found) <= title
    )


def _of_phrases(document: Document, pages: Sequence[Page]) -> list[GuideTopic]:
    """Phrases without stop words that stand in the document most often; in spirit RAKE (Rose and others, 2010)."""
    first: dict[str, GuideQuote] = {}
    times: Counter[str] = Counter()
    left = _MOST_READ
    for page in pages:
        if left <= 0:
            break
        left -= len(page.text)
        for start, end in _phrases(page.text):
            text = page.text[start:end]
            key = " ".join(text.casefold().split())
            times[key] += 1
            first.setdefault(key, GuideQuote(page=page.number, start=start, end=end, text=text))
    title = set(words_of_name(f"{document.title} {document.name}"))
    ranked = sorted(times, key=lambda key: (-times[key] * len(key.split()), key))
    chosen: list[str] = []
    for key in ranked:
        repeats = any(set(key.split()) & set(other.split()) for other in chosen)
        if times[key] >= _FEWEST_TIMES and not repeats and not set(words_of_name(key)) <= title:
            chosen.append(key)
        if len(chosen) == MOST_TOPICS:
            break
    topics = [GuideTopic(text=" ".join(first[key].text.split()), place=first[key]) for key in chosen]
    return sorted(topics, key=lambda topic: (topic.place.page, topic.place.start))


def _phrases(text: str) -> Iterator[tuple[int, int]]:
    """Runs of two and three words of a text between stop words, numbers and marks: start and end."""
    begin = 0
    for mark in [*_BREAK.finditer(text), None]:
        end = mark.start() if mark else len(text)
        matches = list(_WORD.finditer(text, begin, end))
        for is_word, run in groupby(matches, key=lambda match: _is_content(match.group())):
            found = list(run) if is_word else []
            for size in _PHRASE_WORDS:
                for place in range(len(found) - size + 1):
                    yield found[place].start(), found[place + size - 1].end()
        begin = mark.end() if mark else end


def _is_content(word: str) -> bool:
    return len(word) > 2 and not word.casefold().endswith(("'s", "’s")) and word.casefold() not in _NO_CONTENT
