"""Experiment on position-independent KV cache reuse: the KV of a passage is computed once, then used in any prompt.

Each passage is read once, right behind the instructions, as if it were alone. In a prompt its keys and values are then
copied to where it stands, and only its first tokens are read again, so that they see what comes before: EPIC (Hu et
al., 2024, arXiv:2410.15332). For each question the same prompt is also read whole. Reported are the seconds to the
first token, f1 against the labels, and how often the answer stays the same; docs/generation.md has the verdict.

    python -m benchmarks.chunk_reuse --index DIR --questions FILE.jsonl --sample 120
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, TypeAlias

import llama_cpp as llama
import numpy as np

from benchmarks.bootstrap import ratio_of_medians
from benchmarks.sampling import sampled
from rag.answering.evidence.selection import heading_line
from rag.answering.prompt import JOINING, NOT_FOUND, SYSTEM
from rag.cli.console import ProgressCallback, configure_logging, progress
from rag.composition import open_retriever
from rag.domain.values import Hit, Question
from rag.evaluation.correctness import f1
from rag.evaluation.questions import LabelledQuestion, read_questions
from rag.models.llm.engine.context import BatchEntry, Context, Logits, Saved
from rag.models.llm.engine.llama_library import can_repack, open_library
from rag.models.llm.engine.sampling import Sampler
from rag.models.llm.engine.vocabulary import Vocabulary
from rag.models.llm.language_model import Generated, Message, Token
from rag.models.llm.tuning.autotune import tuning_of
from rag.models.opening import open_store
from rag.settings import Settings, read_settings

_MARK: Final = "@"
_MAX_TOKENS: Final = 24
# Sequences: the instructions, the prompt at work, one to read a passage, one to bring it back; then the passages.
_HEAD, _PROMPT, _READ, _BROUGHT = range(4)


@dataclass(frozen=True)
class Cached:
    """A passage's tokens, and its keys and values at the positions right behind the instructions."""

    tokens: tuple[int, ...]
    saved: Saved


@dataclass(frozen=True)
class Answered:
    """An answer, and the seconds until its first token could be chosen."""

    text: str
    seconds: float


_Row: TypeAlias = tuple[LabelledQuestion, Sequence[Answered]]


class Reuse:
    """Reads prompts whole, or from passages that were read before."""

    def __init__(self, settings: Settings) -> None:
        """Loads the model."""
        open_library()
        weights = open_store(settings).locate(settings.model)
        tuning = tuning_of(settings, weights)
        parameters = llama.llama_model_default_params()
        parameters.use_extra_bufts = tuning.repack and can_repack()
        self._model = llama.llama_model_load_from_file(str(weights.file).encode(), parameters)
        self.vocabulary = Vocabulary(self._model, weights.name)
        self._context = Context(self._model, tuning, cells=4096, sequences=8, vocabulary_size=self.vocabulary.size)
        chat = self.vocabulary.prompt([Message("system", SYSTEM), Message("user", _MARK)]).tokens
        (mark,) = self.vocabulary.tokens(_MARK)
        place = len(chat) - 1 - chat[::-1].index(mark)
        self._head, self._end = chat[:place], chat[place + 1 :]
        self._read(_HEAD, 0, self._head)

    def passage(self, hit: Hit) -> Cached:
        """Reads a passage alone."""
        chunk = hit.passage.chunk
        text = heading_line(hit.passage) + chunk.text
        tokens = tuple(self.vocabulary.tokens(f"{text}\n\n"))
        start = len(self._head)
        self._context.share(_HEAD, _READ, 0, start)
        self._read(_READ, start, tokens)
        self._context.share(_READ, _BROUGHT, start, start + len(tokens))
        saved = self._context.save(_BROUGHT)
        self._context.forget(_READ)
        self._context.forget(_BROUGHT)
        return Cached(tokens, saved)

    def whole(self, passages: Sequence[Cached], question: str) -> Answered:
        """The answer to a prompt that is read from beginning to end."""
        tokens = [token for passage in passages for token in passage.tokens]
        return self._answer(passages, question, lambda: (len(self._head), tokens))

    def spliced(self, passages: Sequence[Cached], question: str, first: int) -> Answered:
        """The answer to the same prompt where of each passage only the first tokens are read."""
        return self._answer(passages, question, lambda: (self._splice(passages, first), []))

    def _splice(self, passages: Sequence[Cached], first: int) -> int:
        """Puts the passages behind the instructions; returns the position behind them."""
        own = position = len(self._head)
        for number, passage in enumerate(passages):
            again = min(first, len(passage.tokens)) if number else 0  # the first one stands where it was read
            self._read(_PROMPT, position, passage.tokens[:again])
            end = position + len(passage.tokens)
            self._context.restore(passage.saved, _BROUGHT)
            llama.llama_memory_seq_add(self._context._memory, _BROUGHT, own, -1, position - own)
            self._context.share(_BROUGHT, _PROMPT, position + again, end)
            self._context.forget(_BROUGHT)
            position = end
        return position

    def _answer(
        self, passages: Sequence[Cached], question: str, begin: Callable[[], tuple[int, Sequence[int]]]
    ) -> Answered:
        start = perf_counter()
        self._context.share(_HEAD, _PROMPT, 0, len(self._head))
        position, before = begin()
        tail = [*before, *self.vocabulary.tokens(f"Question: {question}"), *self._end]
        logits = self._read(_PROMPT, position, tail)
        seconds = perf_counter() - start
        text = self._write(logits, position + len(tail), passages, question)
        self._context.forget(_PROMPT)
        return Answered(text, seconds)

    def _write(self, logits: Logits, position: int, passages: Sequence[Cached], question: str) -> str:
        words = b"".join(self.vocabulary.piece(token) for passage in passages for token in passage.tokens)
        said: list[Generated] = []
        writer = Sampler(
            self.vocabulary,
            said.append,
            prompt_tokens=0,
            max_tokens=_MAX_TOKENS,
            vocabulary_mask=self.vocabulary.mask(f"{words.decode(errors='replace')} {question} {JOINING}"),
            banned_first_token=self.vocabulary.tokens(NOT_FOUND)[0],
        )
        while (token := writer.advance(logits)) is not None:
            logits = self._read(_PROMPT, position, [token])
            position += 1
        return "".join(each.text for each in said if isinstance(each, Token))

    def _read(self, sequence: int, start: int, tokens: Sequence[int]) -> Logits:
        """Logits of what comes after the tokens; of nothing after none."""
        logits: list[list[Logits]] = [[np.zeros(0, np.float32)]]
        for offset in range(0, len(tokens), 256):
            part = tokens[offset : offset + 256]
            logits = self._context.step([BatchEntry(sequence, start + offset, part, 1)])
        return logits[0][0]


