"""Questions that lean on what was said before: found by rule, and rewritten by the model so that they stand alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from rag.domain.values import Question, Turn, Usage
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.completion import complete_line
from rag.runtime.cancellation import Cancellation
from rag.text.words import STOPWORDS, is_number, words

_TURNS: Final = 2
_LONGEST_ANSWER: Final = 300
_MAX_TOKENS: Final = 48

REWRITE: Final = """\
Rewrite the last question of the conversation so that it can be understood without the conversation. \
Keep its words, and put in the names that it leaves out. Do not answer it. Reply with the question alone."""

CONVERSATION: Final = "{turns}\n\nLast question: {question}"

_EXAMPLES: Final = [
    ("Q: How much does the annual pass cost?\nA: The annual pass costs 90 euros.", "And for students?",
     "How much does the annual pass cost for students?"),
    ("Q: Who wrote the survey of 2019?\nA: Maria Lenz wrote it.", "When was it printed?",
     "When was the survey of 2019 printed?"),
]  # fmt: skip

_LEANS: Final = re.compile(
    r"(?:and|but|or|also|then|what about|how about|why|how so|how come|since when|until when|which ones?|what else|"
    r"who else|tell me more|more details?|go on|really|are you sure|the same|same)\b",
    re.IGNORECASE,
)
_POINTS_BACK: Final = frozenset(
    "it its they them their theirs he him his she her hers this that these those there one ones former latter same "
    "such other others else both neither".split()
)
# Words that ask rather than name something.
_ASKS: Final = frozenset(words("much many long often far high old soon about more same other else also tell me detail"))
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d[\d.,]*")
_FEWEST_OWN: Final = 3
_STEM: Final = 5


def depends_on_history(text: str) -> bool:
    """Whether a question cannot be understood without those before it.

    It begins with "and", "what about" and the like; or a pronoun stands where little that it could mean came before;
    or it says too little of its own. Told too often rather than too seldom: a rewriting that changes nothing does
    no harm.
    """
    if _LEANS.match(text.strip()):
        return True
    own = 0
    for word in _WORD.findall(text):
        if word.casefold() in _POINTS_BACK and own < 2:
            return True
        own += bool(_own(word))
    return own < _FEWEST_OWN


def rewrite_follow_up(
    question: Question, model: LanguageModel, cancelled: Cancellation
) -> tuple[Question, Question, Usage]:
    """What is put to the model, what is searched for, and the tokens that it took to find out.

    A question that leans on its history is rewritten by the model; the rewriting may use words of the conversation
    only, and must keep those of the question. Where it does not, the history goes into the prompt, and the question
    before is searched for too. What does not lean on its history goes without it.
    """
    if not question.history:
        return question, question, Usage()
    alone = replace(question, history=())
    if not depends_on_history(question.text):
        return alone, alone, Usage()
    text, usage = complete_line(model, _messages(question), max_tokens=_MAX_TOKENS, cancelled=cancelled)
    if is_faithful(text, question):
        alone = replace(alone, text=text)
        return alone, alone, usage
    together = replace(alone, text=f"{question.history[-1].question} {question.text}")
    return question, together, usage


def is_faithful(rewriting: str, question: Question) -> bool:
    """Whether a rewriting says what the conversation says, and all that the question does."""
    said = set(words(rewriting))
    known = set(words(" ".join([question.text, *(f"{t.question} {t.answer}" for t in question.history)])))
    own = _own(question.text)
    # What points back is to be replaced, and what names something is to be kept.
    return bool(said - own) and own <= said and all(_is_known(word, known) for word in said)


def _is_known(word: str, known: set[str]) -> bool:
    """Whether a word is in a conversation, be it in another form: "replacement" for "replaced"."""
    if word in known or is_number(word) or len(word) < _STEM:
        return word in known
    return any(other.startswith(word[:_STEM]) for other in known)


def _own(text: str) -> set[str]:
    """The words of a text that name something."""
    named = " ".join(word for word in _WORD.findall(text) if word.casefold() not in _POINTS_BACK | STOPWORDS)
    return {word for word in words(named) if word not in _ASKS or is_number(word)}


def _messages(question: Question) -> list[Message]:
    examples = [
        message
        for turns, asked, rewritten in _EXAMPLES
        for message in (
            Message("user", CONVERSATION.format(turns=turns, question=asked)),
            Message("assistant", rewritten),
        )
    ]
    turns = "\n".join(_turn(turn) for turn in question.history[-_TURNS:])
    return [
        Message("system", REWRITE),
        *examples,
        Message("user", CONVERSATION.format(turns=turns, question=question.text)),
    ]


def _turn(turn: Turn) -> str:
    return f"Q: {turn.question}\nA: {turn.answer[:_LONGEST_ANSWER]}"
