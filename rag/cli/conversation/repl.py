"""Interactive prompt (REPL): a conversation of questions and answers, and its slash commands."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.answering.answerer import Answerer
from rag.cli.answer_view import Indented, print_whole_answer
from rag.cli.console import fail
from rag.cli.conversation.document_picker import chosen_documents
from rag.cli.conversation.live_answer import live_answer
from rag.domain.values import Question, Turn
from rag.errors import DocumentUnknown, PageproofError
from rag.text.characters import printable

_COMMANDS: Final = {
    "/documents": "[WORD]  the documents, numbered; with a word, those whose names contain it",
    "/only": "[NAME, its start or number ...]  ask these documents only; without a name, all again",
    "/new": "clear the history: the next question begins a new conversation",
    "/help": "this list",
    "/quit": "the end, as Ctrl-D; Ctrl-C stops an answer",
}
_QUIT: Final = ("/quit", "quit", "exit")
# Earlier questions and answers that go with a question.
_TURNS: Final = 4
_LISTED: Final = 200
# Reasons of replies that a later question does not refer to.
_NO_TURN: Final = ("not_a_question", "not_possible")


@dataclass
class Conversation:
    """A conversation at one prompt.

    Attributes:
        console: for answers.
        progress: for the live display.
        recorded: whether records of the answers are kept.
        documents: names of the documents to search; empty means all.
        turns: the last questions, with their answers.
        unchosen: whether the last ``/only`` has failed: nothing is asked until another one succeeds.
    """

    console: Console
    progress: Console
    answerer: Answerer
    recorded: bool = False
    documents: tuple[str, ...] = ()
    turns: list[Turn] = field(default_factory=list)
    unchosen: bool = False

    def run(self, read: Callable[[str], str]) -> None:
        """Reads and answers lines until the input ends or a line is ``/quit``.

        Args:
            read: as ``input``: given the prompt, the next line; EOFError at the end, KeyboardInterrupt for Ctrl-C.
        """
        generation = self.answerer.generation()
        about = f"{len(generation.documents):,} documents, index {generation.id}. /help lists the commands."
        self._print(about)
        while True:
            try:
                line = read(self.prompt)
            except EOFError:
                self.console.print()
                return
            except KeyboardInterrupt:
                self.console.print()
                continue
            if line in _QUIT:
                return
            if line:
                self._handle(line)

    @property
    def prompt(self) -> str:
        """The prompt, with the number of selected documents."""
        if self.unchosen:
            return "no document> "
        count = len(self.documents)
        return f"{count} document{'s' * (count > 1)}> " if count else "> "

    def complete(self, before: str, beginning: str) -> Sequence[str]:
        """Tab completions of a word in the line: commands, or names of documents after ``/only``."""
        if not before:
            return [command for command in _COMMANDS if beginning and command.startswith(beginning)]
        if before.split()[:1] != ["/only"]:
            return []
        names = [name for document in self.answerer.generation().documents for name in document.names]
        beginning = unicodedata.normalize("NFC", beginning)
        return [quoted for name in names if name.isprintable() and (quoted := _quoted(name)).startswith(beginning)]

    def _handle(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._run_command(line)
            else:
                self._ask(line)
        except KeyboardInterrupt:
            self._print("Stopped.")
        except PageproofError as error:
            fail(error, 1)

    def _ask(self, text: str) -> None:
        if self.unchosen:
            self._print("Nothing was asked: choose documents first, with /only NAME, or all with /only.")
            return
        question = Question(text, self.documents, tuple(self.turns))
        try:
            answer = live_answer(self.progress, self.answerer, question)
        except DocumentUnknown as error:  # removed from the index since it was chosen
            names = {name for document in self.answerer.generation().documents for name in document.names}
            gone = [name for name in self.documents if name not in names]
            raise DocumentUnknown(
                f"not in the index any more: {', '.join(gone)}; /only chooses other documents; without a name, all"
            ) from error
        self.console.print()
        print_whole_answer(self.console, answer, recorded=self.recorded)
        if answer.reason not in _NO_TURN:
            self.turns = [*self.turns, Turn(text, answer.answer)][-_TURNS:]

    def _run_command(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        if command == "/documents":
            self._list_documents(rest.strip())
        elif command == "/only":
            self._restrict(rest)
        elif command == "/new":
            self.turns = []
            self._print("The history is cleared.")
        elif command == "/help":
            self._help()
        else:
            self._print(f"There is no command {command}; /help lists the commands.")

    def _list_documents(self, word: str) -> None:
        documents = self.answerer.generation().documents
        rows = [
            (number, document)
            for number, document in enumerate(documents, start=1)
            if word.casefold() in document.name.casefold()
        ]
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="cyan")
        for number, document in rows[:_LISTED]:
            asked = not self.documents or set(document.names) & set(self.documents)
            pages = f"{document.pages:,} page{'s' * (document.pages != 1)}"
            table.add_row(str(number), Text(printable(document.name), style="" if asked else "dim"), pages)
        self.console.print(Padding(table, (0, 2)))
        if (more := len(rows) - _LISTED) > 0:
            self._print(f"and {more:,} more; /documents WORD lists those whose names contain the word")
        if not rows:
            self._print("No document has a name that contains this.")

    def _restrict(self, rest: str) -> None:
        self.unchosen = True
        try:
            words = shlex.split(rest)
        except ValueError as error:
            raise DocumentUnknown(
                "a quotation mark is not closed; put a name with spaces between two: 'a b.pdf'"
            ) from error
        documents = self.answerer.generation().documents
        self.documents = chosen_documents(words, documents)
        self.unchosen = False
        named = ", ".join(self.documents) or f"all {len(documents):,} documents"
        self._print(f"Questions now search {named}.")

    def _help(self) -> None:
        table = Table.grid(padding=(0, 2))
        for command, words in _COMMANDS.items():
            table.add_row(Text(command, style="cyan"), Text(words))
        self.console.print(Padding(table, (0, 2)))

    def _print(self, text: str) -> None:
        self.console.print(Indented(Text(printable(text), style="dim"), 2))


def _quoted(name: str) -> str:
    """A name as ``/only`` takes it; shlex.quote would quote every letter that is not ASCII."""
    try:
        plain = shlex.split(name) == [name]
    except ValueError:
        plain = False
    return name if plain else shlex.quote(name)
