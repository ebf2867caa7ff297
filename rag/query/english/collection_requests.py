"""Request parsing by rules for English: questions about the collection, and about properties of its documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rag.query.english.clauses import asks_of, lowered, own_questions, plain, without_politeness

CollectionTopic: TypeAlias = Literal[
    "all", "summary", "about", "mention", "places", "author", "title", "pages", "created", "added"
]

_MOST_WORDS_OF_SUBJECT: Final = 6
# Longer texts ask for more than that; it also bounds the time of the patterns.
_LONGEST: Final = 300

_DOCUMENTS: Final = r"(?:documents?|docs?|files?|pdfs?|sources)"
_HAVE: Final = (
    r"(?: (?:do|did|can|could) (?:i|you|we) (?:have|know|read|see|search|access|use|cover|ask|find|query)"
    r"| (?:have|has) (?:i|you|we|been) (?:got|read|seen|indexed|uploaded|added|loaded|given|ingested|imported)"
    r"| are (?:there|available|loaded|indexed|stored|here|included)| (?:i|you|we) have| have (?:i|we)| there are)"
)
_WHERE: Final = (
    r"(?: (?:here|available|indexed|loaded|in total|altogether|in all|now|at the moment|about|questions about"
    r"|(?:in|of|from) (?:the|your|my|our|this|that) (?:index|library|collection|folder|system|database|archive)))*+"
)
_SHOW: Final = (
    r"(?:(?:list|show|name|give|display|print|enumerate|tell|find|get)(?: me| us)?"
    r"(?: (?:an?|the|complete|full) list of)?(?: (?:the )?(?:names|titles) of)?|(?:a |the )?list of)"
)
_ALL: Final = r"(?: (?:all|every|the|your|my|our|of|available|these|any))*+"
_MINE: Final = r"(?: (?:all|every|each|of|the|your|my|our|these|whole|entire))*+"
_EVERYTHING: Final = re.compile(
    rf"(?:which|what|how many)(?: (?:other|pdf|different|kind of|sort of))? {_DOCUMENTS}(?:{_HAVE})?{_WHERE}"
    rf"|{_SHOW}{_ALL} {_DOCUMENTS}(?: that)?(?:{_HAVE})?{_WHERE}"
    rf"|what(?: are|'s| is)(?: the (?:names|titles) of)?{_ALL} {_DOCUMENTS}(?: called)?{_WHERE}"
    rf"|(?:what(?:'s| is) )?(?:the )?(?:number|count|list) of{_ALL} {_DOCUMENTS}{_WHERE}"
    r"|what (?:have you|did you) read|what do you know"
    r"|what(?:'s| is) in (?:the|your|my|our|this) (?:index|library|collection|folder)"
)
_SUMMARY: Final = re.compile(
    r"(?:(?:summari[sz]e|sum up|recap|describe|outline)|(?:(?:give|write|show)(?: me| us)? )?(?:an? |the )?"
    rf"(?:(?:short|brief|quick) )?(?:overview|summary|summaries|outline) of){_MINE} "
    r"(?:documents|docs|files|pdfs|sources|collection|library)"
    rf"|what (?:are|is){_MINE} (?:documents|docs|files|pdfs|collection|library)(?: all)? about"
)
_ON: Final = r"(?:about|on|regarding|concerning|with|from|by|of|relating to|related to|dealing with)"
_ON_ONLY: Final = r"(?:about|on|regarding|concerning|with|relating to|related to|dealing with)"
_NAMING: Final = (
    r"(?:mention(?:s|ing)?|names?|naming|refer(?:s|ring)? to|contain(?:s|ing)?(?: the (?:words?|name|term|phrase))?|"
    r"references?)"
)
_TREATING: Final = (
    r"(?:(?:is|are) about|(?:talk|speak|write)s? (?:about|of)|discuss(?:es|ing)?|cover(?:s|ing)?|deal(?:s|ing)? with|"
    r"concern(?:s|ing)?|describe(?:s|ing)?|treat(?:s|ing)?|(?:have|has|says?|contains?) (?:something |anything )?about|"
    r"relates? to)"
)
_WHICH: Final = (
    rf"(?:(?:in )?(?:which|what|how many)|{_SHOW}{_ALL}|how many of{_ALL}) (?:of (?:the|my|our|these) )?{_DOCUMENTS}"
)
_ANY: Final = rf"(?:(?:is|are) there|do (?:we|i|you) have) (?:any|an?) {_DOCUMENTS}"
_TREATED: Final = (
    r"(?:described|mentioned|discussed|explained|covered|defined|shown|listed|treated|dealt with|introduced|found|"
    r"named|given|written about|talked about|referred to|on|to be found)"
)
_PAGE: Final = r"(?:(?:on|in|at) )?(?:which|what) pages?(?: of (?:the|this|that|my|our) (?:[\w-]+ ){0,4}?[\w-]+)?"
_IN_TEXT: Final = (
    rf"where(?: exactly)? (?:in|within) (?:the|this|that|these|those|my|our|all|your|any)(?: {_DOCUMENTS})"
)
_SUBJECTS: Final[tuple[tuple[CollectionTopic, str], ...]] = (
    ("mention", rf"{_WHICH}(?:{_HAVE})?(?: that| which)? {_NAMING} (?P<x>.+)"),
    (
        "mention",
        rf"{_WHICH} (?:is|are|was|were|does|do|did) (?P<x>.+) (?:mentioned|named|found|occur|appear|"
        r"referred to)(?: in)?",
    ),
    ("places", rf"(?:{_PAGE}|{_IN_TEXT}) (?:is|are|was|were) (?P<x>.+) {_TREATED}"),
    ("places", rf"{_PAGE} (?:{_TREATING}|{_NAMING}|(?:explain|define|show|list|give)s?) (?P<x>.+)"),
    ("places", rf"(?:{_PAGE}|{_IN_TEXT}) (?:can|do|could|will) (?:i|we|you) (?:find|read about|read|see) (?P<x>.+)"),
    ("about", rf"{_WHICH}(?:{_HAVE})?(?: that| which)? {_TREATING} (?P<x>.+)"),
    ("about", rf"{_WHICH}{_HAVE} {_ON} (?P<x>.+)"),
    ("about", rf"(?:{_SHOW}{_ALL}|how many) {_DOCUMENTS} {_ON_ONLY} (?P<x>.+)"),
    ("about", rf"{_ANY}(?: that)? (?:{_ON}|{_TREATING}|{_NAMING}) (?P<x>.+)"),
)
_IS: Final = r"(?:'s| is| are| was| were)"
_PROPERTIES: Final[tuple[tuple[CollectionTopic, str], ...]] = (
    ("author", r"who (?:wrote|authored|ha(?:s|ve) written|(?:is|are|was|were) the (?:authors?|writers?) of) (?P<x>.+)"),
    ("author", rf"(?:(?:who|what){_IS} )?(?:the )?(?:names? of the )?authors?(?: of (?P<x>.+))?"),
    ("author", rf"(?:who|what){_IS} (?P<x>.+)'s? authors?"),
    ("author", r"by whom (?:was|is|were) (?P<x>.+) written"),
    ("title", rf"(?:what{_IS} )?(?:the )?(?:full )?title of (?P<x>.+)"),
    (
        "title",
        rf"what{_IS} (?=(?:.* )?(?:document|file|report|paper|book|pdf) )(?P<x>.+) (?:called|titled|entitled)",
    ),
    (
        "pages",
        r"how many pages (?:long )?(?:does|do|has|have|is|are|are there in) (?P<x>.+?)"
        r"(?: (?:have|has|contain|comprise|got|long)(?: in total| together| altogether)?)?",
    ),
    ("pages", rf"(?:what{_IS} )?(?:the )?(?:number of pages|page count)(?: (?:of|in) (?P<x>.+))?"),
    ("created", r"when (?:was|were) (?P<x>.+) (?:created|made|written|generated|produced)"),
    ("created", rf"(?:what{_IS} )?(?:the )?(?:creation date|date of creation) of (?P<x>.+)"),
    ("added", r"when (?:was|were) (?P<x>.+) (?:added|uploaded|indexed|imported|ingested|loaded)"),
    ("added", r"when did (?:i|we|you) (?:add|upload|index|import|ingest|load) (?P<x>.+)"),
)
_PATTERNS: Final = tuple((topic, re.compile(pattern), False) for topic, pattern in _SUBJECTS) + tuple(
    (topic, re.compile(pattern), True) for topic, pattern in _PROPERTIES
)
_TOPIC: Final = re.compile(r"(?P<asked>[^()]+) \((?P<topic>[^()]+)\)?$")
_ARTICLE: Final = re.compile(r"(?:(?:the|an?|this|that|my|our|your|any|topic|subject|words?|name|term) (?:of )?)++")


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """A question about the collection.

    Attributes:
        topic: ``all`` documents, a ``summary`` of them, those ``about`` a subject or that ``mention`` it, or the
            ``places`` of a subject in them; a property.
        subject: what the documents are about, or the document whose property is asked; empty where none is named.
        is_count: true where only the number of documents is asked.
        is_property: true for a property of one document.
    """

    topic: CollectionTopic
    subject: str = ""
    is_count: bool = False
    is_property: bool = False


def collection_request(text: str) -> CollectionRequest | None:
    """The question about the collection in a text; None where it asks something else, or more."""
    text = plain(text)
    if len(text) > _LONGEST:
        return None
    questions = own_questions(asks_of(text).questions)
    if len(questions) > 1:
        return None
    asked = questions[0].asked if questions else without_politeness(lowered(text)).rstrip(" .?!")
    asked, topic_of_conversation = _without_topic(asked.rstrip(" ,."))
    is_count = asked.startswith(("how many", "number of", "what is the number"))
    if _EVERYTHING.fullmatch(asked):
        return CollectionRequest("all", is_count=is_count)
    if _SUMMARY.fullmatch(asked):
        return CollectionRequest("summary")
    for topic, pattern, is_property in _PATTERNS:
        if match := pattern.fullmatch(asked):
            subject = _subject(text, match["x"] or "")
            if subject.lower() in ("", "it", "this", "that"):
                subject = topic_of_conversation or subject
            if not is_property and not 0 < len(subject.split()) <= _MOST_WORDS_OF_SUBJECT:
                return None
            return CollectionRequest(topic, subject, is_count and not is_property, is_property)
    return None


def _without_topic(asked: str) -> tuple[str, str]:
    """A question, and the name in brackets that rewriting put after it: "how long is it (the lease)"."""
    match = _TOPIC.match(asked)
    return (match["asked"], match["topic"]) if match else (asked, "")


def _subject(text: str, subject: str) -> str:
    """The subject as it was typed, without its article and quotation marks."""
    article = _ARTICLE.match(subject)
    subject = subject[article.end() :] if article else subject
    at = lowered(text).rfind(subject)
    return (text[at : at + len(subject)] if at >= 0 else subject).strip(" \"'“”")
