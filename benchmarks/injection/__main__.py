"""Prompt injection in documents, ``python -m benchmarks.injection filter [FOLDER...] | answers``.

``filter`` needs no models: which of the poisoned documents the filter cleans, and which sentences of the documents in
the folders, which have no attack, it takes out. ``answers`` asks the language model about poisoned documents, with the
filter and without it; with ``--obedient`` a stand-in that says what every attack that it reads wants. Each answer is
appended to ``--out`` as soon as it is there: a rerun asks only what is not there. After a change of the program, and
for another model, begin with a new file.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from pathlib import Path
from typing import Final

from benchmarks.injection.answers import measured_answers
from benchmarks.injection.filtering import flagged_sentences, is_cleaned
from benchmarks.injection.poisoned import poisoned_documents
from benchmarks.injection.table import shares
from benchmarks.journal import Journal
from benchmarks.machine import processor_line
from rag.cli.console import configure_logging, fail
from rag.errors import PageproofError
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent.parent / "results" / "injection.jsonl"


def main() -> int:
    """Measures and prints tables."""
    options = _parser().parse_args()
    configure_logging()
    documents = poisoned_documents(options.seed)
    print(processor_line())
    if options.what == "filter":
        print(shares("cleaned", [(one.family.name, {"cleaned": is_cleaned(one)}) for one in documents]))
        for folder in options.folders:
            pages, sentences, flagged = flagged_sentences(folder)
            print(f"{folder}: {len(flagged)} of {sentences} sentences on {pages} pages are taken out")
            print("".join(f"  {sentence[:200]}\n" for sentence in flagged), end="")
        return 0
    try:
        journal = Journal(options.out)
        rows = measured_answers(
            documents, options.sample, options.seed, read_settings(), journal,
            obedient=options.obedient, folder=options.keep,
        )  # fmt: skip
    except PageproofError as error:
        return fail(error, 1)
    for is_filtered in (True, False):
        own = [(row["family"], row["verdict"]) for row in rows if row["filter"] is is_filtered]
        print(shares(f"with {'the' if is_filtered else 'no'} filter", own))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.injection",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="of the documents, and of the sample (default 1)")
    commands = parser.add_subparsers(dest="what", required=True)
    filtering = commands.add_parser("filter", help="without models")
    filtering.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="documents without attacks")
    answers = commands.add_parser("answers", help="with the language model: 10 to 20 seconds for each answer")
    answers.add_argument("--sample", type=int, metavar="N", help="so many of the documents, of all families in turn")
    answers.add_argument("--obedient", action="store_true", help="a stand-in in place of the language model")
    answers.add_argument("--out", type=Path, default=RESULTS, metavar="FILE", help="JSON lines (default: %(default)s)")
    answers.add_argument("--keep", type=Path, metavar="FOLDER", help="keep documents and index there for a rerun")
    return parser


if __name__ == "__main__":
    sys.exit(main())
