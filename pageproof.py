"""Console script ``pageproof``: commands of ``python -m rag``, and ``pageproof ingest`` for ``python -m ingest``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from rag.runtime.interpreter import exit_on_interrupt

_INGEST = {"ingest": "bring the index in line with folders of documents: add, replace, remove, and publish"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    exit_on_interrupt()
    if given[:1] == list(_INGEST):
        from ingest.__main__ import main as ingest_main

        # SIGTERM ends the job as Ctrl-C does: its reading processes first.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return ingest_main(given[1:], prog="pageproof ingest")
    from rag.cli.main import main as rag_main

    return rag_main(given, prog="pageproof", elsewhere=_INGEST)


if __name__ == "__main__":
    sys.exit(main())
