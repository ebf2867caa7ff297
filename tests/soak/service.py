"""The service over stand-ins for the models, as a process: ``python -m tests.soak.service FOLDER``.

It makes two PDFs and their index in the folder, prints its address, and serves until it is told to stop. ``RAG_*``
settings hold, but for paths; with ``RAG_ADMIN_KEYS`` documents can be added, and a run of ingest does nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.discovery import discover
from rag.cli.console import configure_logging
from rag.service.server import reserve, serve_forever
from rag.service.uploads.adding import UploadService
from rag.service.uploads.folder import UploadFolder
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import FERRY, HARBOUR, make_answerer

ROOT = Path(__file__).parents[2]
QUESTION = "What does a berth cost for a night?"
_REPLY = "A berth costs 24 euros for each night [1]."


@dataclass(frozen=True)
class FakeService:
    """A service in a process of its own."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def fake_service(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    seconds_per_token: float = 0.0,
    *,
    document: str = "",
    reply: str = _REPLY,
    files: int | None = None,
) -> Iterator[FakeService]:
    """Starts the service; it is stopped in the end, if it still runs.

    Args:
        folder: for documents, index and log.
        settings: ``RAG_*``; those of this process do not hold.
        seconds_per_token: how slow the model pretends to be.
        document: text of a further document, of one page.
        reply: of the model.
        files: how many it may open; None for as many as this process.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    command = [sys.executable, "-m", "tests.soak.service", str(folder), "--seconds-per-token", str(seconds_per_token)]
    command += ["--document", document, "--reply", reply]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment | dict(settings or {}), stdout=subprocess.PIPE, stderr=log, text=True,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)) if files else None,
        )  # fmt: skip
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit((folder / "log").read_text())
        while process.poll() is None:  # it is bound, and listens once it has opened the index
            with suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=60):
                break
            time.sleep(0.05)
        yield FakeService(address, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def main() -> int:
    """Serves; the exit code is that of the service."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.service")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds-per-token", type=float, default=0.0)
    parser.add_argument("--document", default="")
    parser.add_argument("--reply", default=_REPLY)
    options = parser.parse_args()
    settings = Settings(index=options.folder / "indexes")
    configure_logging(settings.log)
    documents, index = options.folder / "documents", options.folder / "indexes"
    if not index.exists():
        documents.mkdir(parents=True)
        make_pdf(documents / "harbour.pdf", HARBOUR, title="Harbour rules")
        make_pdf(documents / "ferry.pdf", FERRY)
        if options.document:
            make_pdf(documents / "further.pdf", [options.document])
        ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    uploads = UploadService(UploadFolder(documents, 1 << 20), ["true"]) if settings.admin_keys else None
    model = ScriptedModel([options.reply], seconds_per_token=options.seconds_per_token)
    with reserve("127.0.0.1", 0) as listener:
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        return serve_forever(lambda: make_answerer(index, model), settings, listener, uploads)


if __name__ == "__main__":
    sys.exit(main())
