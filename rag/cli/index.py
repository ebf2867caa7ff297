"""The ``index`` command: list, verify, roll back, garbage-collect, push and pull generations. It needs no weights."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.cli.arguments import add_collection, whole_number
from rag.cli.console import progress
from rag.errors import IndexCorrupt, IndexMissing
from rag.index.durable_files import published_digest
from rag.index.layout import IndexLayout
from rag.index.maintenance import (
    GenerationRow,
    collect_garbage,
    faults_of,
    list_generations,
    roll_back,
    vector_digests,
)
from rag.index.reading import read_current
from rag.index.search.pgvector import open_vector_database
from rag.index.storage.object_storage import open_storage
from rag.index.storage.pull import pull
from rag.index.storage.push import push
from rag.index.writer import open_writer
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_DAMAGED = 1


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``index`` and its actions to the command line."""
    index = commands.add_parser("index", help="the generations of the index: list, verify, rollback, gc, push, pull")
    actions = index.add_subparsers(dest="action", required=True, metavar="list|verify|rollback|gc|push|pull")

    action = actions.add_parser("list", help="the published generations, newest first")
    action.add_argument("--json", action="store_true", help="print everything as one JSON object")
    action.set_defaults(run=list_)

    action = actions.add_parser("verify", help="read every byte and compare; exit code 1 if something is damaged")
    which = action.add_mutually_exclusive_group()
    which.add_argument("generation", nargs="?", help="default: the current one")
    which.add_argument("--all", action="store_true", help="every generation")
    action.add_argument("--json", action="store_true", help="print the result as one JSON object")
    action.set_defaults(run=verify)

    action = actions.add_parser("rollback", help="make an earlier generation the current one")
    action.add_argument("generation", nargs="?", help="default: the one before the current one")
    action.set_defaults(run=rollback)

    action = actions.add_parser("gc", help="remove old generations, and sources that no generation needs")
    action.add_argument(
        "--keep", type=whole_number(1), metavar="N", help="generations that stay (default: RAG_KEEP_GENERATIONS, or 3)"
    )
    action.set_defaults(run=gc)

    action = actions.add_parser("push", help="store a generation and its documents in object storage")
    action.add_argument("url", metavar="URL", help="s3://BUCKET/PREFIX, file:///FOLDER, or another one of fsspec")
    action.add_argument("--generation", metavar="ID", help="default: the current one")
    action.set_defaults(run=push_)

    action = actions.add_parser("pull", help="take a generation from object storage and make it the current one")
    action.add_argument("url", metavar="URL", help="as it was pushed to")
    action.add_argument("--generation", metavar="ID", help="default: the one that was pushed last")
    action.set_defaults(run=pull_)
    for action in actions.choices.values():
        add_collection(action)


def list_(options: argparse.Namespace, settings: Settings) -> int:
    """Lists every published generation."""
    rows = list_generations(settings.index)
    if options.json:
        print(json.dumps(_listed(settings.index, rows), ensure_ascii=False))
    else:
        _print_rows(Console(highlight=False), rows)
    return 0


def _listed(index: Path, rows: Sequence[GenerationRow]) -> dict[str, Any]:
    return {
        "index": str(index),
        "current": next((row.name for row in rows if row.current), None),
        "generations": [
            {
                "generation": row.name,
                "current": row.current,
                "provisional": row.provisional,
                "created": row.created or None,
                "parent": row.parent,
                "documents": row.counts.documents if row.counts else None,
                "pages": row.counts.pages if row.counts else None,
                "chunks": row.counts.chunks if row.counts else None,
                "bytes": row.size,
                "fault": row.fault,
            }
            for row in rows
        ],
    }


