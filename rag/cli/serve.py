"""``python -m rag serve``: the HTTP service and the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.arguments import whole_number
from rag.composition import model_digests, open_answerer, open_records
from rag.models.opening import generator_weights

if TYPE_CHECKING:
    import argparse
    from argparse import _SubParsersAction

    from rag.settings import Settings


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``serve`` to the command line."""
    command = commands.add_parser("serve", help="the HTTP service")
    command.add_argument("--host", help="address to listen on (default: RAG_HOST, or 127.0.0.1)")
    command.add_argument("--port", type=whole_number(1, 65_535), help="port to listen on (default: RAG_PORT, or 8000)")
    command.add_argument(
        "--adding",
        type=Path,
        metavar="FOLDER",
        help="let documents be added to this folder on the page, without a key, if the service listens on this machine "
        "alone and there are no keys; RAG_DOCUMENTS goes before it",
    )
    command.set_defaults(run=serve)


def serve(options: argparse.Namespace, settings: Settings) -> int:
    """Reserves the port, loads the models and the index, then listens until it is told to stop; the exit code."""
    from rag.evaluation.self_check.job import self_check_job
    from rag.models.llm.tuning.autotune import expected_seconds
    from rag.models.llm.tuning.background import tuning_job
    from rag.service.allowed_hosts import check_open
    from rag.service.auth import open_key_file
    from rag.service.connections import most_connections
    from rag.service.server import open_uploads, reserve, serve_forever
    from rag.service.uploads.local import open_local_uploads

    most_connections(settings.parallel + settings.max_queue)  # raises where the process may open too few files
    uploads = open_uploads(settings)
    key_file = open_key_file(settings)
    if settings.records:
        open_records(settings).check()
    with reserve(options.host or settings.host, options.port or settings.port) as listener:
        address = listener.getsockname()[0]
        check_open(settings, address)
        if options.adding and not uploads:
            uploads = open_local_uploads(settings, options.adding, address)
        answerer = open_answerer(settings, recorded=True)
        weights = generator_weights(settings)
        tuning = tuning_job(settings, weights) if weights else None
        # Requests to a server may cost money: there only `rag calibrate` asks it.
        self_check = self_check_job(answerer, settings.index, model_digests(settings)) if weights else None
        jobs = [job for job in (tuning, self_check) if job]
        expected = expected_seconds(settings, weights) if weights else None
        return serve_forever(lambda: answerer, settings, listener, uploads, key_file, jobs, expected)
