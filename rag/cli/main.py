"""Command line of ``python -m rag``: parses the arguments, reads the settings, runs one command."""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import sys

from rag.runtime.interpreter import raise_on_interrupt, starved, wrong_python

# Without the requirements, or files, the imports below would fail with a traceback; without memory, they would crash.
if fault := starved() or wrong_python():
    sys.exit(fault)

# isort: split

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rag.cli import ask, calibrate, doctor, evaluate, index, keys, models, serve
from rag.cli.console import configure_logging, fail
from rag.composition import in_collection
from rag.errors import CollectionUnknown, IndexBusy, PageproofError
from rag.settings import Settings, read_settings
from rag.text.characters import readable

# Of a path in an error; the longest that Linux opens has 4,096.
_PATH_CHARACTERS: Final = 200


def main(
    arguments: Sequence[str] | None = None, *, prog: str = "python -m rag", elsewhere: Mapping[str, str] | None = None
) -> int:
    """Runs a command.

    Args:
        arguments: those of the process by default.
        prog: how the program was called, for usage messages.
        elsewhere: further commands by name, with their help: listed, but run by the caller.

    Returns:
        The exit code.
    """
    options = _parser(prog, elsewhere or {}).parse_args(arguments)
    configure_logging()
    run: Callable[[argparse.Namespace, Settings], int] = options.run
    raise_on_interrupt()
    try:
        settings = read_settings()
        configure_logging(settings.log)
        if name := getattr(options, "collection", None):
            settings = in_collection(settings, readable(name))
        return run(options, settings)
    except PageproofError as error:
        return fail(error, 75 if isinstance(error, IndexBusy) else 2 if isinstance(error, CollectionUnknown) else 1)
    except OSError as error:  # a path that is too long or may not be entered, a disk that fails
        return fail(OSError(_described(error)), 1)
    except MemoryError:
        return fail(MemoryError("there is not enough memory; free some, or raise `ulimit -v`"), 1)
    except KeyboardInterrupt:
        return fail(KeyboardInterrupt("stopped"), 130)


def _described(error: OSError) -> str:
    name = f": {str(error.filename)[:_PATH_CHARACTERS]}" if error.filename else ""
    return f"{error.strerror or error}{name}"


def _parser(prog: str, elsewhere: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Answers from your own PDFs, proved on the page.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in elsewhere.items():
        commands.add_parser(name, help=text)
    for module in (serve, ask, evaluate, calibrate, index, models, keys, doctor):
        module.add_commands(commands)
    return parser
