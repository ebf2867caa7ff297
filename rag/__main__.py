"""``python -m rag COMMAND``: composition root of the library and the service."""

from __future__ import annotations

import rag.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from rag import index_commands, question_commands
from rag.composition import open_answerer, open_retriever, open_store
from rag.console import configure_logging, fail, fetch_progress, print_answer, print_evaluation, print_models, progress
from rag.domain import Answer, Hit, Question
from rag.errors import IndexBusy, PageproofError, QuestionsInvalid
from rag.evaluation import RANKS, evaluate, read_questions, regressions, summarise
from rag.settings import Settings, read_settings

NOT_ANSWERED = 4


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
    from rag.service.server import reserve, serve_forever

    with reserve(options.host or settings.host, options.port or settings.port) as listener:
        answerer = open_answerer(settings)
        return serve_forever(lambda: answerer, settings, listener)


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answers one question, or each line of standard input."""
    answerer = open_answerer(settings)
    console = Console(highlight=False)
    code = 0
    for text in _questions(options.question):
        answer = answerer.ask(Question(text))
        if options.json:
            print(json.dumps(_to_json(answer), ensure_ascii=False))
        else:
            print_answer(console, answer)
        code = code if answer.answered else NOT_ANSWERED
    return code


def _questions(words: Sequence[str]) -> Iterator[str]:
    text = _readable(" ".join(words)).strip()
    if text != "-":
        if not text:
            raise QuestionsInvalid('no question; ask one: python -m rag ask "..."')
        yield text
        return
    lines = (_readable(line).strip() for line in sys.stdin)
    yield from (line for line in lines if line)


def _readable(text: str) -> str:
    """Bytes of the terminal that are no UTF-8 come as lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def _to_json(answer: Answer) -> dict[str, Any]:
    # The service's schema is the contract; the terminal prints the same.
    from rag.service.schemas import AnswerBody

    return AnswerBody.of(answer).model_dump()


def evaluation(options: argparse.Namespace, settings: Settings) -> int:
    """Measures on labelled questions; 1 on a regression against an earlier run."""
    if options.make:
        return question_commands.make(options, settings)
    if not options.questions:
        raise QuestionsInvalid("no QUESTIONS.jsonl; draft one from your documents: python -m rag eval --make 50")
    questions = read_questions(options.questions)[: options.limit]
    earlier = _read_run(options.compare) if options.compare else None
    if options.retrieval_only:
        (retriever, index), answerer = open_retriever(settings), None
        generation = index.generation()
    else:
        answerer = open_answerer(settings)
        retriever, generation = answerer.retriever, answerer.generation()

    def retrieve(question: Question) -> list[Hit]:
        return retriever.retrieve(generation, question, RANKS)

    with progress() as tell:
        items = evaluate(questions, retrieve, answerer.ask if answerer else None, generation, tell)
    summary = summarise(items, model=answerer.model.name if answerer else None, index=generation.id)
    worse = regressions(summary, earlier) if earlier else []
    if options.json:
        print(json.dumps({**summary, **({"regressions": worse} if earlier else {})}, ensure_ascii=False))
    else:
        print_evaluation(Console(highlight=False), summary, worse)
    return 1 if worse else 0


def _read_run(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed: {error}") from error
    if not isinstance(run, dict):
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed")
    return run


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
    command.add_argument("--port", type=_port, help="port to listen on (default: RAG_PORT, or 8000)")
    command.set_defaults(run=serve)

    command = commands.add_parser("ask", help="one answer in the terminal; exit code 4 if it is not in the documents")
    command.add_argument("question", nargs="+", help="the question, or - to read one per line")
    command.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    command.set_defaults(run=ask)

    command = commands.add_parser("eval", help="measures on your own questions")
    command.add_argument("questions", type=Path, nargs="?", metavar="QUESTIONS.jsonl")
    command.add_argument("--retrieval-only", action="store_true", help="do not generate answers")
    command.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    command.add_argument("--compare", type=Path, metavar="RUN.json", help="an earlier --json; exit code 1 if worse")
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")
    question_commands.add_arguments(command)
    command.set_defaults(run=evaluation)

    index_commands.add_commands(commands)

    command = commands.add_parser("models", help="the weights on this machine")
    command.add_argument("action", choices=("list", "fetch", "verify"))
    command.add_argument("names", nargs="*", metavar="NAME", help="default: those that the settings need")
    command.set_defaults(run=models)
    return parser


if __name__ == "__main__":
    sys.exit(main())
