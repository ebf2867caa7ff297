"""Small talk: greetings, thanks and questions about Pageproof get a fixed reply, without search or model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

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
    "sentence. You can ask for facts and numbers, for steps, lists and reasons, compare two documents, ask for a "
    "summary of a section, and ask follow-up questions. Where the documents do not hold the answer, I say so."
)

_WHOM: Final = r"(?: (?:there|all|everyone|everybody|you|again|pageproof|team|folks|friend))*"
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
        r"ok|okay|alright|got it|i see|i understand|fair enough|noted|sounds good|all (?:good|clear|right)|well done"
        r"|wow|(?:that|this) is (?:all|it|everything)|thats (?:all|it|everything)|no (?:more|further) questions?|"
        r"(?:that|it) works|works for me|(?:this |that |it )?(?:is |was )?(?:just |exactly )?what i (?:needed|wanted)"
        r"|thats (?:just |exactly )?what i (?:needed|wanted)|how (?:helpful|useful|nice|kind|lovely)",
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
_THANKING: Final = frozenset(
    "thanks thank thx tnx ty cheers danke dank merci gracias grazie appreciate appreciated".split()
)
_PRAISING: Final = frozenset(
    "helpful useful great perfect awesome amazing excellent brilliant wonderful fantastic nice lovely superb "
    "impressive cool helped helps best understood super informative".split()
)
_AROUND_PRAISE: Final = _PRAISING | frozenset(
    "that this it thats its was is were are very so really most quite all a an the answer answers reply job work one "
    "me i you your youre just exactly now lot pretty extremely absolutely indeed much has been good fine clear help ok "
    "okay yes love".split()
)
_AROUND_THANKS: Final = (
    _THANKING
    | _AROUND_PRAISE
    | frozenset(
        "many million bunch tons again for to of my dear kind kindly quick fast time information info explanation "
        "support effort everything helping explaining clarifying clarification assistance sehr viel vielen beaucoup "
        "mille no bye everyone everybody guys team mate friend pageproof what needed taking such heaps big".split()
    )
)
_ASKING_FIRST: Final = frozenset("is was were are the a an".split())
_PATTERNS: Final = [(text, re.compile(pattern)) for text, pattern in _TALK]
_CLAUSE: Final = re.compile(r"[,;.!?\n]+|\s[-–—]\s")
_FILLER: Final = re.compile(r"\b(?:please|so|well|um|hmm|oh|and|now|then)\b")
_NO_WORD: Final = re.compile(r"[^\w\s]|_")


def small_talk(text: str) -> Reply | None:
    """The reply to small talk; None for a question to the documents.

    Each clause must be small talk: "Hello, what does it cost?" is a question. Of several clauses, one that asks
    something is answered rather than a greeting.

    Args:
        text: the question as it was typed.
    """
    clauses = [_FILLER.sub("", _NO_WORD.sub("", clause).casefold()).split() for clause in _CLAUSE.split(text)]
    replies = [_reply(" ".join(clause)) for clause in clauses if clause]
    if not replies or None in replies:
        return None
    # Greetings and thanks come first in _TALK, what asks something later.
    return Reply(max(filter(None, replies))[1], "not_a_question")


def _reply(clause: str) -> tuple[int, str] | None:
    if _is_thanks(clause.split()):
        return 1, _THANKS
    return next(((place, text) for place, (text, words) in enumerate(_PATTERNS) if words.fullmatch(clause)), None)


def _is_thanks(clause: Sequence[str]) -> bool:
    """True if a clause has nothing but words of thanks or praise, and does not ask: "is this useful"."""
    if not _THANKING.isdisjoint(clause):
        return _AROUND_THANKS.issuperset(clause)
    return not _PRAISING.isdisjoint(clause) and _AROUND_PRAISE.issuperset(clause) and clause[0] not in _ASKING_FIRST
