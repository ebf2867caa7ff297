"""Table lookup on given pages, without retrieval or model, ``python -m benchmarks.table_lookup FOLDER ...``.

A folder has ``questions.jsonl`` and its documents in ``docs``; or is only a folder of documents. Measured are

- the questions about tables whose pages are known: the tables of these pages are the evidence. An answer is right where
  it has the gold answer or is in it; questions whose answer is yes or no, or is computed, count by themselves;
- made questions, from the tables as they were parsed: the cell is the gold answer, so this measures the lookup, not
  the parsing. Each is asked in full ("What is the price of ...?"), as a phrase in lower case, and shortened: without
  remarks and units;
- made questions that have no answer: with another name, another year, or a column that is not there. Any finding is
  wrong.

Precision is the share of right among the findings. It is also printed for each kind of finding, over all questions that
have no labels: by these numbers ``rag.answering.tables.wording`` says how sure each kind is.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from ingest.readers.limits import ReadingLimits
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions
from rag.answering.tables.finding import CellFinding
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.wording import finding_sentence, table_rows
from rag.domain.values import Page
from rag.errors import FileFault
from rag.evaluation.correctness import contains, normalised
from rag.evaluation.questions import LabelledQuestion, read_questions

# Made questions: from so many cells of a table, at most.
_CELLS_OF_A_TABLE: Final = 6
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_REMARK: Final = re.compile(r"\s*[(,;:–—].{0,300}$", re.DOTALL)
_ABSENT: Final = ("Quorvex blend", "Tarnholt", "the Zimbrel 40", "Oskerra fee", "vellidium")
_COMPUTED: Final = re.compile(
    r"\b(?:compare|comparing|difference|by how much|average|total of|sum|calculate)\b", re.IGNORECASE
)


class Asked(NamedTuple):
    """A question with its evidence; ``gold`` is empty where nothing should be found."""

    kind: str
    question: str
    tables: Sequence[TableInEvidence]
    gold: Sequence[str]

    @property
    def is_made(self) -> bool:
        """True for a question that was made from a table."""
        return self.kind.partition(": ")[2].startswith(("made", "absent"))


@dataclass
class Score:
    """Counts of one kind of question."""

    asked: int = 0
    answered: int = 0
    right: int = 0

    def line(self, kind: str) -> str:
        """The counts as a line of a table."""
        precision = f"{self.right / self.answered:.3f}" if self.answered else "-"
        wrong = self.answered - self.right
        return f"{kind:<40} {self.asked:>6} {self.answered:>8} {self.right:>6} {wrong:>6} {precision:>9}"


def main() -> int:
    """Asks all questions and prints the counts; with ``--wrong`` also the wrong findings."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.table_lookup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--least-score", type=float, default=0.0, help="findings below it do not count (default 0)")
    parser.add_argument("--wrong", action="store_true", help="print each wrong finding")
    parser.add_argument("--missed", action="store_true", help="print each question without a finding")
    parser.add_argument("--seed", type=int, default=1, help="of the made questions (default 1)")
    options = parser.parse_args()
    scores: dict[str, Score] = {}
    by_grounds: dict[str, Score] = {}
    for folder in options.folders:
        for asked in _questions(folder, random.Random(options.seed)):  # noqa: S311 - a sample that can be repeated
            found = [one for one in look_up(asked.question, asked.tables) if one.score >= options.least_score]
            shown = [one for one in found if one.kind != "not_computed"]
            score = scores.setdefault(asked.kind, Score())
            right = bool(shown) and _is_right(shown, asked.gold)
            score.asked += 1
            score.answered += bool(shown)
            score.right += right
            if shown and asked.is_made:
                grounds = by_grounds.setdefault(_grounds(shown), Score())
                grounds.asked += 1
                grounds.answered += 1
                grounds.right += right
            if (options.wrong and shown and not right) or (options.missed and not shown and asked.gold):
                print(_report(asked, shown))
    print(f"{'questions':<40} {'asked':>6} {'answered':>8} {'right':>6} {'wrong':>6} {'precision':>9}")
    for kind in sorted(scores):
        print(scores[kind].line(kind))
    print(f"\n{'findings for made questions':<70} {'found':>6} {'wrong':>6} {'precision':>9}")
    for kind, score in sorted(by_grounds.items()):
        print(f"{kind:<70} {score.answered:>6} {score.answered - score.right:>6} {score.right / score.answered:>9.3f}")
    return 0


def _grounds(found: Sequence[CellFinding]) -> str:
    """The kind of a finding with what it rests on; of several, of the one that is least sure."""
    weakest = min(found, key=lambda one: one.score)
    several = " (several)" if len(found) > 1 else ""
    return f"{weakest.kind}{several}: {', '.join(weakest.basis)}"


def _questions(folder: Path, chance: random.Random) -> Iterator[Asked]:
    pages = _read(folder / "docs" if (folder / "docs").is_dir() else folder)
    if (folder / "questions.jsonl").is_file():
        for question in read_questions(folder / "questions.jsonl"):
            yield from _labelled(folder.name, question, pages)
    for name, numbered in pages.items():
        for page in numbered.values():
            yield from _made(folder.name, _tables(name, page), chance)


