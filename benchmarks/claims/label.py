"""Labelling of claims by two people: sheets for blind reading, and the merging of what they wrote.

    python -m benchmarks.claims.label sheet PAIRS.json --seed 1 > one.md
    python -m benchmarks.claims.label sheet PAIRS.json --seed 2 > other.md
    python -m benchmarks.claims.label merge PAIRS.json one.md other.md --out labelled.jsonl

A sheet shows claims, quotes and headings in an order of chance, and neither labels nor how a claim was made. ``merge``
prints the agreement and Cohen's kappa (1960), and writes the pairs on which both agree, with their label; where they do
not, a third sheet (``--third``) decides, or the label is null.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.claims.pairs import ClaimPair, read_pairs, write_pairs
from rag.cli.console import fail
from rag.errors import PageproofError, QuestionsInvalid

VERDICTS: Final = ("supported", "unsupported", "unclear")
_LABELS: Final[Mapping[str, bool]] = {"supported": True, "unsupported": False}
_ITEM: Final = re.compile(r"## \d+ · ([0-9a-f]{10})")
_VERDICT: Final = "Verdict:"
_RESAMPLES: Final = 1_000
_RULES: Final = (
    "Write a verdict after each “Verdict:”: supported, unsupported or unclear. A claim is supported where its quotes "
    "say all of it: every number, name, condition, “not”, “only” and “because”. The context may say what “it” or “we” "
    "is, and proves nothing else. What you know yourself counts for nothing. A claim that leaves out a condition "
    "without which it is not true is unsupported."
)


def sheet(pairs: Sequence[ClaimPair], seed: int) -> str:
    """Markdown with an item for each pair, in an order of chance."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    items = [_item(number, pairs[row]) for number, row in enumerate(order, start=1)]
    return "\n\n".join([f"# {len(pairs)} claims, seed {seed}", _RULES, *items])


def verdicts(text: str) -> dict[str, str]:
    """The verdicts of a sheet by the key of their pair; those left empty are not among them.

    Raises:
        QuestionsInvalid: a verdict is none of the three, or stands before the first item; names the line.
    """
    found: dict[str, str] = {}
    key: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _ITEM.fullmatch(line.strip()):
            key = match[1]
        elif line.startswith(_VERDICT) and (verdict := line.removeprefix(_VERDICT).strip(" .*").casefold()):
            if verdict not in VERDICTS or key is None:
                raise QuestionsInvalid(f"line {number}: {verdict!r} is no verdict; they are {', '.join(VERDICTS)}")
            found[key] = verdict
    return found


def kappa(one: Sequence[str], other: Sequence[str]) -> float:
    """Cohen's kappa of two readers: agreement beyond chance, at most 1; 1 where both always say the same."""
    agreed = np.mean([left == right for left, right in zip(one, other, strict=True)])
    left, right = Counter(one), Counter(other)
    chance = sum(left[verdict] * right[verdict] for verdict in left) / len(one) ** 2
    return 1.0 if chance == 1.0 else float((agreed - chance) / (1 - chance))


def merged(
    pairs: Sequence[ClaimPair],
    one: Mapping[str, str],
    other: Mapping[str, str],
    third: Mapping[str, str],
) -> list[ClaimPair]:
    """The pairs that both readers judged; a label where they agree, or where the third one says."""
    return [
        replace(pair, supported=_LABELS.get(one[key] if one[key] == other[key] else third.get(key, "unclear")))
        for pair, key in _both(pairs, one, other)
    ]


def report(pairs: Sequence[ClaimPair], one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    """Agreement, kappa with its 95 % interval of a bootstrap over pairs, what each said, and the disagreements.

    Raises:
        QuestionsInvalid: no pair has the verdict of both.
    """
    judged = _both(pairs, one, other)
    if not judged:
        raise QuestionsInvalid("no pair has a verdict in both sheets; are they of these pairs?")
    left, right = [one[key] for _, key in judged], [other[key] for _, key in judged]
    agreed = [a == b for a, b in zip(left, right, strict=True)]
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(_RESAMPLES):
        rows = generator.integers(len(left), size=len(left))
        draws.append(kappa([left[row] for row in rows], [right[row] for row in rows]))
    low, high = np.percentile(draws, [2.5, 97.5])
    yield f"{len(judged)} of {len(pairs)} pairs have both verdicts; agreement {np.mean(agreed):.3f}"
    yield f"Cohen's kappa {kappa(left, right):.3f} ({low:.3f}–{high:.3f})"
    counts = Counter(zip(left, right, strict=True))
    yield f"| one \\ other | {' | '.join(VERDICTS)} |\n| --- | --- | --- | --- |"
    for verdict in VERDICTS:
        yield f"| {verdict} | {' | '.join(str(counts[verdict, said]) for said in VERDICTS)} |"
    for pair, key in judged:
        if one[key] != other[key]:
            yield f"{key} {one[key]} / {other[key]}: {pair.claim}"


def key_of(pair: ClaimPair) -> str:
    """The key of a pair in a sheet: it says nothing of its label, and changes with its text."""
    return hashlib.sha256("\0".join([pair.claim, *pair.quotes, pair.context]).encode()).hexdigest()[:10]


def _item(number: int, pair: ClaimPair) -> str:
    quotes = "\n>\n".join("\n".join(f"> {line}" for line in quote.splitlines() or [""]) for quote in pair.quotes)
    lines = [f"## {number} · {key_of(pair)}", f"Context: {_line(pair.context) or '–'}", quotes or "> (no quotes)"]
    return "\n\n".join([*lines, f"**Claim:** {_line(pair.claim)}", _VERDICT + " "])


def _line(text: str) -> str:
    return " ".join(text.split())


def _both(pairs: Sequence[ClaimPair], one: Mapping[str, str], other: Mapping[str, str]) -> list[tuple[ClaimPair, str]]:
    keyed = {key_of(pair): pair for pair in pairs}
    return [(pair, key) for key, pair in keyed.items() if key in one and key in other]


def main() -> int:
    """Prints a sheet, or merges two."""
    options = _parser().parse_args()
    try:
        pairs = read_pairs(options.pairs)
        if options.command == "sheet":
            print(sheet(pairs, options.seed))
            return 0
        one, other = (verdicts(_read(path)) for path in (options.one, options.other))
        third = verdicts(_read(options.third)) if options.third else {}
        print(*report(pairs, one, other), sep="\n")
        write_pairs(merged(pairs, one, other, third), options.out)
    except PageproofError as error:
        return fail(error, 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims.label",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("sheet", help="a sheet for one reader")
    command.add_argument("pairs", type=Path, metavar="PAIRS.json")
    command.add_argument("--seed", type=int, default=0, help="of the order; another one for each reader")
    command = commands.add_parser("merge", help="two sheets that are filled in")
    command.add_argument("pairs", type=Path, metavar="PAIRS.json")
    command.add_argument("one", type=Path, metavar="ONE.md")
    command.add_argument("other", type=Path, metavar="OTHER.md")
    command.add_argument("--third", type=Path, metavar="THIRD.md", help="decides where the two differ")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    return parser


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
