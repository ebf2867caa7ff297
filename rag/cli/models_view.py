"""Terminal output of ``rag models``: the table, the details of a model, the recommendation for this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.models.weights.catalogue import ModelEntry, UrlSource
from rag.models.weights.recommendation import Candidate, Recommendation, commands_to_try, memory_needed

_STYLES: Final = {"present": "green", "corrupt": "bold red"}


def print_models(
    console: Console, entries: Sequence[tuple[ModelEntry, str]], needed: set[str], context_tokens: int
) -> None:
    """Prints the models of the catalogue, grouped by kind, in at most 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "size", "memory", "state", "licence"):
        table.add_column(heading, no_wrap=True)
    group = None
    for entry, status in entries:
        if _group(entry) != group:
            group = _group(entry)
            table.add_row(Text(group, "bold"))
        memory = _gigabytes(memory_needed(entry, context_tokens)) if entry.kind == "generator" else ""
        table.add_row(
            entry.name + (" *" if entry.name in needed else ""),
            f"{entry.size / 1e6:.0f} MB",
            memory,
            Text(status, _STYLES.get(status, "dim")),
            entry.licence,
        )
    console.print(table)
    for line in (
        "* needed by the settings; python -m rag models fetch brings what is missing",
        "memory: of the whole program, computed; models list NAME has digest and licence",
    ):
        console.print(Text(line, style="dim"))


def print_details(console: Console, entry: ModelEntry, status: str, context_tokens: int) -> None:
    """Prints all that the catalogue, or the record of registered models, has about a model."""
    sets = f"sets conditions: {entry.licence_url}; a download needs --accept-licence {entry.licence}"
    rows = [("title", entry.title), ("state", status)]
    rows.append(("licence", f"{entry.licence}, {sets}" if entry.licence_url else entry.licence))
    if entry.kind == "generator" and entry.context:  # of a registered model these are not known
        needed = _gigabytes(memory_needed(entry, context_tokens))
        rows += [
            ("memory", f"{needed} with a context of {min(context_tokens, entry.context):,} tokens; computed"),
            ("context", f"{entry.context:,} tokens at most"),
            ("chats", f"in the format {entry.chat_format}"),
            ("answers", _measured(entry)),
        ]
    rows += [("note", entry.note)] if entry.note else []
    rows += [("file", f"{file.name}, {file.size:,} bytes, sha256 {file.sha256}") for file in entry.files]
    names = [entry.files[0].name if isinstance(source, UrlSource) else "" for source in entry.sources]
    rows += [("source", f"{source}{name}") for source, name in zip(entry.sources, names, strict=True)]
    console.print(Text(entry.name, "bold"))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, Text(text))
    console.print(table)


def print_recommendation(
    console: Console, advice: Recommendation, *, memory: int | None, cores: int, current: str
) -> None:
    """Prints the model for this machine, the reason, what is measured of it, and the others.

    Args:
        console: where to.
        advice: the recommendation for ``memory`` and ``cores``.
        memory: bytes that the program may use; None if unknown.
        cores: physical ones that it may use.
        current: the model of the settings.
    """
    size = "memory of unknown size" if memory is None else f"{_gigabytes(memory)} of memory"
    console.print(f"This machine: {size}, {cores} core{'s' * (cores != 1)}.")
    for line in _advice(advice.best, memory, current):
        console.print(Text(line), soft_wrap=line.startswith(" "))  # a command stays one line
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "memory", "time", "licence", ""):
        table.add_column(heading, no_wrap=True)
    for each in advice.candidates:
        verdict = Text(each.verdict, "green" if each.verdict == "fits" else "dim")
        entry = each.entry
        mark = "" if entry.is_free else " †"
        table.add_row(entry.name, _gigabytes(each.memory), f"{each.slowness:.1f} x", entry.licence + mark, verdict)
    console.print(table)
    for line in (
        "time: of an answer, against the default model on two cores (2 s for a fact)",
        "Memory and time are computed from sizes. The order is a judgement and not a",
        "measurement: only the default's answers are measured (docs/measured.md).",
        "† sets conditions: never recommended, fetched with --accept-licence only",
    ):
        console.print(Text(line, style="dim"))


def _advice(best: Candidate | None, memory: int | None, current: str) -> list[str]:
    if best is None:
        why = "the memory is unknown" if memory is None else "no model of the catalogue fits"
        return [f"No recommendation: {why}. RAG_MODEL can be the address of a model server (docs/operations.md)."]
    entry = best.entry
    why = f"the first in order that fits; it needs {_gigabytes(best.memory)}, and answers are {_measured(entry)}."
    lines = [f"{entry.name}: {why}"] + ([f"Note: {entry.note}."] if entry.note else [])
    if entry.name == current:
        return [*lines, "It is the model of the settings: nothing is to be done."]
    return [
        *lines,
        f"To try it (a download of {_gigabytes(entry.size)}; its confidence is not fitted before the last line):",
        *(f"  {command}" for command in commands_to_try(entry)),
    ]


def _measured(entry: ModelEntry) -> str:
    return "measured (docs/measured.md)" if entry.measured else "not measured here"


def _group(entry: ModelEntry) -> str:
    return entry.kind if entry.measured or entry.kind != "generator" else "generator, not measured here"


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
