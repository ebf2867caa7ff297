"""Service of one system: ``python -m benchmarks.serving.system SYSTEM --port N``, SYSTEM as JSON; see System.

It is ``rag serve`` in all but the model that the Answerer is handed.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.serving.free_wording import FreeWording
from benchmarks.serving.systems import System
from rag.answering.answerer import Answerer
from rag.cli.console import configure_logging, fail
from rag.composition import open_answerer, open_confidence_model, open_retriever
from rag.errors import PageproofError
from rag.models.llm.language_model import LanguageModel
from rag.models.llm.local_model import LlamaCppModel
from rag.models.opening import open_store
from rag.runtime.single_flight_cache import SingleFlightCache
from rag.service.server import reserve, serve_forever
from rag.settings import Settings, read_settings


def main() -> int:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.system", description=__doc__)
    parser.add_argument("system", type=System.of_json)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--llama-server", type=Path, required=True, metavar="FILE")
    parser.add_argument("--free-wording", action="store_true", help="answers may have any words")
    options = parser.parse_args()
    configure_logging()
    logging.getLogger("rag.access").setLevel(logging.WARNING)
    # Whoever asks waits for the answer, however slow a peer is: what is compared is how long that takes.
    settings = read_settings().model_copy(update={"max_queue": 64, "answer_seconds": 3600.0})
    try:
        with reserve("127.0.0.1", options.port) as listener:
            answerer = answerer_with(options.system, settings, options.llama_server)
            if options.free_wording:
                answerer = replace(answerer, model=FreeWording(answerer.model))
            return serve_forever(lambda: answerer, settings, listener)
    except PageproofError as error:
        return fail(error, 1)


def answerer_with(system: System, settings: Settings, llama_server: Path) -> Answerer:
    """As the service opens it, or with a peer's way to run the same weights."""
    if system.kind == "ours":
        answerer = open_answerer(settings)
        return answerer if system.options.get("remembers", True) else _forgetful(answerer)
    retriever, index = open_retriever(settings)
    return Answerer(
        index=index,
        retriever=retriever,
        model=_peer(system, settings, llama_server),
        passages=settings.passages,
        evidence_tokens=settings.evidence_tokens,
        max_tokens=settings.max_tokens,
        confidence_model=open_confidence_model(settings)[0],
    )


def _forgetful(answerer: Answerer) -> Answerer:
    """Generates anew what it generated before; only beginnings of prompts are known."""
    assert isinstance(answerer.model, LlamaCppModel)  # noqa: S101 - ours
    answerer.model._generations = SingleFlightCache(0)
    answerer.model._scores = SingleFlightCache(0)
    return answerer


def _peer(system: System, settings: Settings, llama_server: Path) -> LanguageModel:
    # Imported here: each loads llama.cpp, and a process needs only one of them.
    weights = open_store(settings).locate(settings.model)
    if system.kind == "locked":
        from benchmarks.serving.locked import LockedLlama

        return LockedLlama(weights.file, weights.name, settings.context_tokens, system.options)
    from benchmarks.serving.llama_server import LlamaServerModel

    return LlamaServerModel(llama_server, weights.file, weights.name, settings.context_tokens, **system.options)


if __name__ == "__main__":
    sys.exit(main())
