"""``python -m rag models``: model weights listed, fetched and verified by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from rag.cli.console import fetch_progress, print_models
from rag.composition import open_store

if TYPE_CHECKING:
    import argparse
    from argparse import _SubParsersAction

    from rag.settings import Settings


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``models`` to the command line."""
    command = commands.add_parser("models", help="the weights on this machine")
    command.add_argument("action", choices=("list", "fetch", "verify"))
    command.add_argument("names", nargs="*", metavar="NAME", help="default: those that the settings need")
    command.set_defaults(run=models)


def models(options: argparse.Namespace, settings: Settings) -> int:
    """Lists, fetches or verifies weights; ModelError where they cannot be had or are damaged."""
    store = open_store(settings)
    needed = {settings.model, settings.encoder, settings.reranker}
    named = [store.catalogue.get(name) for name in options.names]
    if options.action == "list":
        print_models(Console(highlight=False), [(entry, store.status(entry)) for entry in store.catalogue], needed)
        return 0
    if options.action == "fetch":
        entries = named or [entry for entry in store.catalogue if entry.name in needed]
        with fetch_progress() as tell:
            for entry in entries:
                weights = store.fetch(entry, tell)
                Console(stderr=True, highlight=False).print(f"{entry.name}  [green]in place[/]  {weights.digest[:12]}")
        return 0
    for entry in named or [entry for entry in store.catalogue if store.status(entry) in ("present", "corrupt")]:
        print(f"{entry.name}  verified  {store.verify(entry).digest}")
    return 0
