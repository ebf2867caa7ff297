"""Table answers to questions that were written for tables of many kinds, ``python -m benchmarks.written_tables``.

``data/written_tables.txt`` has pages with a table each, invented for this, and questions about them. A page begins with
a line ``=== LAYOUT NAME SET``: it is drawn in a grid of characters (``drawn``), as a PDF gives it, or has bars between
cells (``bars``), as the other readers write it, or is LaTeX (``latex``). ``Q:`` is a question, ``A:`` the cells that
its answer must have, divided by ``;;``; none where nothing may be stated as fact: the row or column is not there, two
fit equally well, or the value would have to be computed.

The set ``dev`` may be read to mend the lookup; of ``held`` only the counts may. Precision is the share of right among
the answers, coverage that of the questions with a gold answer that have a right one.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from rag.answering.composing.table_answer import TableAnswer, table_answer
from rag.answering.grounding import Evidence
from rag.domain.values import Box, Chunk, Document, Heading, Hit, Page, Passage, Span, Word

DATA: Final = Path(__file__).parent / "data" / "written_tables.txt"
# Width of a character and height of a line on a drawn page, in points.
_CHARACTER, _LINE, _HEIGHT = 3.0, 12.0, 10.0


class WrittenQuestion(NamedTuple):
    """A question with its page.

    Attributes:
        gold: cells that the answer must have; empty where nothing may be stated.
        subset: ``dev`` or ``held``.
    """

    text: str
    gold: tuple[str, ...]
    evidence: Evidence
    subset: str


@dataclass
class _Counts:
    asked: int = 0
    answerable: int = 0
    answered: int = 0
    right: int = 0
    not_computed: int = 0

    def line(self, name: str) -> str:
        precision = f"{self.right / self.answered:.3f}" if self.answered else "-"
        coverage = f"{self.right / self.answerable:.3f}" if self.answerable else "-"
        return (
            f"{name:<8} {self.asked:>6} {self.answerable:>11} {self.answered:>8} {self.right:>6} "
            f"{self.answered - self.right:>6} {self.not_computed:>12} {precision:>9} {coverage:>8}"
        )


def main() -> int:
    """Asks all questions and prints the counts by set; with ``--show dev`` also what was wrong or missed there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.written_tables", description=__doc__)
    parser.add_argument("--file", type=Path, default=DATA)
    parser.add_argument("--show", metavar="SET", help="print what was wrong or missed in this set")
    options = parser.parse_args()
    counts: dict[str, _Counts] = {}
    for question in read(options.file):
        found = table_answer(question.text, [question.evidence])
        count = counts.setdefault(question.subset, _Counts())
        states = found is not None and not is_not_computed(found)
        right = found is not None and states and is_right(found, question.gold)
        count.asked += 1
        count.answerable += bool(question.gold)
        count.not_computed += found is not None and not states
        count.answered += states
        count.right += right
        if options.show == question.subset and (states != bool(question.gold) or (states and not right)):
            print(_report(question, found))
    print("set       asked  answerable answered  right  wrong not_computed precision coverage")
    for subset, count in sorted(counts.items()):
        print(count.line(subset))
    return 0


def is_not_computed(found: TableAnswer) -> bool:
    """True for an answer that says that what is asked for is not computed."""
    return found.kind == "not_computed"


def is_right(found: TableAnswer, gold: Sequence[str]) -> bool:
    """True if an answer has all gold cells, and for one cell that alone as its value."""
    said = " ".join(support.sentence for support in found.support).replace(" | ", " ")
    if len(gold) == 1 and found.value is not None:
        return contains(found.value, gold[0])
    return bool(gold) and all(contains(said, cell) for cell in gold)


def contains(text: str, cell: str) -> bool:
    """True if the words of a cell occur in a text, as whole words; brackets and points at their ends do not matter."""
    return f" {_plain(cell)} " in f" {_plain(text)} "


def _plain(text: str) -> str:
    return " ".join(word.strip("().,;:") for word in text.casefold().split() if word.strip("().,;:"))


def _report(question: WrittenQuestion, found: TableAnswer | None) -> str:
    said = " // ".join(support.sentence for support in found.support) if found else "-"
    return f"{question.text}\n    gold {list(question.gold)}\n    said {said}"


def read(path: Path) -> Iterator[WrittenQuestion]:
    """The questions of a file, in order."""
    for number, block in enumerate(re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]):
        header, _, rest = block.partition("\n")
        layout, name, subset = header.split()
        page, _, asked = rest.partition("\n---\n")
        evidence = _evidence(number, name, drawn_page(page) if layout == "drawn" else marked_page(page))
        for text, gold in re.findall(r"^Q: (.+)\nA:(.*)$", asked, re.MULTILINE):
            yield WrittenQuestion(text, tuple(filter(None, map(str.strip, gold.split(";;")))), evidence, subset)


def drawn_page(lines: str) -> Page:
    """A page as a PDF gives it: words stand where they do in ``lines``, and single spaces are left in the text."""
    words: list[Word] = []
    texts: list[str] = []
    start = 0
    for number, line in enumerate(lines.strip("\n").split("\n")):
        offset = start
        for match in re.finditer(r"\S+", line):
            x0, x1 = match.start() * _CHARACTER, match.end() * _CHARACTER
            words.append(Word(offset, offset + len(match[0]), Box(x0, number * _LINE, x1, number * _LINE + _HEIGHT)))
            offset += len(match[0]) + 1
        texts.append(" ".join(line.split()))
        start += len(texts[-1]) + 1
    return Page(1, "\n".join(texts), 595.0, 842.0, tuple(words), ())


def marked_page(text: str) -> Page:
    """A page of another reader; lines that begin with ``# `` are headings."""
    headings, lines, position = [], [], 0
    for line in text.split("\n"):
        bare = line.removeprefix("# ")
        if bare != line:
            headings.append(Heading(position, position + len(bare), 1))
        lines.append(bare)
        position += len(bare) + 1
    return Page(1, "\n".join(lines), 595.0, 842.0, (), tuple(headings))


def _evidence(number: int, name: str, page: Page) -> Evidence:
    document = Document(f"{number:064}", (name,), name.partition(".")[0], 1, 1)
    chunk = Chunk(Span(1, 0, len(page.text)), page.text, tuple(page.text[h.start : h.end] for h in page.headings))
    return Evidence(Hit(Passage(number, document, chunk), 1.0, None), page)


if __name__ == "__main__":
    raise SystemExit(main())
