"""``python -m rag models``: model weights listed, recommended, fetched and verified by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from rag.cli.console import fetch_progress
from rag.cli.models_view import print_details, print_models, print_recommendation
from rag.models.opening import open_store
from rag.models.weights.named_sources import names_a_place
from rag.models.weights.recommendation import recommend
from rag.runtime.processor import read_processor, usable_memory

if TYPE_CHECKING:
    import argparse
    from argparse import _SubParsersAction

    from rag.models.weights.catalogue import ModelEntry
    from rag.models.weights.store import ModelStore
    from rag.settings import Settings


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``models`` to the command line."""
    command = commands.add_parser("models", help="the weights on this machine, and the best model for it")
    command.add_argument("action", choices=("list", "recommend", "fetch", "verify"))
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="list: details of these; else: default: those that the settings need"
    )
    command.add_argument(
        "--accept-licence",
        action="append",
        default=[],
        metavar="LICENCE",
        help="fetch: accept a licence that sets conditions, by its name in the list; may be repeated",
    )
    command.set_defaults(run=models)


def models(options: argparse.Namespace, settings: Settings) -> int:
    """Lists, recommends, fetches or verifies weights; ModelError where they cannot be had or are damaged."""
    store = open_store(settings)
    if options.action == "fetch":
        _fetch(store, options.names or _needed(store, settings), options.accept_licence)
        return 0
    named = [store.entry(name) for name in options.names]
    if options.action == "list":
        _list(store, named, settings)
    elif options.action == "recommend":
        _recommend(store, settings)
    else:
        for entry in named or [entry for entry in store.entries() if store.status(entry) in ("present", "corrupt")]:
            print(f"{entry.name}  verified  {store.verify(entry).digest}")
    return 0


def _needed(store: ModelStore, settings: Settings) -> list[str]:
    names = {settings.model, settings.encoder, settings.reranker}
    registered = [settings.model] if names_a_place(settings.model) else []
    return [*registered, *(entry.name for entry in store.catalogue if entry.name in names)]


def _list(store: ModelStore, named: list[ModelEntry], settings: Settings) -> None:
    console = Console(highlight=False)
    if not named:
        rows = [(entry, store.status(entry)) for entry in store.entries()]
        print_models(console, rows, set(_needed(store, settings)), settings.context_tokens)
    for entry in named:
        print_details(console, entry, store.status(entry), settings.context_tokens)


def _recommend(store: ModelStore, settings: Settings) -> None:
    processor, memory = read_processor(), usable_memory()
    cores = min(processor.physical, processor.usable)
    advice = recommend(store.catalogue, memory=memory, cores=cores, context_tokens=settings.context_tokens)
    print_recommendation(Console(highlight=False), advice, memory=memory, cores=cores, current=settings.model)


def _fetch(store: ModelStore, names: list[str], accepted: list[str]) -> None:
    entries = [None if names_a_place(name) else store.catalogue.get(name) for name in names]  # all, before any comes
    with fetch_progress() as tell:
        for name, entry in zip(names, entries, strict=True):
            weights = store.fetch(entry, tell, accepted=accepted) if entry else store.fetch_registered(name, tell)
            Console(stderr=True, highlight=False).print(f"{name}  [green]in place[/]  {weights.digest[:12]}")
