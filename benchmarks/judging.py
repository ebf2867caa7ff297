"""Human evaluation of citations: a sheet on which a person judges whether quotes support the sentences shown.

    python -m benchmarks.judging draw RUN.json --sample 100 --seed 1 > sheet.md
    python -m benchmarks.judging count sheet.md

RUN.json is what ``benchmarks.answers`` or ``rag eval --json`` writes. Each sentence that an answer shows has a row in
the sheet, whose last column is for the verdict: supported, unsupported or unclear. A run of ``rag eval`` does not
assign quotes to sentences: there an answer has one row.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.sampling import sampled
from rag.cli.console import fail
from rag.errors import PageproofError, QuestionsInvalid

VERDICTS: Final = ("supported", "unsupported", "unclear")
UNJUDGED: Final = "unjudged"
_HEAD: Final = "| sentence | quotes | verdict |"
_LINE: Final = "| --- | --- | --- |"
_BAR: Final = re.compile(r"(?<!\\)\|")

Item = Mapping[str, Any]


def main() -> int:
    """Draws a sheet, or counts one that is filled in."""
    options = _parser().parse_args()
    try:
        print(_draw(options) if options.command == "draw" else _count(_read(options.sheet)))
    except PageproofError as error:
        return fail(error, 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.judging", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("draw", help="a sheet of answers, by chance")
    command.add_argument("run", type=Path, metavar="RUN.json")
    command.add_argument("--sample", type=int, default=100, metavar="N", help="so many answers (default: 100)")
    command.add_argument("--seed", type=int, default=0, help="of that chance")
    command.add_argument("--side", help="of the benchmark (default: ours with the default model)")
    command = commands.add_parser("count", help="the verdicts of a sheet")
    command.add_argument("sheet", type=Path, metavar="SHEET.md")
    return parser


def _draw(options: argparse.Namespace) -> str:
    try:
        run = json.loads(_read(options.run))
    except ValueError as error:
        raise QuestionsInvalid(f"{options.run} is no JSON: {error}") from error
    items = answered_items(run, options.side)
    about = f"of {len(items)} answers of {options.run.name}, seed {options.seed}"
    return sheet(sampled(items, options.sample, options.seed), about)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error


def answered_items(run: Mapping[str, Any], side: str | None) -> list[Item]:
    """The items that were answered, of a run with sides or without.

    Raises:
        QuestionsInvalid: no such side, or the items do not say what was cited.
    """
    if sides := run.get("sides"):
        side = side or next(iter(sides))
        if side not in sides:
            raise QuestionsInvalid(f"no side is named {side!r}; there are: {'; '.join(sides)}")
        run = sides[side]
    items = [item for item in run.get("items", []) if item.get("answered")]
    if not items or any("shown" not in item and "cited" not in item for item in items):
        raise QuestionsInvalid("the run holds no answers with their quotes; make one: python -m benchmarks.answers")
    return items


def sheet(items: Sequence[Item], about: str) -> str:
    """Markdown with a table for each answer."""
    parts = [
        f"# {len(items)} {about}",
        f"Write a verdict into the last column of each row: {', '.join(VERDICTS)}. A sentence is supported where its "
        "quotes, and nothing else, say all of it.",
    ]
    for number, item in enumerate(items, start=1):
        shown = item.get("shown") or [{"sentence": item["answer"], "quotes": item.get("cited", [])}]
        rows = [f"| {_cell(row['sentence'])} | {'<br>'.join(map(_quote, row['quotes'])) or '–'} |  |" for row in shown]
        known = " / ".join(map(_cell, item["answers"])) or "none"
        parts += [
            f"## {number}. {_cell(item['question'])}",
            f"Known answer: {known} (question {item['id']})",
            "\n".join([_HEAD, _LINE, *rows]),
        ]
    return "\n\n".join(parts)


def _quote(quote: Mapping[str, Any]) -> str:
    return f"“{_cell(quote['quote'])}” ({_cell(quote['document'])}, page {quote['page']})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def verdicts(text: str) -> list[list[str]]:
    """The verdicts of a sheet, by answer and sentence; ``unjudged`` for an empty one.

    Raises:
        QuestionsInvalid: a verdict is none of the three; the message names the line.
    """
    answers: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() == _HEAD:
            answers.append([])
        elif line.startswith("|") and line.strip() != _LINE and answers:
            verdict = _BAR.split(line.strip())[-2].strip().casefold() or UNJUDGED
            if verdict not in (*VERDICTS, UNJUDGED):
                raise QuestionsInvalid(f"line {number}: {verdict!r} is no verdict; they are {', '.join(VERDICTS)}")
            answers[-1].append(verdict)
    if not answers:
        raise QuestionsInvalid("there is no table in the sheet; draw one: python -m benchmarks.judging draw")
    return answers


def _count(text: str) -> str:
    answers = verdicts(text)
    sentences = Counter(verdict for answer in answers for verdict in answer)
    whole = Counter(verdict for answer in answers for verdict in set(answer))
    rows = [f"| {verdict} | {sentences[verdict]} | {whole[verdict]} |" for verdict in (*VERDICTS, UNJUDGED)]
    head = f"| verdict | of {sentences.total()} sentences | answers with one, of {len(answers)} |"
    return "\n".join([head, _LINE, *rows])


if __name__ == "__main__":
    sys.exit(main())
