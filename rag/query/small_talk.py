"""Small talk: greetings, thanks and questions about Pageproof get a fixed reply, without search or model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document
from rag.query.types import Reply

_ASK: Final = "Ask me something that your documents can answer."
_GREETING: Final = f"Hello. {_ASK}"
_THANKS: Final = f"You are welcome. {_ASK}"
_FAREWELL: Final = "Goodbye."
_SELF: Final = (
    f"I am Pageproof, a program that answers questions from the documents it was given and from nothing else. {_ASK}"
)
_ABILITIES: Final = (
    "I answer questions from the documents that I was given, and show the page and the words that prove each "
    "sentence. You can ask for facts and numbers, compare two documents, ask for a summary of a section, and ask "
    "follow-up questions. Where the documents do not hold the answer, I say so."
)
_NO_DOCUMENTS: Final = "I have no documents yet."
_MOST_LISTED: Final = 20

_WHOM: Final = r"(?: (?:there|all|everyone|everybody|you|again|pageproof|team|folks|friend))*"
_DOCUMENTS: Final = r"(?:documents?|docs?|files?|pdfs?|sources)"
_HAVE: Final = (
    r"(?:(?:do|did|can) you (?:have|know|read|see|search|access|use|cover)|have you (?:read|got|seen|indexed)"
    r"|are (?:there|available|loaded|indexed|in (?:the|your|this) (?:index|library|collection)))"
)
# For whole clauses in lower case and without punctuation: with one more word it is a question to the documents.
_TALK: Final = [
    (
        _GREETING,
        rf"(?:hi|hiya|hello|hey|howdy|greetings|hallo|bonjour|hola|ciao|moin|servus|salut|good (?:morning|afternoon|"
        rf"evening|day)){_WHOM}"
        r"|how are you(?: doing)?(?: today)?|hows it going|whats up|nice to meet you|are you there",
    ),
    (
        _THANKS,
        r"(?:ok(?:ay)? )?(?:many |thank |big )?(?:thanks|thank you|thx|cheers|danke|merci|gracias)"
        r"(?: (?:very|so) much| a lot| a million| again| pageproof)?"
        r"(?: for (?:the|your|all the|all your) (?:help|answers?|time|information|reply))?"
        r"|(?:ok|okay|great|perfect|cool|nice|wonderful|excellent|got it|i see|understood|very good|well done)",
    ),
    (_FAREWELL, r"(?:good ?bye|bye|bye bye|see you|see you (?:later|soon|tomorrow)|good night)"),
    (
        _SELF,
        r"who are you|what are you|(?:whats|what is) your name|introduce yourself|tell me about yourself"
        r"|are you (?:a |an )?(?:real )?(?:bot|robot|human|person|ai|chatbot|machine|program|chatgpt|language model)"
        r"|who (?:made|built|created|wrote|developed|programmed) you|what is pageproof|who is pageproof",
    ),
    (
        _ABILITIES,
        r"help|help me|(?:can|could) you help(?: me)?|how can you help(?: me)?|i need help"
        r"|what (?:can|could) you do(?: for me)?|what do you do|what (?:can|should|could) i ask(?: you)?"
        r"|how do i use (?:you|pageproof)|what are you (?:able to do|good at|for)"
        r"|what are your (?:abilities|capabilities)",
    ),
]
_PATTERNS: Final = [(text, re.compile(pattern)) for text, pattern in _TALK]
_LISTING: Final = re.compile(
    rf"(?:which|what|how many) {_DOCUMENTS} {_HAVE}"
    rf"|(?:list|show|show me|name|give me)(?: a list of)?(?: all| the| your| my| of)* {_DOCUMENTS}"
    r"|what (?:have you|did you) read|what do you know|what is in (?:the|your|this) (?:index|library|collection)"
)
_CLAUSE: Final = re.compile(r"[,;.!?\n]+|\s[-–—]\s")
_FILLER: Final = re.compile(r"\b(?:please|so|well|um|hmm|oh|and|now|then)\b")
_NO_WORD: Final = re.compile(r"[^\w\s]|_")


def small_talk(text: str, documents: Sequence[Document]) -> Reply | None:
    """The reply to small talk; None for a question to the documents.

    Each clause must be small talk: "Hello, what does it cost?" is a question. Of several clauses, one that asks
    something is answered rather than a greeting.

    Args:
        text: the question as it was typed.
        documents: those that may be searched; the reply to "which documents do you have?" lists them.
    """
    clauses = [_FILLER.sub("", _NO_WORD.sub("", clause).casefold()).split() for clause in _CLAUSE.split(text)]
    replies = [_reply(" ".join(clause), documents) for clause in clauses if clause]
    if not replies or None in replies:
        return None
    # Greetings and thanks come first in _TALK, what asks something later.
    return Reply(max(filter(None, replies))[1], "not_a_question")


def _reply(clause: str, documents: Sequence[Document]) -> tuple[int, str] | None:
    if _LISTING.fullmatch(clause):
        return len(_PATTERNS), _listed(documents)
    return next(((place, text) for place, (text, words) in enumerate(_PATTERNS) if words.fullmatch(clause)), None)


def _listed(documents: Sequence[Document]) -> str:
    if not documents:
        return _NO_DOCUMENTS
    names = [f"{document.title} ({document.name})" for document in documents[:_MOST_LISTED]]
    more = f"; and {len(documents) - _MOST_LISTED} more" if len(documents) > _MOST_LISTED else ""
    count = "one document" if len(documents) == 1 else f"{len(documents)} documents"
    return f"I have {count}: {'; '.join(names)}{more}."
