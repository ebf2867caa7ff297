"""Time complexity: each function that reads a question takes time that is linear in the question's length (ReDoS)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import process_time
from typing import Final

import pytest

from rag.answering.conflicts import find_conflict
from rag.answering.grounding import Evidence, ground
from rag.domain.values import Hit, Question, Turn
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.query.capabilities import impossible_request
from rag.query.collection import collection_reply
from rag.query.decomposition import split_comparison
from rag.query.english.clauses import asks_of, plain
from rag.query.english.names import find_names
from rag.query.form import form_of_question
from rag.query.identifiers import missing_identifiers
from rag.query.lookup.headings import parse_heading
from rag.query.lookup.prior_documents import prior_documents
from rag.query.multilingual.question_language import language_of_question
from rag.query.parts import attributes_of, part_label, parts_of
from rag.query.relative_dates import needs_today
from rag.query.rewording.rewriting import depends_on_history, first_sentence, is_faithful
from rag.query.section_lookup import find_section
from rag.query.small_talk import small_talk
from rag.query.spelling import correct_spelling
from rag.query.understand import understand
from rag.query.yes_no import is_yes_no
from rag.runtime.cancellation import Cancellation
from rag.testing import BagOfWordsEncoder, ScriptedModel
from rag.text.dates import period_of, with_quarters
from rag.text.language import language_of
from rag.text.normalization import figures, normalize
from rag.text.sentences import sentence_spans
from rag.text.words import words
from tests.unit.conftest import publish, quick_folder

# The most characters that the service takes in a question.
LONGEST: Final = 4_000
# A call that takes less is short enough, whatever its growth; slow machines need some of it for linear work.
SHORT_SECONDS: Final = 0.05
# For twice the length: 2 if the time is linear, 4 if it is quadratic.
GROWTH: Final = 3.5

LIBRARY = {
    "terms_2023.pdf": ["The warranty covers theft. The deductible is 45 dollars since 1 May 2023."],
    "terms_2025.pdf": ["The warranty covers theft. The deductible is 35 dollars since 1 May 2025."],
}
BEGINNINGS = (
    "", "a", "1 May ", "[1", "is it red or ", "if ", "tell me ", "do you ", "compare ", "difference between ",
    "summarize chapter ", "summary of x ",
)  # fmt: skip
REPEATED = (
    " ", "\n", "\t", "?", "? ", ".", ". ", ",", " ,", "'", '"', "-", "(", "[", "$", "a", "é", "1", "1,", "1 ", "a1",
    "aA", "a.b", "or ", "or x ", "or not ", "and ", "of ", "of x ", "between ", "between x ", "differ ",
    "differ between ", "compare a ", "versus ", "rather ", "than ", "is ", "is it ", "if ", "if so ", ", isn't it ",
    "please ", "tell me ", "do you know ", "why ", "chapter ", "in x sentences ", "May ", "1 May ", "first quarter ",
)  # fmt: skip
# For functions that read no grammar beyond words, numbers and dates, and take milliseconds.
BEGINNINGS_OF_WORDS = ("", "1 May ")
WORD_FUNCTIONS = {
    "rewriting", "follow-up", "document matching", "grounding", "conflicts", "words", "figures", "dates", "names",
    "identifiers", "headings", "today", "prior documents", "first sentence",
}  # fmt: skip
ENDINGS = ("b", "?", ", x", "", "\nb", " and b", ".")


@dataclass(frozen=True)
class Library:
    """An index, and all of it as evidence."""

    generation: Generation
    evidence: Sequence[Evidence]


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with quick_folder() as folder:
        publish(Path(folder), LIBRARY, BagOfWordsEncoder())
        generation = open_current(Path(folder), BagOfWordsEncoder().identity)
        passages = generation.passages(range(len(generation)))
        pages = [generation.page(each.document.id, each.chunk.span.page) for each in passages]
        yield Library(generation, [Evidence(Hit(each, 1.0), page) for each, page in zip(passages, pages, strict=True)])


FUNCTIONS: dict[str, Callable[[str, Library], object]] = {
    "small talk": lambda text, _: small_talk(text),
    "yes or no": lambda text, _: is_yes_no(text),
    "decomposition": lambda text, library: split_comparison(Question(text), library.generation.documents),
    "follow-up": lambda text, _: depends_on_history(text),
    "rewriting": lambda text, _: is_faithful("What does it cost?", Question(text, history=(Turn(text, text),))),
    "section lookup": lambda text, library: find_section(Question(text), library.generation),
    "language": lambda text, _: language_of(text),
    "spelling": lambda text, library: correct_spelling(text, library.generation, lambda _: False),
    "document matching": lambda text, library: library.generation.document_match(text),
    "BM25": lambda text, library: library.generation.bm25_scores(text),
    "grounding": lambda text, library: ground(text, "It is 45 dollars.", library.evidence),
    "conflicts": lambda text, library: find_conflict(text, (), library.evidence),
    "words": lambda text, _: words(text),
    "figures": lambda text, _: list(figures(text)),
    "sentences": lambda text, _: list(sentence_spans(text)),
    "dates": lambda text, _: (with_quarters(text), period_of(text)),
    "clauses": lambda text, _: asks_of(plain(text)),
    "form": lambda text, _: form_of_question(text),
    "form in German": lambda text, _: form_of_question(text, "German"),
    "form in Chinese": lambda text, _: form_of_question(text, "Chinese"),
    "language of a question": lambda text, _: language_of_question(text),
    "numbers and dates of a language": lambda text, _: normalize(text, "German"),
    "parts": lambda text, _: [part_label(part) for part in parts_of(text)],
    "attributes": lambda text, _: attributes_of(text),
    "capabilities": lambda text, _: impossible_request(text),
    "collection": lambda text, library: collection_reply(Question(text), library.generation),
    "names": lambda text, _: find_names(text),
    "identifiers": lambda text, library: missing_identifiers(text, library.generation, library.generation.documents),
    "headings": lambda text, _: parse_heading(text),
    "today": lambda text, _: needs_today(text),
    "prior documents": lambda text, library: prior_documents(
        Question("Why?", history=(Turn(text, text),)), library.generation
    ),
    "first sentence": lambda text, _: first_sentence(text),
}
# These read the grammar of a question.
GRAMMAR_FUNCTIONS = {
    "clauses", "form", "parts", "attributes", "capabilities", "collection",
}  # fmt: skip
BEGINNINGS_OF_QUESTIONS = ("", "how do i ", "which documents mention ", "what is on ", "explain ", "translate ", "x: ")
REPEATED_IN_QUESTIONS = (
    " - ", ": ", "(", "A ", "A1 ", "TR-90 ", "TR-", "Q1 ", "2024 ", "v1.", "1.1", "version ", "who ", ", who ",
    "and who ", "how do i ", "how x ", "which a ", "what is ", "list all ", "explain what ", "next ", "of each ",
    "a, b and ", "with their ", "the ", "first quarter ", "write a ", "who wrote ", "# ", "| ", "**", "i ", "iv",
    "so who ", "thanks ", "not ", " about", "documents ", "page ", "chapter 1 ", "in a few sentences ", "say please ",
    "İ", "Zürich ",
)  # fmt: skip


def text_of(beginning: str, repeated: str, ending: str, length: int) -> str:
    middle = length - len(beginning) - len(ending)
    return beginning + (repeated * (middle // len(repeated) + 1))[:middle] + ending


def seconds(call: Callable[[], object], tries: int = 1) -> float:
    """The shortest of several runs, in seconds of this process."""
    best = float("inf")
    for _ in range(tries):
        start = process_time()
        call()
        best = min(best, process_time() - start)
    return best


@pytest.mark.parametrize("function", FUNCTIONS)
def test_time_is_linear_in_the_length(function: str, library: Library) -> None:
    def call(length: int) -> Callable[[], object]:
        return lambda: FUNCTIONS[function](text_of(*parts, length), library)

    for number, (repeated, beginning) in enumerate(_texts(function)):
        parts = beginning, repeated, ENDINGS[number % len(ENDINGS)]
        # From the shortest on, so that what grows fast is found before it takes minutes.
        for length in (LONGEST // 16, LONGEST // 8, LONGEST // 4, LONGEST // 2):
            if (longer := seconds(call(2 * length))) > SHORT_SECONDS and longer > GROWTH * seconds(call(length)):
                longer, shorter = seconds(call(2 * length), tries=5), seconds(call(length), tries=5)
                assert longer <= max(GROWTH * shorter, SHORT_SECONDS), (parts, length)


def _texts(function: str) -> Iterator[tuple[str, str]]:
    """What is repeated, and what stands before it."""
    if function in GRAMMAR_FUNCTIONS:
        # Each with no beginning and with one of them, in turn: these functions know hundreds of words.
        for number, repeated in enumerate((*REPEATED, *REPEATED_IN_QUESTIONS)):
            beginnings = (*BEGINNINGS, *BEGINNINGS_OF_QUESTIONS)
            yield from ((repeated, ""), (repeated, beginnings[number % len(beginnings)]))
        return
    yield from product(REPEATED, BEGINNINGS_OF_WORDS if function in WORD_FUNCTIONS else BEGINNINGS)


@pytest.mark.parametrize(
    "text", ["a" + 2_000 * " " + "b", "is it red or " + 3_900 * "?" + ",", "difference between " + 1_000 * "x and ?"]
)
def test_one_question_is_understood_within_seconds(text: str, library: Library) -> None:
    model, encoder = ScriptedModel(["What does it cost?"]), BagOfWordsEncoder()
    asked = (Question(text), Question(text, history=(Turn("What is covered?", "Theft."),)))
    assert seconds(lambda: [understand(each, library.generation, model, encoder, Cancellation()) for each in asked]) < 5
