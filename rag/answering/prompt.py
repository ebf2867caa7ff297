"""Prompt construction: the prompt texts for short values and for whole answers, and the chat of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.evidence.selection import passages_as_text
from rag.answering.grounding import Evidence
from rag.domain.values import Form, Hit, Question
from rag.errors import PromptTooLong
from rag.models.llm.language_model import LanguageModel, Message

NOT_FOUND: Final = "NOT IN THE DOCUMENTS"

# For facts and yes/no questions: the value alone, from which confidence is judged best.
SYSTEM: Final = f"""\
Answer the question from the passages and from nothing else. \
Give only the answer itself, as briefly as possible and in the words of the passages: \
a name, a number, a date or a short phrase. If it is a yes/no question, answer Yes or No. \
If the passages do not say it, reply with exactly: {NOT_FOUND}"""

# For all other forms.
SYSTEM_WHOLE: Final = f"""\
Answer the question from the passages and from nothing else. Use the words of the passages. \
Begin with the direct answer, and leave out nothing that belongs to it: conditions, exceptions, amounts, reasons. \
Write nothing that was not asked for. If the passages do not say it, reply with exactly: {NOT_FOUND}"""

QUESTION: Final = "{passages}\n\nQuestion: {question}"
TODAY: Final = "Today is {date}."
_LONGEST_DATE: Final = "30 September 2026"

# What follows the question, by the form of the answer.
INSTRUCTIONS: Final[Mapping[Form, str]] = {
    "how_to": "Give all the steps in their order, as a numbered list, in the words of the passages.",
    "list": "Give the complete list, one item on each line, in the words of the passages.",
    "explain": "Explain it in two to five whole sentences, with every reason and amount that the passages give.",
    "about": "Give everything that the passages say about it, in three to six whole sentences.",
    "comparison": "For each point say what holds for the one and what holds for the other.",
    "parts": "Answer every part of the question, each in a whole sentence.",
    "table": "Give every value that was asked for, each with its name, one on each line.",
    "overview": "Give an overview in four to six whole sentences.",
    "keyword": "Say in one or two whole sentences what the passages state about it.",
}
# Instruction of a further draft, which is not shown: what two drafts take belongs to the answer more surely.
REREADING: Final = (
    "List every fact, amount, condition and exception of the passages that belongs to a complete answer, one on each "
    "line."
)
SENTENCE: Final = (
    "Now give this answer as one whole sentence that can be understood without the question, with its condition if "
    "there is one, in the words of the passages."
)

# The vocabulary of an answer is the words of its question and passages, and these that join them.
JOINING: Final = "and or not , . ; :"
FUNCTION_WORDS: Final = (
    f"{JOINING} "
    "Yes No ( ) - 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. a an the The is are was were be been has have had do does "
    "did can may must should will would to of in In on at by for For from with without if If when When while because "
    "as than that this This these These those it It its they They them their there There which who both Both each all "
    "All only also but so you You your I no then before after between more less"
)

SELF_CHECK: Final = "Do the passages say so? Answer Yes or No."
YES: Final = ("Yes", "yes")
NO: Final = ("No", "no")


@dataclass(frozen=True)
class EvidencePrompt:
    """The prompt of a question with its evidence.

    Attributes:
        chat: system message, history, and the question with its passages.
        evidence: the passages that are in the chat, best first.
        vocabulary: text with every word that the answer may use; see the vocabulary mask of the model.
    """

    chat: tuple[Message, ...]
    evidence: Sequence[Evidence]
    vocabulary: str

    @property
    def sentence_vocabulary(self) -> str:
        """The vocabulary with the function words that a sentence needs."""
        return f"{self.vocabulary}\n{FUNCTION_WORDS}"

    @property
    def hits(self) -> list[Hit]:
        """The hits of the evidence."""
        return [item.hit for item in self.evidence]


def room_for_evidence(model: LanguageModel, question: Question, max_tokens: int, *, system: str = SYSTEM) -> int:
    """Tokens that instructions, history, question and ``max_tokens`` of answer leave in the model's context.

    Raises:
        PromptTooLong: the question and its history do not fit.
    """
    # The longest instruction, so that the room is the same for every form, draft and day.
    longest = f"{TODAY.format(date=_LONGEST_DATE)}\n{max([*INSTRUCTIONS.values(), REREADING], key=len)}"
    empty = model.prompt(_messages(question, (), system, longest))
    room = model.context_tokens - max_tokens - empty.length
    if room < 0:
        raise PromptTooLong(
            f"the question and its history take {empty.length} tokens, which the context of "
            f"{model.context_tokens} does not hold beside an answer of {max_tokens}; ask shorter, or lower max_tokens",
            "question",
        )
    return room


def value_prompt(question: Question, evidence: Sequence[Evidence], *, today: str | None = None) -> EvidencePrompt:
    """The prompt for the value alone: a name, a number, a date, a short phrase, yes or no."""
    chat = _messages(question, evidence, SYSTEM, TODAY.format(date=today) if today else "")
    return EvidencePrompt(tuple(chat), evidence, f"{chat[-1].text}\n{JOINING}")


def whole_prompt(
    question: Question, form: Form, evidence: Sequence[Evidence], *, today: str | None = None
) -> EvidencePrompt:
    """The prompt for a whole answer in a form."""
    return _whole_prompt(question, INSTRUCTIONS.get(form, INSTRUCTIONS["about"]), evidence, today)


def rereading_prompt(question: Question, evidence: Sequence[Evidence], *, today: str | None) -> EvidencePrompt:
    """The prompt for a further draft of a whole answer; it begins with the same passages as :func:`whole_prompt`."""
    return _whole_prompt(question, REREADING, evidence, today)


def _whole_prompt(
    question: Question, instruction: str, evidence: Sequence[Evidence], today: str | None
) -> EvidencePrompt:
    lines = [*([TODAY.format(date=today)] if today else []), instruction]
    chat = _messages(question, evidence, SYSTEM_WHOLE, "\n".join(lines))
    return EvidencePrompt(tuple(chat), evidence, f"{chat[-1].text}\n{FUNCTION_WORDS}")


def _messages(question: Question, evidence: Sequence[Evidence], system: str, instruction: str) -> list[Message]:
    passages = "\n\n".join(passages_as_text(evidence))
    history = [
        message
        for turn in question.history
        for message in (Message("user", turn.question), Message("assistant", turn.answer))
    ]
    asked = QUESTION.format(passages=passages, question=question.text)
    return [
        Message("system", system),
        *history,
        Message("user", f"{asked}\n{instruction}" if instruction else asked),
    ]
