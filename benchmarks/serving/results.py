"""Results as tables and as JSON: medians, their 90 % intervals over rounds, and the ratio of ours to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.bootstrap import Estimate, Groups, Statistic, estimate, ratio_over_groups
from benchmarks.serving.load import Served
from benchmarks.serving.measuring import Measured, by_system
from benchmarks.serving.schedule import Cell
from benchmarks.serving.systems import OURS

_NOTHING: Final = "–"
_Values: TypeAlias = Callable[[Measured], Sequence[float]]


@dataclass(frozen=True)
class Column:
    """A system in a cell, in all rounds.

    Attributes:
        ours: our own system's; the same one for ours.
    """

    runs: Sequence[Measured]
    ours: Sequence[Measured]

    def estimated(self, of: _Values, statistic: Statistic = np.median) -> Estimate | None:
        """A statistic of what the runs have; None where none has any."""
        groups = _groups(self.runs, of)
        return estimate(groups, statistic) if any(groups) else None

    def compared(self, of: _Values, statistic: Statistic = np.median) -> Estimate | None:
        """That of ours over that of this system; None for ours, and where one has nothing."""
        ours, theirs = _groups(self.ours, of), _groups(self.runs, of)
        comparable = self.runs is not self.ours and any(ours) and any(theirs)
        return ratio_over_groups(ours, theirs, statistic) if comparable else None

    @property
    def served(self) -> Sequence[Served]:
        """All answers and abstentions."""
        return [served for run in self.runs for served in run.served]


def _groups(runs: Sequence[Measured], of: _Values) -> Groups:
    return [of(run) for run in runs]


def throughput(run: Measured) -> list[float]:
    """Answers per second."""
    return [run.throughput]


def first_tokens(run: Measured) -> list[float]:
    """Seconds to the first token, where there was one."""
    return [served.first_token for served in run.served if served.first_token is not None]


def first_tokens_repeated(run: Measured) -> list[float]:
    """The same, of questions that the process was asked before."""
    return [s.first_token for s in run.served if s.first_token is not None and run.is_repeated(s)]


def first_tokens_new(run: Measured) -> list[float]:
    """The same, of the others."""
    return [s.first_token for s in run.served if s.first_token is not None and not run.is_repeated(s)]


def whole(run: Measured) -> list[float]:
    """Seconds to the verified answer, or to the abstention."""
    return [served.seconds for served in run.served]


def without_token(run: Measured) -> list[float]:
    """The same, of those without a token."""
    return [served.seconds for served in run.served if served.first_token is None]


def written(run: Measured) -> list[float]:
    """Tokens of answers per second, from the first question to the last answer."""
    return [sum(served.usage["completion_tokens"] for served in run.served) / run.load.seconds]


def late(values: NDArray[np.float64]) -> float:
    """The 95th percentile."""
    return float(np.quantile(values, 0.95))


def spread(values: NDArray[np.float64]) -> float:
    """The 95th percentile over the median."""
    return late(values) / float(np.median(values))


def cells(measured: Sequence[Measured]) -> dict[Cell, dict[str, Column]]:
    """Measurements by cell and system."""
    made: dict[Cell, dict[str, Column]] = {}
    for cell in dict.fromkeys(each.run.cell for each in measured):
        runs = by_system([each for each in measured if each.run.cell == cell])
        made[cell] = {system: Column(of_system, runs.get(OURS, [])) for system, of_system in runs.items()}
    return made


def tables(measured: Sequence[Measured]) -> str:
    """A Markdown table for each cell, a system in each column."""
    return "\n\n".join(_table(cell, columns) for cell, columns in cells(measured).items())


def _table(cell: Cell, columns: Mapping[str, Column]) -> str:
    runs = next(iter(columns.values())).runs
    asked = sum(len(turns) for run in runs for turns in run.run.conversations)
    head = f"{cell.workload}, {cell.clients} client{'s' * (cell.clients > 1)}: {asked} questions, {len(runs)} rounds"
    rows = [f"| {name} | {' | '.join(of(column) for column in columns.values())} |" for name, of in _rows(cell).items()]
    return "\n".join([f"| {head} | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns), *rows])


def _rows(cell: Cell) -> dict[str, Callable[[Column], str]]:
    rows: dict[str, Callable[[Column], str]] = {
        "answers per second": lambda column: _said(column.estimated(throughput), ".3f"),
        "**ours / it**": lambda column: _said(column.compared(throughput), ".2f"),
        "seconds to the first token, median": lambda column: _said(column.estimated(first_tokens), ".2f"),
        "**ours / it**, first token": lambda column: _said(column.compared(first_tokens), ".2f"),
        "95th percentile of it": lambda column: _said(column.estimated(first_tokens, late), ".2f"),
        "ours / it, 95th percentile": lambda column: _said(column.compared(first_tokens, late), ".2f"),
        "p95 / p50": lambda column: _said(column.estimated(first_tokens, spread), ".2f"),
    }
    if cell.workload == "W1":
        rows |= {
            "first token, questions put before": lambda c: _said(c.estimated(first_tokens_repeated), ".2f"),
            "ours / it, questions put before": lambda c: _said(c.compared(first_tokens_repeated), ".2f"),
            "first token, new questions": lambda c: _said(c.estimated(first_tokens_new), ".2f"),
            "ours / it, new questions": lambda c: _said(c.compared(first_tokens_new), ".2f"),
            "p95 / p50, new questions": lambda c: _said(c.estimated(first_tokens_new, spread), ".2f"),
        }
    return rows | {
        "seconds to the answer, median": lambda column: _said(column.estimated(whole), ".2f"),
        "ours / it, whole answer": lambda column: _said(column.compared(whole), ".2f"),
        "without a token": lambda column: f"{_share(column, lambda served: served.first_token is None):.0%}",
        "seconds to the answer of those": lambda column: _said(column.estimated(without_token), ".2f"),
        "tokens per answer, mean": lambda column: f"{_mean(column, 'completion_tokens'):.1f}",
        "tokens written per second": lambda column: _said(column.estimated(written), ".1f"),
        "prompt tokens, mean": lambda column: f"{_mean(column, 'prompt_tokens'):.0f}",
        "of these cached": lambda column: f"{_cached(column):.0%}",
        "prompts as long as ours": lambda column: _alike(column, lambda served: served.usage.get("prompt_tokens")),
        "answers as ours": lambda column: _alike(column, lambda served: served.answer),
        "`/livez` p99, ms": _alive,
        "failed": lambda column: str(sum(len(run.load.served) - len(run.served) for run in column.runs)),
    }


def _said(made: Estimate | None, form: str) -> str:
    return _NOTHING if made is None else format(made, form)


def _share(column: Column, of: Callable[[Served], bool]) -> float:
    return float(np.mean([of(served) for served in column.served])) if column.served else 0.0


def _mean(column: Column, usage: str) -> float:
    """Of the answers that the model was asked for; an abstention without it has no tokens."""
    counts = [served.usage[usage] for served in column.served if served.usage["prompt_tokens"]]
    return float(np.mean(counts)) if counts else 0.0


def _cached(column: Column) -> float:
    prompts = sum(served.usage["prompt_tokens"] for served in column.served)
    return sum(served.usage["cached_tokens"] for served in column.served) / prompts if prompts else 0.0


def _alike(column: Column, of: Callable[[Served], object]) -> str:
    """The share of the questions for which something is the same as ours."""
    ours = {key: of(served) for run in column.ours for key, served in _by_place(run)}
    same = [of(served) == ours[key] for run in column.runs for key, served in _by_place(run) if key in ours]
    return f"{np.mean(same):.0%}" if same else _NOTHING


def _by_place(run: Measured) -> Iterator[tuple[tuple[int, int, int], Served]]:
    for served in run.served:
        yield (run.run.round, served.conversation, served.turn), served


def _alive(column: Column) -> str:
    seconds = [second for run in column.runs for second in run.load.alive]
    return f"{1000 * np.quantile(seconds, 0.99):.0f}" if seconds else _NOTHING


def to_json(about: Mapping[str, Any], measured: Sequence[Measured]) -> dict[str, Any]:
    """The tables as JSON."""
    summaries = [
        {"cell": str(cell), "system": system, **_summary(column)}
        for cell, columns in cells(measured).items()
        for system, column in columns.items()
    ]
    return {"about": about, "summaries": summaries}


def _summary(column: Column) -> dict[str, Any]:
    measures = (throughput, first_tokens, first_tokens_repeated, first_tokens_new, whole, without_token)
    return {
        "medians": {of.__name__: column.estimated(of) for of in measures},
        "ours_over_it": {of.__name__: column.compared(of) for of in measures},
    }
