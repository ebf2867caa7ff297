"""Places of a subject in the documents: "on which page are the orange crusts described?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document
from rag.index.generation import Generation
from rag.query.lookup.document_names import listed
from rag.query.lookup.phrases import Mention, find_mentions, find_places
from rag.query.types import Reply, ReplyItem

_MOST_DOCUMENTS: Final = 20
_MOST_PAGES: Final = 12
# A line of a table of contents, from the mention on: "Orange crusts ..... 3".
_CONTENTS: Final = re.compile(r"[^\n]{0,80}?[ .…]{1,80}\d{1,4}[ \t]*(?:\n|$)")


def places_reply(subject: str, generation: Generation, documents: Sequence[Document]) -> Reply | None:
    """The pages of each document that have a subject as a heading, or else mention it; None where none does.

    Tables of contents do not count.
    """
    mentions = find_mentions(generation, subject, documents).found
    ids = {mention.passage.document.id for mention in mentions}
    items = []
    for document in [one for one in documents if one.id in ids][:_MOST_DOCUMENTS]:
        places = [one for one in find_places(generation, subject, document) if not _is_contents(one, generation)]
        headed = [one for one in places if _is_heading(one, generation)]
        if shown := (headed or places)[:_MOST_PAGES]:
            items.append(_item(document, shown, generation, is_headed=bool(headed)))
    if not items:
        return None
    is_headed = any(item.text.endswith("heading") for item in items)
    return Reply(
        f"The documents {'have' if is_headed else 'mention'} {subject} here:", None, "collection", tuple(items)
    )


def _item(document: Document, places: Sequence[Mention], generation: Generation, *, is_headed: bool) -> ReplyItem:
    pages = [_page_name(document, one, generation) for one in places]
    named = f"page {pages[0]}" if len(pages) == 1 else f"pages {', '.join(pages[:-1])} and {pages[-1]}"
    first = places[0]
    where = f"{named}, as a heading" if is_headed else named
    return ReplyItem(f"{listed(document)}: {where}", first.passage, first.start, first.end)


def _page_name(document: Document, place: Mention, generation: Generation) -> str:
    """The number of a page in the file, and the one that is printed on it where that is another: "6 (printed 3)"."""
    number = place.passage.chunk.span.page
    label = generation.page(document.id, number).label
    return f"{number} (printed {label})" if label and label != str(number) else str(number)


def _is_heading(place: Mention, generation: Generation) -> bool:
    page = generation.page(place.passage.document.id, place.passage.chunk.span.page)
    return any(heading.start <= place.start and place.end <= heading.end for heading in page.headings)


def _is_contents(place: Mention, generation: Generation) -> bool:
    page = generation.page(place.passage.document.id, place.passage.chunk.span.page)
    found = _CONTENTS.match(page.text, place.end)
    return found is not None and page.text.count("\n", place.start, found.end()) <= 1
