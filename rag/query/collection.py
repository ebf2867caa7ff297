"""Questions about the collection and about properties of documents, answered from the index without the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rag.domain.values import Document, Passage, Question
from rag.index.generation import Generation
from rag.query.byline import byline
from rag.query.english.collection_requests import CollectionRequest, CollectionTopic, collection_request
from rag.query.lookup.document_names import (
    is_document_word,
    listed,
    name_words,
    named_documents,
    searched_documents,
)
from rag.query.lookup.phrases import Mention, find_mentions, first_passage, mention_in
from rag.query.lookup.places import places_reply
from rag.query.types import Reply, ReplyItem
from rag.text.dates import MONTH_NAMES
from rag.text.sentences import sentence_spans
from rag.text.words import words_of_name

_MOST_LISTED: Final = 50
_MOST_NAMED: Final = 5
_LONGEST_OPENING: Final = 200
_FEWEST_WORDS_OF_OPENING: Final = 4
# Characters at the beginning of a document in which a mention counts as its title.
_COVER: Final = 300
# Authors that programs write into files.
_NO_AUTHOR: Final = re.compile(
    r"(?:admin\w*|users?\d*|owner|author|unknown|anonymous|root|guest|default|scanner|none|n/?a|microsoft\b.*|"
    r"windows\b.*|"
    r"hp|dell|acrobat\b.*|pdf.*|adobe\b.*|\W*|.)$",
    re.IGNORECASE,
)
_DOCUMENTS: Final = re.compile(r"(?:all |every |each |of |the |my |our )*(?:documents|files|pdfs|docs)$", re.IGNORECASE)
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def asks_about_collection(text: str, documents: Sequence[Document]) -> bool:
    """True if a text asks for documents, or for a property of documents for which it is known."""
    request = collection_request(text)
    if request is None or not request.is_property:
        return request is not None
    found = _documents_meant(request, documents, ())
    return bool(found) and all(_is_known(request.topic, one) for one in found)


def collection_reply(question: Question, generation: Generation, prior: Sequence[str] = ()) -> Reply | None:
    """The answer to a question about the collection, or about a property of documents.

    Args:
        question: by itself, without its history.
        generation: the index.
        prior: names of the documents that the conversation was about; one of them is meant by "it".

    Returns:
        None for another question, and where the index does not know the answer, which the text may then hold.
    """
    request = collection_request(question.text)
    if request is None:
        return None
    documents = searched_documents(question, generation.documents)
    if request.topic == "all":
        return _all(request, generation, documents)
    if request.topic == "summary":
        return _summaries(generation, documents)
    if request.is_property:
        return _properties(request, generation, documents, prior)
    if request.topic == "places":
        return places_reply(request.subject, generation, documents)
    return _about(request, generation, documents)


def _all(request: CollectionRequest, generation: Generation, documents: Sequence[Document]) -> Reply:
    items = () if request.is_count and len(documents) > _MOST_LISTED else _items(generation, documents, _pages_of)
    return Reply(_there_are(documents), None, "collection", items)


def _summaries(generation: Generation, documents: Sequence[Document]) -> Reply:
    def opening(document: Document) -> str:
        passage = first_passage(generation, document)
        start, end = _opening_of(passage) if passage else (0, 0)
        said = f": {' '.join(passage.chunk.text[start:end].split())}" if passage and end else ""
        return f"{_pages_of(document)}{said}"

    return Reply(_there_are(documents), None, "collection", _items(generation, documents, opening))


def _there_are(documents: Sequence[Document]) -> str:
    if not documents:
        return "There are no documents yet."
    count = "There is one document." if len(documents) == 1 else f"There are {len(documents)} documents."
    return f"{count} The first {_MOST_LISTED} are listed." if len(documents) > _MOST_LISTED else count


def _pages_of(document: Document) -> str:
    return "1 page" if document.pages == 1 else f"{document.pages} pages"


def _items(
    generation: Generation, documents: Sequence[Document], told: Callable[[Document], str]
) -> tuple[ReplyItem, ...]:
    """One item for each of the first documents, with its opening as proof."""
    items = []
    for document in documents[:_MOST_LISTED]:
        text = f"{listed(document)}, {told(document)}"
        passage = first_passage(generation, document)
        if passage is None:
            items.append(ReplyItem(text))
            continue
        title = mention_in(passage, document.title)
        start, end = _opening_of(passage)
        begin = passage.chunk.span.start
        items.append(ReplyItem(text, passage, *((title.start, title.end) if title else (begin + start, begin + end))))
    return tuple(items)


def _opening_of(passage: Passage) -> tuple[int, int]:
    """Offsets in a passage's text of the first whole sentence below its headings; else of its first line."""
    text = passage.chunk.text
    below = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and line.strip() not in (*passage.chunk.context, passage.document.title):
            break
        below += len(line)
    for start, end in sentence_spans(text[below:]):
        if text[below + end - 1] == "." and len(text[below + start : below + end].split()) >= _FEWEST_WORDS_OF_OPENING:
            return below + start, below + min(end, start + _LONGEST_OPENING)
    return 0, min(len(text.partition("\n")[0]), _LONGEST_OPENING)


