"""Terminal report of an evaluation run and of its comparison with an earlier one (``rag eval``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.evaluation.comparison import SIGNIFICANT, TOLERANCE, Comparison, Difference, OutcomeChange
from rag.evaluation.results import QuestionResult

# Metrics under their headings, in the order in which they are shown.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "found": ("page_hit@1", "page_hit@5", "mrr@10", "document_hit@5"),
    "answered": ("right", "f1", "contains"),
    "complete": ("vital_recall", "all_recall", "complete", "content_recall", "mean_words"),
    "proved": ("citation_page_precision", "sentence_citation_precision", "quotes_verbatim", "unsupported_shown"),
    "not answered": ("abstain_recall", "false_abstain"),
    "confidence": ("coverage", "risk", "aurc", "calibration_error", "brier"),
    "cost": ("prompt_tokens_p50", "seconds_p50", "seconds_p95"),
}
BY_KIND: Final = (
    "page_hit@1", "page_hit@5", "f1", "contains", "right", "vital_recall", "complete", "abstain_recall", "false_abstain"
)  # fmt: skip
# Columns of a breakdown, by kind of question. The keys in JSON are their plurals.
BREAKDOWNS: Final = ("form", "source", "kind")
# Metrics that are no shares, with their decimal places.
_DECIMALS: Final = {"prompt_tokens_p50": 0, "mean_words": 1, "seconds_p50": 3, "seconds_p95": 3}
_MOST_CHANGES: Final = 10


def print_summary(console: Console, summary: Mapping[str, Any]) -> None:
    """Prints the metrics with their intervals, and by form, source and kind."""
    about = f"{summary['n']} questions: {summary['answerable']} answerable, {summary['unanswerable']} not"
    model = summary["model"] or "retrieval only"
    console.print(Text.assemble((about, "bold"), (f"  {model}, index {summary['index']}", "dim")))
    table = _table("", "", ("value", "right"), ("95 % interval", "right"))
    for group, names in GROUPS.items():
        heading = group
        for name in names:
            if summary.get(name) is not None:
                low_high = summary["intervals"][name]
                between = f"{number(name, low_high[0])} – {number(name, low_high[1])}" if low_high else ""
                table.add_row(Text(heading, "dim"), name, number(name, summary[name]), Text(between, "dim"))
                heading = ""
    console.print(table)
    for kind in BREAKDOWNS:
        if summary[kind + "s"]:
            console.print()
            console.print(_by_kind(kind, summary[kind + "s"]))


def _by_kind(kind: str, kinds: Mapping[str, Any]) -> Table:
    shown = [name for name in BY_KIND if any(one.get(name) is not None for one in kinds.values())]
    table = _table(kind, ("n", "right"), *((_short(name), "right") for name in shown))
    for label, one in kinds.items():
        values = ["" if (value := one.get(name)) is None else number(name, value) for name in shown]
        table.add_row(Text(label), str(one["n"]), *values)
    return table


def _short(name: str) -> str:
    """A metric's name in a narrow column: its words below each other."""
    return name.removeprefix("page_").replace("_", "\n")


def number(name: str, value: float) -> str:
    """A metric's value as text: ``0.906``, ``38.2`` for words, and ``450`` for tokens."""
    return f"{value:,.{_DECIMALS.get(name, 3)}f}"


def is_share(name: str) -> bool:
    """True for a metric that is a share, 0..1."""
    return name not in _DECIMALS


def print_missing_facts(console: Console, results: Iterable[QuestionResult]) -> None:
    """Prints each question whose answer lacks vital nuggets, with their labels."""
    incomplete = [result for result in results if result.vital_missing]
    for result in incomplete:
        answer = "" if result.answered else "  not answered"
        console.print(Text.assemble(result.id, "  ", result.question, (answer, "dim")), soft_wrap=True)
        console.print(Text.assemble("  missing: ", ("; ".join(result.vital_missing), "dim")), soft_wrap=True)
    if incomplete:
        console.print()


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Prints the metrics before and now, the regressions, and the questions whose outcome changed."""
    console.print()
    if comparison.test == "paired":
        how = f"{comparison.pairs} questions are in both runs; p from a paired randomisation test"
    else:
        how = f"no question is in both runs: not tested, a regression is a loss of more than {TOLERANCE}"
    console.print(Text(how, style="dim"))
    table = _table("", ("before", "right"), ("now", "right"), ("change", "right"), ("p", "right"), "")
    for one in comparison.differences:
        name = one.metric
        change = f"{'+' if one.now > one.before else '−'}{number(name, abs(one.now - one.before))}"
        changed = one.now != one.before
        before, now = number(name, one.before), number(name, one.now)
        table.add_row(name, before, now, change if changed else "", one.chance_in_table, verdict(one))
    console.print(table)
    _print_changes(console, "became wrong", "red", comparison.became_wrong)
    _print_changes(console, "became right", "green", comparison.became_right)
    for line in comparison.regressions:
        console.print(Text(f"worse: {line}", style="bold red"))


def verdict(difference: Difference) -> Text:
    """The verdict on a difference: worse, better, or could be chance; empty where neither is better."""
    if difference.regression:
        return Text("worse", "bold red")
    if difference.better is None or difference.p is None or difference.loss == 0:
        return Text("")
    if difference.p < SIGNIFICANT:
        return Text("better", "green")
    return Text("could be chance", "dim")


def _print_changes(console: Console, heading: str, style: str, changes: Sequence[OutcomeChange]) -> None:
    if changes:
        console.print(Text(f"{heading}: {len(changes)}", style))
    for change in changes[:_MOST_CHANGES]:
        outcomes = f"{words_of(change.before)} → {words_of(change.now)}"
        console.print(Text.assemble("  ", change.id, "  ", change.question, (f"  {outcomes}", "dim")), soft_wrap=True)
    if len(changes) > _MOST_CHANGES:
        console.print(Text(f"  and {len(changes) - _MOST_CHANGES} more; --json or --html has them all", "dim"))


def words_of(outcome: str) -> str:
    """An identifier such as ``false_answer`` with spaces."""
    return outcome.replace("_", " ")


def _table(*headings: str | tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        name, side = heading if isinstance(heading, tuple) else (heading, "left")
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=side == "right")
    return table