def _read(folder: Path) -> Mapping[str, Mapping[int, Page]]:
    options = ReadingOptions(ReadingLimits(), ocr="off")
    read: dict[str, Mapping[int, Page]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in READERS and path.is_file():
            try:
                text = READERS[path.suffix.lower()](path, options)
            except FileFault:
                continue
            read[path.name] = {page.number: page for page in text.pages}
    return read


def _tables(name: str, page: Page) -> list[TableInEvidence]:
    return [
        TableInEvidence(table, context=(name,), surroundings=page.text, source=(name, page.number))
        for table in parse_tables(page.text, page.words)
    ]


def _labelled(folder: str, question: LabelledQuestion, pages: Mapping[str, Mapping[int, Page]]) -> Iterator[Asked]:
    """The question, if it is about a table and its pages are known."""
    about = "table" in f"{question.source} {question.form}".casefold()
    if not about or not question.answers:
        return
    tables = [
        table
        for name in sorted(question.gold_documents)
        for number in question.pages
        if number in pages.get(name, {})
        for table in _tables(name, pages[name][number])
    ]
    if tables:
        yield Asked(f"{folder}: {_form(question)}", question.question, tables, question.answers)


def _form(question: LabelledQuestion) -> str:
    if normalised(question.answers[0]) in ("yes", "no"):
        return "yes/no (a cell is not one)"
    return "compared or computed" if _COMPUTED.search(question.question) else "labelled"


def _made(folder: str, tables: Sequence[TableInEvidence], chance: random.Random) -> Iterator[Asked]:
    keys = Counter(
        _keys(evidence, row, column)
        for evidence in tables
        for row in range(len(evidence.table.rows))
        for column in range(evidence.table.keys, len(evidence.table.heads))
    )
    for evidence in tables:
        table = evidence.table
        cells = [
            (row, column)
            for row in range(len(table.rows))
            for column in range(table.keys, len(table.heads))
            if _is_askable(evidence, row, column)
            and keys[table.key(row).casefold(), table.heads[column].casefold()] == 1
        ]
        for row, column in chance.sample(cells, min(_CELLS_OF_A_TABLE, len(cells))):
            made = _asked_of(evidence, row, column, chance)
            yield from (Asked(f"{folder}: {kind}", question, tables, gold) for kind, question, gold in made)


def _keys(evidence: TableInEvidence, row: int, column: int) -> tuple[str, str]:
    return evidence.table.key(row).casefold(), evidence.table.heads[column].casefold()


def _is_askable(evidence: TableInEvidence, row: int, column: int) -> bool:
    table = evidence.table
    key, head, cell = table.key(row), table.heads[column], table.rows[row].cells[column]
    words = all(any(character.isalnum() for character in text) for text in (key, head, cell))
    return words and len(key) <= 120 and len(head) <= 100 and len(cell) <= 120 and table.rows[row].certain


def _asked_of(
    evidence: TableInEvidence, row: int, column: int, chance: random.Random
) -> Iterator[tuple[str, str, Sequence[str]]]:
    table = evidence.table
    key, head, gold = table.key(row), table.heads[column], (table.rows[row].cells[column],)
    short = [_REMARK.sub("", text) or text for text in (key, head)]
    yield "made, in full", f"What is the {head} of {key}?", gold
    yield "made, a phrase", f"{key} {head}".casefold(), gold
    yield "made, shortened", f"What is the {short[1]} of {short[0]}?", gold
    absent = chance.choice(_ABSENT)
    yield "absent row", f"What is the {head} of {absent}?", ()
    yield "absent row, similar", f"What is the {head} of {_altered(key, absent)}?", ()
    yield "absent column", f"What is the {absent} of {key}?", ()
    if _YEAR.search(f"{key} {head}"):
        yield "absent year", _YEAR.sub("1973", f"What is the {head} of {key}?"), ()


def _altered(key: str, absent: str) -> str:
    """The key with its longest word replaced."""
    longest = max(re.findall(r"\w+", key), key=len)
    return key.replace(longest, absent.split()[-1] if absent.split()[-1].isalpha() else "Tarnholt")


def _is_right(found: Sequence[CellFinding], golds: Sequence[str]) -> bool:
    golds = [gold.replace("×", "times") for gold in golds]
    said = " ".join([f"{one.value} " + " ".join([*table_rows(one)[1:]]) for one in found]).replace("×", "times")
    values = [one.value.replace("×", "times") for one in found if normalised(one.value)]
    return any(
        contains(said, gold) or (bool(values) and all(contains(gold, value) for value in values)) for gold in golds
    )


def _report(asked: Asked, found: Sequence[CellFinding]) -> str:
    lines = [f"[{asked.kind}] {asked.question!r}", f"    gold: {list(asked.gold)}"]
    for one in found:
        said = finding_sentence(asked.question, one) or "; ".join(table_rows(one)[:4])
        lines.append(f"    {one.kind} {one.score} {one.table.source}: {said[:300]}")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
