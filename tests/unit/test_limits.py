"""The table of all limits in docs/operations.md: each number is that of the code."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from h11._connection import DEFAULT_MAX_INCOMPLETE_EVENT_SIZE  # as uvicorn's HTTP takes it

from rag.cli import keys as keys_command
from rag.pdf import document, render_worker
from rag.pdf.render_pool import RenderPool
from rag.runtime.keyed_lines import KeyedLines
from rag.service import answer_task, connections, middleware, page_images, problems, server
from rag.service.access import key_file
from rag.service.admission import admission
from rag.service.collections.served import MOST_OPEN
from rag.service.routes import feedback, uploads
from rag.service.schemas import fields as schemas
from rag.service.uploads import validation
from rag.settings import Settings, access

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
KIB, MIB = 1 << 10, 1 << 20


def default(name: str) -> Any:
    return Settings.model_fields[name].default


def default_argument(function: Any, name: str) -> Any:
    return inspect.signature(function).parameters[name].default


ROOM = 2 * connections.PROBE_ROOM + connections._OWN_FILES

# First and second column.
DEFAULTS = {
    "question": f"{schemas.MAX_QUESTION:,} characters",
    "earlier turns of a conversation": (
        f"{schemas.MAX_HISTORY}, of {schemas.MAX_QUESTION:,} characters each in question and answer"
    ),
    "names in `documents`": f"{schemas.MAX_DOCUMENTS:,}",
    "what an answer should have been, in feedback": f"{feedback._MAX_EXPECTED:,} characters",
    "feedback that is kept": f"{KeyedLines(Path()).most_bytes // 1_000_000} MB",
    "tokens of an answer": f"{default('max_tokens')}; a request may ask for 4,096",
    "header of a request, from the opening of the connection or its first byte": f"{connections.HEAD_SECONDS:g} s",
    "header of a request, its size": f"{DEFAULT_MAX_INCOMPLETE_EVENT_SIZE // KIB} KiB",
    "body of a question, its size": f"{middleware.MAX_BODY_BYTES // KIB} KiB",
    "body of a question, to its end": f"{middleware._BODY_SECONDS:g} s",
    "entries in `errors` of a problem": f"{problems._MOST_ERRORS}, and one that counts the rest",
    "requests of a key": f"{default('requests_per_minute')} a minute",
    "shortest key of `RAG_API_KEYS`, `RAG_ADMIN_KEYS`": f"{access._SHORTEST_KEY} characters",
    "life of a key of `rag keys new`": f"{keys_command._DAYS} days",
    "keys in the file": f"{key_file.MAX_KEYS:,}",
    "collections of a key": f"{key_file.MAX_COLLECTIONS}, or all",
    "collections that are open, beside the default one": f"{MOST_OPEN}",
    "size of the key file": f"{key_file.MAX_BYTES // KIB} KiB",
    "answers at a time": f"{default('parallel')}",
    "questions in the queue": f"{default('max_queue')}",
    "of it, reserved for clients without a place": {0.25: "a quarter"}[admission._RESERVED_SHARE],
    "time of a request, from the end of its body": (
        f"{admission.DEFAULTS.seconds:g} s; on a slow machine up to {server._MOST_SECONDS:g} s"
    ),
    "longest `Retry-After` of the queue": f"{admission._LONGEST_RETRY_SECONDS} s",
    "silence in a stream": f"{answer_task.KEEP_ALIVE_SECONDS:g} s, then a comment or the position",
    "passages in a prompt": f"{default('passages')}",
    "tokens of passages, for a fact": f"{default('evidence_tokens')}",
    "tokens of passages, for several sentences": f"{default('whole_evidence_tokens'):,}",
    "context of the model": f"{default('context_tokens'):,} tokens",
    "wait for a model on a server": f"{default('model_seconds')} s for each token",
    "rendered at a time": (
        f"{default_argument(RenderPool, 'processes')}, in processes of {render_worker._MEMORY >> 30} GiB of address "
        "space"
    ),
    "waiting": f"{page_images.MOST_WAITING}",
    "time for a picture": f"{default_argument(RenderPool, 'seconds'):g} s",
    "size of a picture": f"{document._MOST_PIXELS // 10**6} million pixels; 144 dpi below",
    "size of a document": f"{default('upload_bytes') // MIB} MiB",
    "silence of a client that uploads": f"{uploads._QUIET_SECONDS:g} s",
    "name of a document": f"{validation.MAX_NAME_BYTES} bytes",
    "connections at a time": (
        f"{connections.MOST_CONNECTIONS}, or two for each of `RAG_PARALLEL` + `RAG_MAX_QUEUE` if that is more"
    ),
    "open files": (
        f"two for each connection, {ROOM} for the rest: {(1024 - ROOM) // 2} connections with `ulimit -n 1024`"
    ),
    "connections beyond, for `/livez` and `/readyz` alone": f"{connections.PROBE_ROOM}",
    "rest of a body that nobody reads, after its response": f"{connections.REST_SECONDS:g} s",
    "response that its client does not read": f"{connections.READ_SECONDS:g} s without progress",
    "between two requests of a connection": f"{connections.IDLE_SECONDS} s",
    "questions that are still taken after SIGTERM": f"{default('drain_seconds'):g} s",
    "answers at work when the service stops": f"{server._GRACE_SECONDS - server._FINAL_RESPONSES_SECONDS} s",
    "errors after that": f"{server._FINAL_RESPONSES_SECONDS} s",
    "records of answers": f"{default('keep_records'):,}",
}
# A rule, and no number.
OTHERS = {"runs of ingest"}


def rows() -> list[list[str]]:
    section = PAGE.read_text().partition("\n## All limits\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if not line.startswith("| **")]


def test_each_row_is_checked_once() -> None:
    names = [row[0] for row in rows()]
    assert sorted(names) == sorted({*DEFAULTS, *OTHERS})


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_number_is_that_of_the_code(name: str) -> None:
    assert {row[0]: row[1] for row in rows()}[name] == DEFAULTS[name]


def test_the_settings_that_it_names_exist() -> None:
    named = {word for row in rows() for word in row[2].replace("`", " ").replace(",", " ").split() if "RAG_" in word}
    assert named <= {f"RAG_{name.upper()}" for name in Settings.model_fields}
    assert "RAG_REQUESTS_PER_MINUTE" in named
