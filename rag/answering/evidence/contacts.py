"""Contacts that a document names, and addresses that it only sends its readers to.

Text in a document may be made to lead people somewhere. An answer that is an address, or that tells its reader to go or
write to one, carries a note where the document does not name that address as a contact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rag.domain.values import Citation, Sentence
from rag.index.generation import Generation
from rag.text.addresses import addresses_in, host_of, without_addresses
from rag.text.words import words

# Pages at either end of a document on which it names its contacts, beside the page that is quoted.
_ENDS: Final = 2
# Times that those pages have a host which is the document's own.
_OWN_HOST: Final = 4
# Characters before an address in which its label, or the heading above it, stands.
_BEFORE_LABEL: Final = 60
_BEFORE_HEADING: Final = 400
# Words that send a reader there; or what stands before an address, in the place of which there is a blank.
_DIRECTS: Final = re.compile(
    r"\b(?:go|visit|open|click|follow|download|see|log in|sign|register|enter|write|send|submit|return|post|mail|"
    r"e-?mail|contact|call|phone|text|fax|dial|message|pay|transfer|upload|report|apply|ask|turn|reach|order|book|help|link)\b"
    r"|(?:\b(?:at|under|via|is)|:) {2}",
    re.IGNORECASE,
)
_LABELLED: Final = re.compile(
    r"(?:^|[\n|;,.(•])[ -]{0,3}(?:contacts?|e-?mails?|phone|telephone|tel|fax|web|website|internet|home ?page|address|"
    r"url|office|hotline|enquiries|inquiries|help ?desk|helpline|support|customer service|reception|publisher)\b"
    r"(?: (?:us|person|address|number|no))?\.?(?: (?:at|on|by|is|via))?(?: (?:e-?mail|phone))?[ :|–-]{0,6}$",
    re.IGNORECASE,
)
_HEADED: Final = re.compile(
    r"(?:^|\n)(?:\d{1,3}[.)]? )?(?:contacts?|contact (?:us|details|information)|addresses|how to (?:reach|contact) us|"
    r"imprint|get in touch|customer service)\s?:?\n",
    re.IGNORECASE,
)


# A person, an office or a firm right before an address, in the document's own sentence: "the Privacy Officer at".
_OWNED: Final = re.compile(r"\b[A-Z][\w’'-]+,? (?:at|on|via|under|by (?:e-?mail|phone|telephone)(?: at)?) {0,2}$")
# Shorter names of hosts may be a part of any word.
_SHORTEST_HOST: Final = 4


def unnamed_contacts(sentences: Sequence[Sentence], citations: Iterable[Citation], generation: Generation) -> list[str]:
    """Addresses to which sentences of an answer send its reader, and which the cited documents name as no contact."""
    asked = [address for sentence in sentences for address in _sent_to(sentence.text)]
    if not asked:
        return []
    texts = [text for citation in _one_for_each_page(citations) for text in _texts(citation, generation)]
    return [one for one in dict.fromkeys(asked) if not _is_own(one, texts)]


def _sent_to(sentence: str) -> list[str]:
    addresses = addresses_in(sentence)
    rest = without_addresses(sentence) if addresses else ""
    is_alone = len(words(rest)) <= 1
    return addresses if is_alone or _DIRECTS.search(rest) else []


def _one_for_each_page(citations: Iterable[Citation]) -> Iterable[Citation]:
    return {(one.document_id, one.page): one for one in citations}.values()


def _texts(citation: Citation, generation: Generation) -> list[str]:
    """The pages of a document on which it may name its contacts."""
    last = generation.document(citation.document_id).pages
    numbers = {citation.page, *range(1, min(_ENDS, last) + 1), *range(max(1, last - _ENDS + 1), last + 1)}
    return [generation.page(citation.document_id, number).text for number in sorted(numbers)]


def _is_own(address: str, texts: Sequence[str]) -> bool:
    """True for an address that is named as a contact, or whose host is the document's own."""
    return any(_is_named(address, text) for text in texts) or _is_own_host(address, texts)


def _is_own_host(address: str, texts: Sequence[str]) -> bool:
    """True for a host that the document has again and again, or the name in which it speaks of as often."""
    host = host_of(address)
    if host is None:
        return False
    name = host.partition(".")[0]
    if sum(text.casefold().count(host) for text in texts) >= _OWN_HOST:
        return True
    spoken = sum("".join(without_addresses(text).casefold().split()).count(name) for text in texts)
    return len(name) >= _SHORTEST_HOST and spoken >= _OWN_HOST


def _is_named(address: str, text: str) -> bool:
    """True if an address stands behind a label or the one whose it is, or below a heading of contacts."""
    folded, sought = text.casefold(), address.casefold()
    start = folded.find(sought)
    while start >= 0:
        # Behind one label there may be several addresses.
        before = without_addresses(text[max(0, start - _BEFORE_LABEL) : start])
        if _LABELLED.search(before) or _OWNED.search(before):
            return True
        if _HEADED.search(text[max(0, start - _BEFORE_HEADING) : start]):
            return True
        start = folded.find(sought, start + len(sought))
    return False
