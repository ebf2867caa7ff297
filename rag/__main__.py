"""``python -m rag COMMAND``: composition root of the library and the service."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import sys

from rag.runtime.interpreter import wrong_python

# The imports below would say it in a traceback.
if fault := wrong_python():
    sys.exit(fault)

# isort: split

import argparse
from collections.abc import Callable, Sequence

from rich.console import Console

from rag.cli import ask, calibrate, doctor, evaluate, index
from rag.cli.arguments import whole_number
from rag.cli.console import configure_logging, fail, fetch_progress, print_models
from rag.composition import open_answerer, open_store
from rag.errors import IndexBusy, PageproofError
from rag.settings import Settings, read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    options = _parser().parse_args(arguments)
    configure_logging()
    run: Callable[[argparse.Namespace, Settings], int] = options.run
    try:
        return run(options, read_settings())
    except PageproofError as error:
        return fail(error, 75 if isinstance(error, IndexBusy) else 1)
    except KeyboardInterrupt:
        return fail(KeyboardInterrupt("stopped"), 130)


def serve(options: argparse.Namespace, settings: Settings) -> int:
    """Reserves the port, loads everything, then listens; what is wrong is said in one line."""
    from rag.service.server import open_adding, reserve, serve_forever

    adding = open_adding(settings)
    with reserve(options.host or settings.host, options.port or settings.port) as listener:
        answerer = open_answerer(settings, recorded=True, tuned=True)
        return serve_forever(lambda: answerer, settings, listener, adding)


def models(options: argparse.Namespace, settings: Settings) -> int:
    """Lists, fetches or verifies weights."""
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rag", description="Answers from your own PDFs, proved on the page."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="the HTTP service")
    command.add_argument("--host", help="address to listen on (default: RAG_HOST, or 127.0.0.1)")
    command.add_argument("--port", type=whole_number(1, 65_535), help="port to listen on (default: RAG_PORT, or 8000)")
    command.set_defaults(run=serve)

    ask.add_commands(commands)
    evaluate.add_commands(commands)
    calibrate.add_commands(commands)
    index.add_commands(commands)

    command = commands.add_parser("models", help="the weights on this machine")
    command.add_argument("action", choices=("list", "fetch", "verify"))
    command.add_argument("names", nargs="*", metavar="NAME", help="default: those that the settings need")
    command.set_defaults(run=models)
    doctor.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
