"""``python -m rag COMMAND``: composition root of the library and the service."""

from __future__ import annotations

import rag.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console

from rag import calibration_commands, doctor_command, evaluation_commands, index_commands
from rag.composition import open_answerer, open_records, open_store, setup_of
from rag.console import configure_logging, fail, fetch_progress, print_answer, print_models, print_replay
from rag.domain import Answer, Question
from rag.errors import IndexBusy, PageproofError, QuestionsInvalid
from rag.recording import is_record_id
from rag.replay import replay
from rag.settings import Settings, read_settings

NOT_ANSWERED = 4
ANOTHER_ANSWER = 5


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


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answers one question, or each line of standard input; or a recorded question again."""
    if options.replay:
        return ask_again(options, settings)
    answerer = open_answerer(settings, recorded=True)
    console = Console(highlight=False)
    code = 0
    for text in _questions(options.question):
        answer = answerer.ask(Question(text))
        if options.json:
            print(json.dumps(_to_json(answer), ensure_ascii=False))
        else:
            print_answer(console, answer, recorded=settings.records is not None)
        code = code if answer.answered else NOT_ANSWERED
    return code


def ask_again(options: argparse.Namespace, settings: Settings) -> int:
    """Answers a recorded question again; 5 where the text is another one."""
    record = open_records(settings).read(options.replay)
    answerer = open_answerer(settings)
    replayed = replay(record, answerer, setup_of(settings, answerer.retriever, answerer.judge), settings.index)
    if options.json:
        print(json.dumps(replayed.to_json(), ensure_ascii=False))
    else:
        print_replay(Console(highlight=False), replayed)
    return 0 if replayed.first_difference is None else ANOTHER_ANSWER


def _record_id(text: str) -> str:
    if not is_record_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no id of an answer: 32 hexadecimal digits")
    return text


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
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("question", nargs="*", default=[], help="the question, or - to read one per line")
    what.add_argument(
        "--replay",
        type=_record_id,
        metavar="ID",
        help="answer a recorded question again (RAG_RECORDS): exit code 0 if the text is the same, 5 if it is not",
    )
    command.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    command.set_defaults(run=ask)

    evaluation_commands.add_commands(commands)
    calibration_commands.add_commands(commands)
    index_commands.add_commands(commands)

    command = commands.add_parser("models", help="the weights on this machine")
    command.add_argument("action", choices=("list", "fetch", "verify"))
    command.add_argument("names", nargs="*", metavar="NAME", help="default: those that the settings need")
    command.set_defaults(run=models)
    doctor_command.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
