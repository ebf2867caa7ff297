"""Places of a subject in the documents: "on which page are the orange crusts described?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from rag.domain.values import Document, Page
from rag.index.generation import Generation
from rag.query.lookup.document_names import listed
from rag.query.lookup.phrases import Mention, find_mentions, find_places
from rag.query.types import Reply, ReplyItem

_MOST_DOCUMENTS: Final = 20
_MOST_PAGES: Final = 12
# The end of a line of a table of contents, and the fewest dots behind a title that goes on after the subject.
_PAGE_NUMBER: Final = re.compile(r"(?<!\d)\d{1,4}[ \t]*$")
_LEADERS: Final = " .…"
_FEWEST_DOTS: Final = 3
# Characters behind the subject on such a line.
_LONGEST_REST: Final = 200
_Place: TypeAlias = tuple[Mention, Page]


def places_reply(subject: str, generation: Generation, documents: Sequence[Document]) -> Reply | None:
    """The pages of each document that have a subject as a heading, or else mention it; None where none does.

    Tables of contents do not count.
    """
    mentions = find_mentions(generation, subject, documents).found
    ids = {mention.passage.document.id for mention in mentions}
    items, verb = [], "mention"
    for document in (one for one in documents if one.id in ids):
        found = find_places(generation, subject, document)
        pages = (generation.page(document.id, one.passage.chunk.span.page) for one in found)
        places = [place for place in zip(found, pages, strict=True) if not _is_contents(place)]
        if headed := [place for place in places if _is_heading(place)]:
            verb = "have"
        if headed or places:
            items.append(_item(document, headed or places, "as a heading" if headed else ""))
        if len(items) == _MOST_DOCUMENTS:
            break
    return Reply(f"The documents {verb} {subject} here:", None, "collection", tuple(items)) if items else None


def _item(document: Document, places: Sequence[_Place], how: str) -> ReplyItem:
    names = [_name(page) for _, page in places[:_MOST_PAGES]]
    if more := len(places) - len(names):
        names.append(f"{more} more")
    pages = f"page {names[0]}" if len(names) == 1 else f"pages {', '.join(names[:-1])} and {names[-1]}"
    first, _ = places[0]
    text = ", ".join(filter(None, [f"{listed(document)}: {pages}", how]))
    return ReplyItem(text, first.passage, first.start, first.end)


def _name(page: Page) -> str:
    """The number of a page in the file, and the one that is printed on it where that is another: "6 (printed 3)"."""
    is_other = page.label and page.label != str(page.number)
    return f"{page.number} (printed {page.label})" if is_other else str(page.number)


def _is_heading(place: _Place) -> bool:
    mention, page = place
    return any(heading.start <= mention.start and mention.end <= heading.end for heading in page.headings)


def _is_contents(place: _Place) -> bool:
    """True for an entry of a table of contents: "Orange crusts 3", or "Orange crusts of the shore ..... 3"."""
    mention, page = place
    rest, line_end, _ = page.text[mention.end : mention.end + _LONGEST_REST].partition("\n")
    number = _PAGE_NUMBER.search(rest)
    if number is None or not (line_end or len(rest) < _LONGEST_REST):
        return False
    before = rest[: number.start()]
    title = before.rstrip(_LEADERS)
    leaders = before[len(title) :]
    dots = leaders.count(".") + leaders.count("…")
    return bool(leaders) if not title else dots >= _FEWEST_DOTS
