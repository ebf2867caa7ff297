"""Claims of real drafts: what a language model wrote, sentence by sentence, with the quotes that it was written from.

    python -m benchmarks.claims.drafts --set manual=indexes/manual:manual.jsonl --out pairs.jsonl

Each statement of a draft is a pair with the units of the evidence that it points to; every other one gets a falsehood
(``benchmarks.claims.falsehoods``), because a small model copies more than it invents. Nobody has judged them yet: two
readers do (``benchmarks.claims.label``), who are not told which are which.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.claims.falsehoods import FALSEHOODS
from benchmarks.claims.pairs import ClaimPair, write_pairs
from benchmarks.claims.sources import Sentence
from benchmarks.fitting import add_drafts, remembering_answerer, traced
from benchmarks.question_sets import add_sets
from rag.answering.composing.material import Composition
from rag.answering.evidence.units import Unit
from rag.cli.console import configure_logging, fail, progress
from rag.errors import PageproofError
from rag.evaluation.questions import read_questions
from rag.settings import read_settings

_FEWEST_WORDS: Final = 5
DRAFTED: Final = "drafted"


def pairs_of(name: str, material: Composition, random: Random) -> Iterator[ClaimPair]:
    """The statements of a draft with their quotes, and after each a false one where a falsehood can be made of it.

    Args:
        name: of the question, for the ids.
        material: of the answer.
        random: chooses the falsehoods.
    """
    sentences = [_sentence(unit) for unit in material.units if unit.is_statement]
    for number, pointer in enumerate(material.pointers):
        if not pointer.units or len(pointer.statement.split()) < _FEWEST_WORDS:
            continue
        units = [material.units[place] for place in pointer.units]
        source = _sentence(units[0])
        quotes = [unit.text for unit in units]
        document = units[0].evidence.hit.passage.document.name
        pair = ClaimPair(f"{name}-{number}", pointer.statement, quotes, source.context, None, DRAFTED, document)
        yield pair
        if found := _falsehood(pointer.statement, source, sentences, random):
            claim, kind = found
            yield ClaimPair(f"{name}-{number}-false", claim, quotes, source.context, None, kind, document)


def _falsehood(claim: str, source: Sentence, others: Sequence[Sentence], random: Random) -> tuple[str, str] | None:
    """A claim with a falsehood in it and the kind of it; None where none can be made of it."""
    for kind in random.sample(list(FALSEHOODS), len(FALSEHOODS)):
        found = FALSEHOODS[kind](claim, source, [one for one in others if one.text != source.text], random)
        if found and found.claim not in (claim, source.text) and list(found.quotes) == [source.text]:
            return found.claim, kind
    return None


def _sentence(unit: Unit) -> Sentence:
    document = unit.evidence.hit.passage.document
    context = " > ".join(filter(None, (document.title, *unit.headings)))
    return Sentence(unit.text, "", "", context, document.name, unit.span.page)


def main() -> int:
    """Writes the pairs of all sets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims.drafts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sets(parser)
    add_drafts(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    configure_logging()
    pairs: dict[str, ClaimPair] = {}
    try:
        with progress() as tell:
            for chosen in options.sets:
                questions = read_questions(chosen.questions)
                with remembering_answerer(read_settings(), chosen.index, options.drafts) as answerer:
                    for number, labelled in enumerate(questions, start=1):
                        tell(chosen.name, number, len(questions))
                        made = traced(answerer, labelled.question)
                        if made and (material := made[1].composition):
                            random = Random(f"{options.seed} {labelled.id}")  # noqa: S311 - chance that can be repeated
                            pairs |= {pair.claim: pair for pair in pairs_of(labelled.id, material, random)}
    except PageproofError as error:
        return fail(error, 1)
    write_pairs(pairs.values(), options.out)
    print(f"{options.out}: {len(pairs)} pairs", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
