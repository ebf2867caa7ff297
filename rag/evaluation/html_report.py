"""HTML report of an evaluation run: one self-contained file without scripts and without requests.

Questions, answers and texts come from untrusted files: all of them are escaped, and the page's own content security
policy forbids scripts and requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rag.evaluation.comparison import SIGNIFICANT, TOLERANCE, Comparison
from rag.evaluation.failures import KINDS, PICTURE_BYTES, find_failures
from rag.evaluation.plots import drawings
from rag.evaluation.results import QuestionResult
from rag.evaluation.text_report import BREAKDOWNS, BY_KIND, GROUPS, is_share, number, verdict, words_of
from rag.index.generation import Generation
from rag.runtime.files import write_atomically
from rag.text.templates import fill

_TEMPLATE: Final = Path(__file__).with_name("html_report.html")
# A kind with more failures than this is collapsed.
_UNFOLDED: Final = 30
_MEANINGS: Final = {
    "page_hit@1": "a right page is the first passage",
    "page_hit@5": "a right page is among the first five passages",
    "mrr@10": "mean of 1 / rank of the first right page",
    "document_hit@5": "a right document is among the first five passages",
    "right": "answerable questions that were answered rightly",
    "f1": "words that the short answer shares with the known one; an abstention counts 0",
    "contains": "the known answer is contained in the short answer",
    "vital_recall": "vital facts that the answer holds; an abstention holds none",
    "all_recall": "facts that the answer holds",
    "complete": "questions whose answer holds all vital facts",
    "content_recall": "content words of a long known answer that are in the answer",
    "mean_words": "words of an answer",
    "citation_page_precision": "citations that are on a right page",
    "sentence_citation_precision": "sentences with a citation on a right page",
    "quotes_verbatim": "quotes that stand on their page, letter by letter",
    "unsupported_shown": "sentences that were shown without support",
    "abstain_recall": "unanswerable questions that were not answered",
    "false_abstain": "answerable questions that were not answered",
    "coverage": "questions that were answered",
    "risk": "answers that were wrong",
    "aurc": "mean risk over all coverages",
    "calibration_error": "mean gap between confidence and share right",
    "brier": "mean squared gap between confidence and outcome",
    "prompt_tokens_p50": "tokens that the language model read, median",
    "seconds_p50": "seconds for a question, median",
    "seconds_p95": "seconds that 95 % of the questions stay below",
}


@dataclass(frozen=True)
class _MetricRow:
    """A row of the metrics table: ``start`` and ``width`` of the interval and ``place`` of the value in percent.

    ``place`` is None for what is no share, such as a cost: it has no bar.
    """

    group: str
    name: str
    meaning: str
    value: str
    interval: str
    place: float | None
    start: float
    width: float


def write_report(
    path: Path,
    results: Sequence[QuestionResult],
    summary: Mapping[str, Any],
    comparison: Comparison | None,
    generation: Generation,
) -> None:
    """Writes the HTML report atomically: an existing file is replaced only once the new one is complete.

    Raises:
        OSError: it cannot be written.
    """
    # Names of files that are not UTF-8 have lone surrogates.
    write_atomically(path, render(results, summary, comparison, generation).encode(errors="replace"))


def render(
    results: Sequence[QuestionResult],
    summary: Mapping[str, Any],
    comparison: Comparison | None,
    generation: Generation,
    picture_bytes: int = PICTURE_BYTES,
) -> str:
    """The report as HTML; ``picture_bytes`` as for :func:`rag.evaluation.failures.find_failures`."""
    found = find_failures(results, generation, picture_bytes)
    answered = any(result.answered is not None for result in results)
    contents = {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "summary": summary,
        "rows": list(_rows(summary)),
        "drawings": drawings(results) if answered else None,
        "breakdowns": [table for kind in BREAKDOWNS if (table := _breakdown(kind, summary))],
        "comparison": comparison,
        "compared": list(_compared(comparison)) if comparison else [],
        "tolerance": TOLERANCE,
        "significant": SIGNIFICANT,
        "groups": [(kind, *KINDS[kind], members) for kind, members in found.kinds.items() if members],
        "failures": sum(map(len, found.kinds.values())),
        "left_out": found.left_out,
        "unfolded": _UNFOLDED,
        "words_of": words_of,
    }
    return fill(_TEMPLATE, contents)


def _rows(summary: Mapping[str, Any]) -> Iterator[_MetricRow]:
    for group, names in GROUPS.items():
        for name in names:
            if (value := summary.get(name)) is None:
                continue
            low, high = summary["intervals"][name] or (value, value)
            drawn = is_share(name)
            yield _MetricRow(
                group,
                name,
                _MEANINGS[name],
                number(name, value),
                f"{number(name, low)} – {number(name, high)}",
                100 * value if drawn else None,
                100 * low,
                100 * (high - low),
            )


def _breakdown(kind: str, summary: Mapping[str, Any]) -> tuple[str, list[str], list[tuple[str, int, list[str]]]] | None:
    """A breakdown table: its kind, the metrics, and for each label the number of questions and the values."""
    kinds = summary[kind + "s"]
    names = [name for name in BY_KIND if any(one.get(name) is not None for one in kinds.values())]
    rows = [
        (label, one["n"], ["" if one.get(name) is None else number(name, one[name]) for name in names])
        for label, one in kinds.items()
    ]
    return (kind, names, rows) if rows else None


def _compared(comparison: Comparison) -> Iterator[tuple[str, str, str, str, str]]:
    for one in comparison.differences:
        name = one.metric
        yield name, number(name, one.before), number(name, one.now), one.chance_in_table, str(verdict(one))
