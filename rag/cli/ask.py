"""The ``ask`` command: one answer, one for each line of stdin, an interactive conversation, or a replay of a record."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from rag.answering.answerer import Answerer
from rag.answering.records import is_record_id
from rag.answering.replay import replay
from rag.cli.answer_view import print_answer, print_replay, print_whole_answer
from rag.cli.conversation.document_picker import chosen_documents
from rag.cli.conversation.line_editor import line_editor
from rag.cli.conversation.live_answer import live_answer, live_status
from rag.cli.conversation.repl import Conversation
from rag.composition import in_collection, joined, open_answerer, open_collection, open_records, setup_of
from rag.domain.collection_name import DEFAULT_COLLECTION
from rag.domain.values import Answer, Question
from rag.errors import QuestionsInvalid
from rag.index.generation import Generation
from rag.index.joint.generation import JointGeneration
from rag.settings import Settings
from rag.text.characters import readable

if TYPE_CHECKING:
    from argparse import _SubParsersAction

NOT_ANSWERED: Final = 4
ANOTHER_ANSWER: Final = 5
_FROM_INPUT: Final = "-"


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``ask`` to the command line."""
    command = commands.add_parser("ask", help="answers in the terminal; exit code 4 if one is not in the documents")
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "question",
        nargs="*",
        default=[],
        help="the question, or - to read one per line; without one, a terminal asks for them",
    )
    what.add_argument(
        "--replay",
        type=_record_id,
        metavar="ID",
        help="answer a recorded question again (RAG_RECORDS): exit code 0 if the text is the same, 5 if it is not",
    )
    command.add_argument(
        "--document", action="append", default=[], metavar="NAME", help="ask this document only; may be repeated"
    )
    command.add_argument(
        "--collection",
        action="append",
        default=[],
        dest="collections",
        metavar="NAME",
        help="the collection, one of indexes/collections (default: the index itself); may be repeated, to ask several",
    )
    command.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    command.set_defaults(run=ask, wrong_usage=command.error)


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Runs ``ask``; the exit code is 4 if a question is not answered."""
    names = options.collections = list(dict.fromkeys(readable(name) for name in options.collections))
    if len(names) == 1:
        settings = in_collection(settings, names[0])
    if options.replay:
        if options.document:
            options.wrong_usage("--replay asks the documents that were asked then: leave --document out")
        if len(names) > 1:
            options.wrong_usage("--replay asks one collection, which has the record: name one --collection")
        return ask_again(options, settings)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # see `readable`
    if options.question:
        return _ask_each(options, settings)
    if options.json or not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        options.wrong_usage('no question; ask one: python -m rag ask "...", or - to read one per line')
    return _converse(options, settings)


def _ask_each(options: argparse.Namespace, settings: Settings) -> int:
    questions = _questions(options.question)
    progress, console = Console(stderr=True, highlight=False), Console(highlight=False)
    answerer = _open(options, settings, progress)
    documents = _documents(options, answerer)
    # A single answer is shown in full, several in short.
    show = print_whole_answer if console.is_terminal and options.question != [_FROM_INPUT] else print_answer
    code = 0
    for text in questions:
        answer = live_answer(progress, answerer, Question(text, documents))
        if options.json:
            print(json.dumps(_to_json(answer, options.collections, answerer.generation()), ensure_ascii=False))
        else:
            show(console, answer, recorded=answerer.recorder is not None)
        code = code if answer.answered else NOT_ANSWERED
    return code


def _converse(options: argparse.Namespace, settings: Settings) -> int:
    progress, console = Console(stderr=True, highlight=False), Console(highlight=False)
    answerer = _open(options, settings, progress)
    recorded, documents = answerer.recorder is not None, _documents(options, answerer)
    conversation = Conversation(console, progress, answerer, recorded, documents)
    # A conversation may last for days: it follows the index as documents are ingested.
    with answerer.index.followed():
        conversation.run(line_editor(settings.history, conversation.complete))
    return 0


def ask_again(options: argparse.Namespace, settings: Settings) -> int:
    """Replays a recorded question; the exit code is 5 if the text differs."""
    record = open_records(settings).read(options.replay)
    answerer = open_answerer(settings)
    replayed = replay(
        record, answerer, setup_of(settings, answerer.retriever, answerer.current_confidence_model), settings.index
    )
    if options.json:
        print(json.dumps(replayed.to_json(), ensure_ascii=False))
    else:
        print_replay(Console(highlight=False), replayed)
    return 0 if replayed.first_difference is None else ANOTHER_ANSWER


def _open(options: argparse.Namespace, settings: Settings, progress: Console) -> Answerer:
    """The answerer of the one collection that ``settings`` are for, or of all that the options name."""
    names: list[str] = options.collections
    with live_status(progress, "loading the model"):
        if len(names) < 2:
            return open_answerer(settings, recorded=True)
        for name in names:
            in_collection(settings, name)  # one that is not there is told before anything slow is loaded
        answerer = open_answerer(settings)
        others = {name: open_collection(settings, answerer, name) for name in names if name != DEFAULT_COLLECTION}
        return joined({name: others.get(name, answerer) for name in names})


def _documents(options: argparse.Namespace, answerer: Answerer) -> tuple[str, ...]:
    return chosen_documents([readable(name) for name in options.document], answerer.generation().documents)


def _record_id(text: str) -> str:
    if not is_record_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a record: 32 hexadecimal digits")
    return text


def _questions(words: Sequence[str]) -> Iterable[str]:
    text = readable(" ".join(words)).strip()
    if text == _FROM_INPUT:
        return filter(None, (readable(line).strip() for line in sys.stdin))
    if not text:
        raise QuestionsInvalid('no question; ask one: python -m rag ask "..."')
    return [text]


def _to_json(answer: Answer, names: Sequence[str], generation: Generation) -> dict[str, Any]:
    # The service's schema is the contract; the terminal prints the same.
    from rag.service.page_links import PageLinks
    from rag.service.schemas.ask import AnswerBody

    if isinstance(generation, JointGeneration):
        links = PageLinks(collections=tuple(names), homes=generation.homes)
    else:
        links = PageLinks(collection=next((name for name in names if name != DEFAULT_COLLECTION), None))
    return AnswerBody.of(answer, links).model_dump()