def _about(request: CollectionRequest, generation: Generation, documents: Sequence[Document]) -> Reply | None:
    """The documents that are about a subject, or that mention it."""
    subject = request.subject
    asked = frozenset(words_of_name(subject))
    mentions = find_mentions(generation, subject, documents)
    by_id = {mention.passage.document.id: mention for mention in mentions.found}
    named = [one for one in documents if asked and asked <= name_words(one)]
    named += [one for one in documents if one not in named and _is_on_cover(by_id.get(one.id))]
    others = [one for one in documents if one.id in by_id and one not in named]
    if not named and not others:
        return (
            None
            if request.topic == "about"
            else Reply(f"No document mentions {subject}.", "not_in_documents", "collection")
        )
    said = _said_of(subject, named, others, is_mention=request.topic == "mention", is_complete=mentions.is_complete)
    items = [_found_item(one, by_id.get(one.id), "in its name or title") for one in named]
    items += [_found_item(one, by_id.get(one.id), "in its text") for one in others]
    return Reply(said, None, "collection", tuple(items[:_MOST_LISTED]))


def _is_on_cover(mention: Mention | None) -> bool:
    return mention is not None and mention.passage.chunk.span.page == 1 and mention.start < _COVER


def _said_of(
    subject: str, named: Sequence[Document], others: Sequence[Document], *, is_mention: bool, is_complete: bool
) -> str:
    """The sentence that says how many documents there are, by name and by text."""
    least = "" if is_complete else "At least "
    if is_mention or not named:
        count = len(named) + len(others)
        return f"{least}{_count(count)} {'mentions' if count == 1 else 'mention'} {subject}."
    said = f"{_count(len(named))} {'is' if len(named) == 1 else 'are'} about {subject} by name, title or first lines"
    return (
        f"{said}; {least.lower()}{len(others)} more {'mentions' if len(others) == 1 else 'mention'} it."
        if others
        else f"{said}."
    )


