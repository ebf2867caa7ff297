"""Robustness of retrieval to misspelt questions, with and without spelling correction.

``python -m benchmarks.typos knowledge_base/questions.jsonl``, of the index that RAG_INDEX names. Each question gets
one, then two misspelt words: a letter left out, doubled, replaced by one beside it on the keyboard, or two swapped.
"""

from __future__ import annotations

import argparse
import random
import re
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from time import process_time

from rag.composition import open_retriever
from rag.domain.values import Question
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.evaluation.runner import evaluate
from rag.evaluation.summary import summarise
from rag.index.generation import Generation
from rag.query.spelling import correct_spelling, is_known_word
from rag.retrieval.retriever import Retriever
from rag.settings import read_settings
from rag.text.words import STOPWORDS

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_WORD = re.compile(r"\b[A-Za-z]{4,}\b")
_SEED = 20


def misspelt(text: str, words: int, rng: random.Random) -> str:
    """The text with an edit in each of ``words`` of its words of four letters or more; the first letter stays."""
    places = [match.span() for match in _WORD.finditer(text) if match.group().lower() not in STOPWORDS]
    for start, end in sorted(rng.sample(places, min(words, len(places))), reverse=True):
        text = text[:start] + _edited(text[start:end], rng) + text[end:]
    return text


def _edited(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word) - 1)
    letter, following = word[place], word[place + 1]
    row = next((keys for keys in _KEYS if letter.lower() in keys), string.ascii_lowercase)
    beside = row[max(row.index(letter.lower()) - 1, 0)] if letter.lower() in row else "e"
    edits = [word[:place] + word[place + 1 :], word[:place] + letter + word[place:]]
    edits.append(word[:place] + (beside if beside != letter else row[1]) + word[place + 1 :])
    edits.append(word[:place] + following + letter + word[place + 2 :])
    return rng.choice(edits)


def measure(
    questions: Sequence[LabelledQuestion], retriever: Retriever, generation: Generation, reword: Callable[[str], str]
) -> tuple[float, float]:
    """page_hit@1 and page_hit@5 when each question is searched for as ``reword`` makes it."""
    items = evaluate(
        questions,
        lambda question: retriever.retrieve(generation, Question(reword(question.text)), 5),
        None,
        generation,
        lambda *_: None,
    )
    summary = summarise(items, model=None, index=generation.id)
    return summary["page_hit@1"], summary["page_hit@5"]


def main() -> None:
    """Prints a row for each way to ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    options = parser.parse_args()
    questions = [question for question in read_questions(options.questions) if question.answerable and question.pages]
    retriever, index = open_retriever(read_settings())
    generation = index.generation()

    def mend(text: str) -> str:
        return correct_spelling(text, generation, lambda word: is_known_word(word, retriever.encoder, ()))

    changed = [(q.question, mend(q.question)) for q in questions if mend(q.question) != q.question]
    print(f"{len(questions)} questions; mending changes {len(changed)} that are spelt right:")
    for before, after in changed:
        print(f"  {before}\n  {after}")
    print(f"{'':32}page_hit@1  page_hit@5")
    _row("as they are", measure(questions, retriever, generation, lambda text: text))
    _row("as they are, mended", measure(questions, retriever, generation, mend))
    for words in (1, 2):
        rng = random.Random(_SEED)  # noqa: S311 - the same typos each time
        wrong = {q.question: misspelt(q.question, words, rng) for q in questions}
        _row(f"{words} misspelt", measure(questions, retriever, generation, wrong.__getitem__))
        repaired = {question: mend(text) for question, text in wrong.items()}
        _row(f"{words} misspelt, mended", measure(questions, retriever, generation, repaired.__getitem__))
        seconds = [_seconds(mend, text) for text in wrong.values()]
        print(f"  {1000 * mean(seconds):.2f} ms a question, at most {1000 * max(seconds):.2f}")


def _row(name: str, hits: tuple[float, float]) -> None:
    print(f"{name:32}{hits[0]:10.3f}  {hits[1]:10.3f}", flush=True)


def _seconds(call: Callable[[str], str], text: str) -> float:
    start = process_time()
    call(text)
    return process_time() - start


if __name__ == "__main__":
    main()
