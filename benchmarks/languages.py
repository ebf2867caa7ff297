"""BM25 by the language of its text: ``python -m benchmarks.languages FOLDER``, a folder of XQuAD's files.

XQuAD (Artetxe and others, 2020; github.com/google-deepmind/xquad) has the same 240 paragraphs and 1,190 questions in
twelve languages. For each it counts how often the paragraph of a question is first, and among the first five, where
texts and questions are stemmed by the rules of their language, and where by those for English. No model is run.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from rag.index.bm25 import Bm25Index, Terms
from rag.query.multilingual.question_language import language_of_question
from rag.text.language import language_of

_FEW: Final = 5


class Asked(NamedTuple):
    """A question, the number of the paragraph that answers it, and the answer, where the file has one."""

    text: str
    paragraph: int
    answer: str = ""


def read_xquad(file: Path) -> tuple[list[str], list[Asked]]:
    """The paragraphs and questions of a file in SQuAD's format."""
    texts: list[str] = []
    questions: list[Asked] = []
    for article in json.loads(file.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for one in paragraph["qas"]:
                answers = [answer["text"] for answer in one.get("answers", ())]
                questions.append(Asked(one["question"], len(texts), *answers[:1]))
            texts.append(paragraph["context"])
    return texts, questions


def hits(texts: Sequence[str], questions: Sequence[Asked], language: str | None) -> tuple[float, float]:
    """Shares of the questions, 0..1, whose paragraph is first, and among the first five."""
    with TemporaryDirectory() as folder:
        Bm25Index.build(Terms.of(texts, [language] * len(texts))).save(Path(folder))
        index = Bm25Index.load(Path(folder), {language})
        found = [[row for row, _ in index.search(asked.text, _FEW)] for asked in questions]
    ranks = list(zip(questions, found, strict=True))
    first = sum(rows[:1] == [asked.paragraph] for asked, rows in ranks)
    few = sum(asked.paragraph in rows for asked, rows in ranks)
    return first / len(ranks), few / len(ranks)


def _rows(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("xquad.*.json")):
        texts, questions = read_xquad(file)
        language = Counter(map(language_of, texts)).most_common(1)[0][0]
        known = sum(language_of_question(asked.text, [language] if language else []) == language for asked in questions)
        own, english = hits(texts, questions, language), hits(texts, questions, None)
        figures = " | ".join(f"{one:.3f} | {other:.3f}" for one, other in zip(own, english, strict=True))
        yield f"| {file.stem.removeprefix('xquad.')} | {language} | {known / len(questions):.3f} | {figures} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.languages", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with xquad.de.json and the others")
    options = parser.parse_args()
    print("| file | language found | of questions | hit@1 by language | in English | hit@5 by language | in English |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in _rows(options.folder):
        print(row, flush=True)


if __name__ == "__main__":
    main()