def _print_rows(console: Console, rows: Sequence[GenerationRow]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("generation", no_wrap=True)
    table.add_column("created", no_wrap=True)
    for heading in ("documents", "pages", "chunks", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        counts = row.counts
        numbers = [f"{n:,}" for n in (counts.documents, counts.pages, counts.chunks)] if counts else ["?"] * 3
        marks = " *" * row.current + " (text only)" * row.provisional
        name = Text(f"{row.name}{marks}", style="green" if row.current else "")
        table.add_row(name, row.created, *numbers, megabytes(row.size))
    console.print(table)
    for row in rows:
        if row.fault:
            console.print(Text(row.fault, style="bold red"), soft_wrap=True)
    if any(row.current for row in rows):
        console.print(Text("* current; sources, which generations share, are not in the sizes", style="dim"))
    else:
        hint = "no generation is current; python -m rag index rollback GENERATION makes one so"
        console.print(Text(hint, style="bold red"), soft_wrap=True)


def verify(options: argparse.Namespace, settings: Settings) -> int:
    """Verifies every byte of generations; the exit code is 1 if something is damaged."""
    layout = IndexLayout(settings.index)
    if options.all:
        names = [row.name for row in list_generations(settings.index)]
    else:
        names = [options.generation or read_current(layout)[0]]
    pointer = _faults_of_pointer(layout)
    found = {name: [str(fault) for fault in faults_of(settings.index, name)] for name in names}
    ok = not pointer and not any(found.values())
    if options.json:
        results = [{"generation": name, "ok": not faults, "faults": faults} for name, faults in found.items()]
        print(json.dumps({"ok": ok, "faults": pointer, "generations": results}, ensure_ascii=False))
    else:
        for line in pointer:
            print(line)
        for name, faults in found.items():
            print("\n".join(faults) or f"generation {name}: every byte is as it was published")
    return 0 if ok else _DAMAGED


def _faults_of_pointer(layout: IndexLayout) -> list[str]:
    """The faults of the ``CURRENT`` pointer, by which readers open the index; not those of the generation."""
    try:
        name, manifest_digest = read_current(layout)
        if published_digest(layout, name) != manifest_digest:
            return [
                f"{layout.current} is not what was written for {name}; python -m rag index rollback {name} repairs it"
            ]
    except IndexMissing:
        return [f"{layout.current} is missing; python -m rag index rollback GENERATION makes one current"]
    except IndexCorrupt as fault:
        return [str(fault)]
    return []


def rollback(options: argparse.Namespace, settings: Settings) -> int:
    """Makes an earlier generation the current one."""
    name = roll_back(settings.index, options.generation)
    print(
        f"generation {name} is current now; a running service takes it within seconds. "
        "The next ingest brings the index in line with its folder again."
    )
    return 0


def gc(options: argparse.Namespace, settings: Settings) -> int:
    """Removes old generations, and sources and vectors in a database that no remaining one needs."""
    read_current(IndexLayout(settings.index))  # raises where there is no index, so that none is created
    database = open_vector_database(settings.vector_database)
    with open_writer(settings.index) as writer:
        collected = collect_garbage(writer.layout, options.keep or settings.keep_generations)
        if database:
            database.keep_only(vector_digests(writer.layout))
    for name in collected.generations:
        print(f"removed generation {name}")
    generations, sources = len(collected.generations), collected.sources
    print(
        f"{generations} generation{'s' * (generations != 1)} and {sources} source{'s' * (sources != 1)} removed, "
        f"{megabytes(collected.bytes)} freed"
    )
    return 0


def push_(options: argparse.Namespace, settings: Settings) -> int:
    """Stores a generation in object storage."""
    storage = open_storage(options.url)
    with progress() as report:
        pushed = push(storage, settings.index, options.generation, lambda done, total: report("push", done, total))
    print(
        f"generation {pushed.generation} is in {storage.url}: {pushed.sent} of {pushed.objects} files sent, "
        f"{megabytes(pushed.sent_bytes)}"
    )
    return 0


def pull_(options: argparse.Namespace, settings: Settings) -> int:
    """Takes a generation from object storage."""
    storage = open_storage(options.url)
    with progress() as report:
        pulled = pull(
            storage,
            settings.index,
            options.generation,
            keep=settings.keep_generations,
            report=lambda done, total: report("pull", done, total),
        )
    print(
        f"generation {pulled.generation} is current now: {pulled.received} file{'s' * (pulled.received != 1)} "
        f"received, {megabytes(pulled.received_bytes)}; a running service takes it within seconds"
    )
    return 0


def megabytes(size: int) -> str:
    """A size in bytes as text: ``12.3 MB``."""
    return f"{size / 1e6:,.1f} MB"