def _count(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


def _found_item(document: Document, mention: Mention | None, where: str) -> ReplyItem:
    if mention is None:
        return ReplyItem(f"{listed(document)}: {where}")
    if _is_on_cover(mention):
        where = "in its first lines" if where == "in its text" else where
    return ReplyItem(f"{listed(document)}: {where}", mention.passage, mention.start, mention.end)


def _documents_meant(
    request: CollectionRequest, documents: Sequence[Document], prior: Sequence[str]
) -> Sequence[Document]:
    """The documents whose property is asked for; none where it is unclear which are meant."""
    if request.topic in ("created", "added") and request.subject and not is_document_word(request.subject):
        # "When was the lease made?" asks for what stands in the lease.
        return ()
    if _DOCUMENTS.match(request.subject):
        return documents if request.topic == "pages" else ()
    found = named_documents(request.subject or "document", documents)
    if len(found) > 1 or not (
        found or frozenset(words_of_name(request.subject)) - frozenset(words_of_name("it this that document"))
    ):
        recent = [one for one in found or documents if {*one.names} & {*prior}]
        found = recent if len(recent) == 1 else found
    return found if len(found) <= _MOST_NAMED else ()


def _is_known(topic: CollectionTopic, document: Document) -> bool:
    return topic == "added" or _PROPERTIES[topic](document) is not None


def _properties(
    request: CollectionRequest, generation: Generation, documents: Sequence[Document], prior: Sequence[str]
) -> Reply | None:
    """The property of each document that is meant; None where it is not known of one of them."""
    found = _documents_meant(request, documents, prior)
    told = [_added(generation, one) if request.topic == "added" else _PROPERTIES[request.topic](one) for one in found]
    sentences = [sentence for sentence in told if sentence]
    if not sentences or len(sentences) < len(found):
        return _byline(generation, found[0]) if request.topic == "author" and len(found) == 1 else None
    if len(found) == 1:
        return Reply(sentences[0], None, "collection", _proof(request.topic, generation, found[0]))
    if _DOCUMENTS.match(request.subject):
        total = sum(one.pages for one in found)
        return Reply(f"The {len(found)} documents have {total} pages in all.", None, "collection")
    items = tuple(ReplyItem(sentence) for sentence in sentences)
    return Reply(f"{_count(len(found))} have that name.", None, "collection", items)


def _byline(generation: Generation, document: Document) -> Reply | None:
    """The reply with the byline of a paper; None for a document that is none."""
    page, passage = generation.page(document.id, 1), first_passage(generation, document)
    place = byline(document, page)
    if place is None or passage is None:
        return None
    text = " ".join(page.text[slice(*place)].split())
    said = f"The properties of {listed(document)} name no author. Between title and abstract its first page says:"
    return Reply(said, None, "collection", (ReplyItem(text, passage, *place),))


def _proof(topic: CollectionTopic, generation: Generation, document: Document) -> tuple[ReplyItem, ...]:
    """The place in a document that states its author or title, if there is one."""
    phrase = {"author": document.author, "title": document.title}.get(topic)
    mentions = find_mentions(generation, phrase, [document]).found if phrase else ()
    return tuple(ReplyItem("", mention.passage, mention.start, mention.end) for mention in mentions)


def _author(document: Document) -> str | None:
    author = " ".join((document.author or "").split())
    if not author or _NO_AUTHOR.match(author):
        return None
    return f"{listed(document)} is by {author}, as the properties of the file say."


def _title(document: Document) -> str | None:
    stem = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    # Where a file has no title, its name is taken for it.
    return None if stem.replace("_", " ") == document.title else f"The title of {document.name} is “{document.title}”."


def _created(document: Document) -> str | None:
    return (
        f"{listed(document)} was created on {_date(document.created)}, as the properties of the file say."
        if document.created
        else None
    )


def _added(generation: Generation, document: Document) -> str | None:
    added = generation.added(document.id)
    return f"{listed(document)} was added on {_date(added.date().isoformat())}." if added else None


def _date(iso: str) -> str:
    """A date as people write it: "31 May 2024" for "2024-05-31"."""
    match = _ISO_DATE.match(iso)
    if not match or not 1 <= int(match[2]) <= len(MONTH_NAMES):
        return iso
    return f"{int(match[3])} {MONTH_NAMES[int(match[2]) - 1].capitalize()} {match[1]}"


_PROPERTIES: Final[Mapping[CollectionTopic, Callable[[Document], str | None]]] = {
    "author": _author,
    "title": _title,
    "pages": lambda document: f"{listed(document)} has {_pages_of(document)}.",
    "created": _created,
}
