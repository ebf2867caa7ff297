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
from rag.query.decomposition import split_comparison
from rag.query.rewriting import depends_on_history, is_faithful
from rag.query.section_lookup import find_section
from rag.query.small_talk import small_talk
from rag.query.spelling import correct_spelling
from rag.query.understand import understand
from rag.query.yes_no import is_yes_no
from rag.runtime.cancellation import Cancellation
from rag.testing import BagOfWordsEncoder, ScriptedModel
from rag.text.dates import period_of, with_quarters
from rag.text.language import language_of
from rag.text.normalization import figures
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
WORD_FUNCTIONS = {"rewriting", "follow-up", "document matching", "grounding", "conflicts", "words", "figures", "dates"}
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
    "small talk": lambda text, library: small_talk(text, library.generation.documents),
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
}


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

    beginnings = BEGINNINGS_OF_WORDS if function in WORD_FUNCTIONS else BEGINNINGS
    for number, (repeated, beginning) in enumerate(product(REPEATED, beginnings)):
        parts = beginning, repeated, ENDINGS[number % len(ENDINGS)]
        # From the shortest on, so that what grows fast is found before it takes minutes.
        for length in (LONGEST // 16, LONGEST // 8, LONGEST // 4, LONGEST // 2):
            if (longer := seconds(call(2 * length))) > SHORT_SECONDS and longer > GROWTH * seconds(call(length)):
                longer, shorter = seconds(call(2 * length), tries=5), seconds(call(length), tries=5)
                assert longer <= max(GROWTH * shorter, SHORT_SECONDS), (parts, length)


@pytest.mark.parametrize(
    "text", ["a" + 2_000 * " " + "b", "is it red or " + 3_900 * "?" + ",", "difference between " + 1_000 * "x and ?"]
)
def test_one_question_is_understood_within_seconds(text: str, library: Library) -> None:
    model, encoder = ScriptedModel(["What does it cost?"]), BagOfWordsEncoder()
    asked = (Question(text), Question(text, history=(Turn("What is covered?", "Theft."),)))
    assert seconds(lambda: [understand(each, library.generation, model, encoder, Cancellation()) for each in asked]) < 5
