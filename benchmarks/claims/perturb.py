"""Claims made by rule from documents, true and false in equal numbers, each with its quotes.

    python -m benchmarks.claims.perturb knowledge_base --out benchmarks/data/claims.jsonl

A true claim is a sentence in other words; a false one is such a claim with one falsehood in it, so that neither can be
told by its wording. The labels hold by construction, and are wrong for a few in a hundred.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.claims.falsehoods import FALSEHOODS, Falsehood, quotes_of
from benchmarks.claims.pairs import ClaimPair, write_pairs
from benchmarks.claims.rewrites import REWRITES, attributed, merged, resolved
from benchmarks.claims.sources import Sentence, SourceDocument, TableRow, read_document
from rag.cli.console import fail
from rag.errors import PageproofError

# Falsehoods made of one sentence, at most.
_MOST_FALSE: Final = 3
_MOST_SENTENCES: Final = 90
_VERBATIM: Final = 0.15
_OF_TWO: Final = 0.3
# Sentences around one that its falsehoods may take words from.
_AROUND: Final = 25
_MOST_ROWS: Final = 15


def pairs_of(document: SourceDocument, random: Random) -> list[ClaimPair]:
    """Claims about a document, as many true as false."""
    sentences = list(document.sentences)
    if len(sentences) > _MOST_SENTENCES:
        kept = sorted(random.sample(range(len(sentences)), _MOST_SENTENCES))
    else:
        kept = list(range(len(sentences)))
    counts: Counter[str] = Counter()
    true: list[ClaimPair] = []
    false: list[ClaimPair] = []
    for number in kept:
        others = sentences[max(number - _AROUND, 0) : number] + sentences[number + 1 : number + 1 + _AROUND]
        true += _true(sentences[number], random)
        false += _false(sentences[number], others, counts, random)
    for row in random.sample(document.rows, min(len(document.rows), _MOST_ROWS)):
        true.append(_row(row, random, supported=True))
        false.append(_row(row, random, supported=False))
    size = min(len(true), len(false))
    chosen = random.sample(true, size) + random.sample(false, size)
    return [
        ClaimPair(f"{document.name}-{number}", p.claim, p.quotes, p.context, p.supported, p.kind, document.name)
        for number, p in enumerate(chosen, start=1)
    ]


def _true(source: Sentence, random: Random) -> Iterator[ClaimPair]:
    made: dict[str, str] = {}
    for _ in range(3):
        claim, kind = _rewritten(source.text, random)
        # What is verbatim needs little proof that it is found.
        if kind != "verbatim" or random.random() < _VERBATIM:
            made.setdefault(claim, kind)
    for rewrite in (merged, resolved, attributed):
        changed = rewrite(source, random) if random.random() < _OF_TWO else None
        if changed:
            made.setdefault(changed, rewrite.__name__)
    for claim, kind in made.items():
        if kind in ("merged", "resolved"):
            quotes = [source.text, source.after if kind == "merged" else source.before]
        else:
            quotes = quotes_of(source, random)
        yield ClaimPair("", claim, quotes, source.context, supported=True, kind=kind)


def _false(source: Sentence, others: Sequence[Sentence], counts: Counter[str], random: Random) -> Iterator[ClaimPair]:
    made = 0
    # The kind that there is least of comes first.
    for name in sorted(random.sample(list(FALSEHOODS), len(FALSEHOODS)), key=counts.__getitem__):
        claim, _ = _rewritten(source.text, random)
        found: Falsehood | None = FALSEHOODS[name](claim, source, others, random)
        # A falsehood that left nothing changed, as where two equal numbers were swapped, is none.
        if found and found.claim not in (claim, source.text) and found.claim not in " ".join(found.quotes):
            yield ClaimPair("", found.claim, found.quotes, source.context, supported=False, kind=name)
            counts[name] += 1
            made += 1
        if made == _MOST_FALSE:
            return


def _rewritten(text: str, random: Random) -> tuple[str, str]:
    """A text after up to three rewrites, and the name of the last that changed something."""
    kind = "verbatim"
    wanted = random.choice((0, 1, 1, 2, 2, 3))
    for rewrite in random.sample(REWRITES, len(REWRITES)):
        if not wanted:
            break
        if changed := rewrite(text, random):
            text, kind, wanted = changed, rewrite.__name__, wanted - 1
    return text, kind


def _row(row: TableRow, random: Random, *, supported: bool) -> ClaimPair:
    other, value = random.choice(row.others)
    wording = random.choice(("For {}, it is {}.", "{}: {}.", "The value of {} is {}."))
    rows = [f"{row.label} {row.value}", f"{other} {value}"]
    random.shuffle(rows)
    claim = wording.format(row.label, row.value if supported else value)
    return ClaimPair("", claim, ["\n".join(rows)], row.context, supported, "row" if supported else "row_swapped")


def main() -> int:
    """Writes the pairs of all PDFs of the folders."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims.perturb",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pairs: list[ClaimPair] = []
    seen: set[str] = set()
    for path in sorted(found for folder in options.folders for found in folder.rglob("*.pdf")):
        if path.name in seen:
            continue
        seen.add(path.name)
        try:
            document = read_document(path)
        except PageproofError as error:
            return fail(error, 1)
        # By name, so that one more document changes nothing of the others.
        pairs += pairs_of(document, Random(f"{options.seed} {path.name}"))  # noqa: S311 - chance that can be repeated
    write_pairs(pairs, options.out)
    print(f"{options.out}: {len(pairs)} pairs of {len(seen)} documents", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