def main() -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chunk_reuse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--questions", type=Path, required=True, metavar="FILE")
    parser.add_argument("--sample", type=int, default=120, metavar="N")
    parser.add_argument("--first", type=lambda text: [int(part) for part in text.split(",")], default=[0, 8, 16, 32])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    configure_logging()
    settings = read_settings().model_copy(update={"index": options.index})
    questions = [each for each in read_questions(options.questions) if each.answerable and each.answers]
    with progress() as tell:
        rows = list(_measured(settings, sampled(questions, options.sample, options.seed), options.first, tell))
    _print(rows, options.first)
    return 0


def _measured(
    settings: Settings, questions: Sequence[LabelledQuestion], firsts: Sequence[int], tell: ProgressCallback
) -> Iterator[_Row]:
    retriever, index = open_retriever(settings)
    generation = index.generation()
    reuse = Reuse(settings)
    for number, labelled in enumerate(questions):
        tell("questions", number, len(questions))
        hits = retriever.retrieve(generation, Question(labelled.question), settings.passages)
        room, passages = settings.evidence_tokens, list[Cached]()
        for hit in hits:
            passage = reuse.passage(hit)
            if len(passage.tokens) <= room:
                passages.append(passage)
                room -= len(passage.tokens)
        if len(passages) > 1:  # a single one is the same either way
            answers = [reuse.whole(passages, labelled.question)]
            answers += [reuse.spliced(passages, labelled.question, first) for first in firsts]
            yield labelled, answers


def _print(rows: Sequence[_Row], firsts: Sequence[int]) -> None:
    print(f"{len(rows)} questions with two passages or more\n")
    print("| read | first token, s | against whole | f1 | answers as whole |\n| --- | --- | --- | --- | --- |")
    for column, name in enumerate(["whole", *(f"first {first} of each passage" for first in firsts)]):
        seconds = [answers[column].seconds for _, answers in rows]
        whole = [answers[0].seconds for _, answers in rows]
        right = [max(f1(answers[column].text, gold) for gold in each.answers) for each, answers in rows]
        same = sum(answers[column].text == answers[0].text for _, answers in rows) / len(rows)
        ratio = ratio_of_medians(seconds, whole)
        against = f"{ratio.value:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"
        print(f"| {name} | {median(seconds):.2f} | {against} | {sum(right) / len(right):.3f} | {same:.2f} |")


if __name__ == "__main__":
    raise SystemExit(main())
