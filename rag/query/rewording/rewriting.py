"""Query rewriting: a follow-up question, found by rules, is made self-contained by the language model."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from rag.domain.values import Question, Turn, Usage
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.english.names import find_names
from rag.query.identifiers import identifiers_of
from rag.query.rewording.completion import complete_line
from rag.runtime.cancellation import Cancellation
from rag.text.sentences import sentence_spans
from rag.text.words import STOPWORDS, is_number, words

_TURNS: Final = 2
# Turns in which the name of what is talked about is looked for, the last ones.
_TURNS_WITH_NAMES: Final = 5
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

_FOLLOW_UP: Final = re.compile(
    r"(?:and|but|or|also|then|what about|how about|why|how so|how come|since when|until when|which ones?|what else|"
    r"who else|tell me more|more details?|go on|really|are you sure|the same|same)\b",
    re.IGNORECASE,
)
_PRONOUNS: Final = frozenset(
    "it its they them their theirs he him his she her hers this that these those there one ones former latter same "
    "such other others else both neither".split()
)
# Words of a question that name nothing.
_NAMES_NOTHING: Final = frozenset(
    words("much many long often far high old soon about more same other else also tell me detail")
)
# Markdown of an answer: marks of headings and items at the beginning of a line, emphasis, rows of tables.
_LINE_MARKS: Final = re.compile(r"^(?:#{1,6} |[-*+] |\d{1,3}[.)] |> )", re.MULTILINE)
_EMPHASIS: Final = re.compile(r"\*\*|__|`")
_TABLE_ROW: Final = re.compile(r"^\|.*$", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d[\d.,]*")
_FEWEST_CONTENT_WORDS: Final = 3
# Characters in which two forms of one word agree.
_COMMON_PREFIX: Final = 5


def depends_on_history(text: str) -> bool:
    """True if a question is a follow-up, which cannot be understood without the conversation.

    It begins with "and", "what about" and the like; or has a pronoun with fewer than two content words before it, which
    could be its antecedent; or has fewer than three content words. It is true too often rather than too seldom: a
    rewriting that changes nothing does no harm.
    """
    if _FOLLOW_UP.match(text.strip()):
        return True
    found = 0
    for word in _WORD.findall(text):
        if word.casefold() in _PRONOUNS and found < 2:
            return True
        found += bool(_content_words(word))
        if found >= _FEWEST_CONTENT_WORDS:
            return False
    return True


def rewrite_follow_up(
    question: Question, model: LanguageModel, cancelled: Cancellation
) -> tuple[Question, Question, Usage]:
    """The question for the prompt, the question for the search, and the tokens that rewriting took.

    A follow-up is rewritten by the model; the rewriting must be faithful (:func:`is_faithful`). Where it is not, the
    history goes into the prompt, and the search has the question before it, too. Any other question goes without its
    history.
    """
    if not question.history:
        return question, question, Usage()
    standalone = replace(question, history=())
    if not depends_on_history(question.text):
        return standalone, standalone, Usage()
    text, usage = complete_line(model, _messages(question), max_tokens=_MAX_TOKENS, cancelled=cancelled)
    if is_faithful(text, question):
        standalone = replace(standalone, text=_with_topic(text, question))
        return standalone, standalone, usage
    together = f"{question.history[-1].question} {question.text}"
    return question, replace(standalone, text=_with_topic(together, question)), usage


def _with_topic(rewriting: str, question: Question) -> str:
    """A rewriting with the name that the conversation is about, where it names nothing: the model often drops it.

    The name is that of the last earlier question that has one: "Who pays the drivers?" after a question about the Tarn
    lease becomes "Who pays the drivers (the Tarn lease)?".
    """
    if find_names(rewriting) or identifiers_of(rewriting):
        return rewriting
    earlier = [turn.question for turn in question.history[-_TURNS_WITH_NAMES:]]
    named = next((found for text in reversed(earlier) if (found := find_names(text) or identifiers_of(text))), None)
    if not named:
        return rewriting
    last = named[-1]
    name = last if isinstance(last, str) else last.phrase
    body = rewriting.rstrip(" .?!")
    return f"{body} ({name}){rewriting[len(body) :].strip() or '?'}"


def is_faithful(rewriting: str, question: Question) -> bool:
    """True if a rewriting has all content words of the question, at least one more, and none from elsewhere.

    What it adds must be in the conversation; words of five letters and more may be there in another form.
    """
    rewritten = set(words(rewriting))
    known = set(words(" ".join([question.text, *(f"{t.question} {t.answer}" for t in question.history)])))
    own = _content_words(question.text)
    # Pronouns are to be replaced, and content words to be kept.
    return bool(rewritten - own) and own <= rewritten and all(_is_known(word, known) for word in rewritten)


def _is_known(word: str, known: set[str]) -> bool:
    """True if a word is in a conversation, be it in another form: "replacement" for "replaced"."""
    if word in known or is_number(word) or len(word) < _COMMON_PREFIX:
        return word in known
    return any(other.startswith(word[:_COMMON_PREFIX]) for other in known)


def _content_words(text: str) -> set[str]:
    """The words of a text that name something."""
    named = " ".join(word for word in _WORD.findall(text) if word.casefold() not in _PRONOUNS | STOPWORDS)
    return {word for word in words(named) if word not in _NAMES_NOTHING or is_number(word)}


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
    return f"Q: {turn.question}\nA: {first_sentence(turn.answer)[:_LONGEST_ANSWER]}"


def first_sentence(answer: str) -> str:
    """The first sentence of an answer in Markdown, without its marks; of a list its beginning, of a table nothing."""
    text = _EMPHASIS.sub("", _LINE_MARKS.sub("", _TABLE_ROW.sub("", answer[: 4 * _LONGEST_ANSWER])))
    sentences = sentence_spans(text.strip())
    start, end = next(iter(sentences), (0, 0))
    return " ".join(text.strip()[start:end].split())
