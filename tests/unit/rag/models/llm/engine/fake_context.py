"""Fake llama.cpp context: no model, but the KV cells and the checks of the real one.

Its logits are a function of exactly the tokens that a sequence's cells hold, so that a cell that is wrong, stale or
lost gives another text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from mmap import mmap
from threading import Event

import numpy as np

from rag.models.llm.engine.context import BatchEntry, Context, Interrupted, Logits, Saved
from rag.models.llm.engine.vocabulary import TokenIds, Vocabulary

SIZE = 32
END = 0


def logits_after(tokens: Sequence[int]) -> Logits:
    """Logits over ``SIZE``. Often the likeliest token is the one that followed the last token before: a copy."""
    seed = hash(tuple(tokens))
    logits = np.sin(np.arange(SIZE, dtype=np.float32) * (seed % 99_991 + 1))
    if seed % 3:
        before = [place for place in range(len(tokens) - 1) if tokens[place] == tokens[-1]]
        if before:
            logits[tokens[before[-1] + 1]] += 2
    return np.asarray(logits, dtype=np.float32)


def text_after(prompt: Sequence[int], most: int) -> list[int]:
    """The greedy continuation of a prompt, without the end token."""
    tokens = list(prompt)
    while len(tokens) < len(prompt) + most and (token := int(logits_after(tokens).argmax())) != END:
        tokens.append(token)
    return tokens[len(prompt) :]


@dataclass(eq=False, slots=True)
class Cell:
    token: int
    position: int
    owners: int = 1


class FakeContext(Context):
    """KV cells with owner counts.

    Attributes:
        on_step: called within each step, before anything is computed; may raise what a step raises.
        refuses: whether a copy is not restored, as if there was no room.
        used: cells that a sequence has.
        batches: of the steps until now.
    """

    def __init__(self, *, cells: int = 1024, sequences: int = 32, micro_batch: int = 512) -> None:
        self.cells = cells
        self.sequences = sequences
        self.used = 0
        self.batches: list[list[BatchEntry]] = []
        self.on_step: Callable[[], None] = lambda: None
        self.refuses: Callable[[], bool] = lambda: False
        self.closed = False
        self._micro_batch = micro_batch
        self._cells: list[dict[int, Cell]] = [{} for _ in range(sequences)]
        self._stopped = Event()

    def spelled(self, sequence_id: int) -> list[int]:
        """The tokens of a sequence from position 0 on."""
        cells = self._cells[sequence_id]
        assert sorted(cells) == list(range(len(cells)))
        return [cells[position].token for position in range(len(cells))]

    def cells_of(self, sequence_id: int) -> set[Cell]:
        return set(self._cells[sequence_id].values())

    def step(self, batch: Sequence[BatchEntry]) -> list[list[Logits]]:
        assert not self.closed
        assert batch
        assert sum(len(entry.tokens) for entry in batch) <= self._micro_batch
        assert len({entry.sequence_id for entry in batch}) == len(batch)
        for entry in batch:
            assert entry.tokens
            assert 0 <= entry.logits <= len(entry.tokens)
            assert len(self.spelled(entry.sequence_id)) == entry.start, (
                "an entry does not start where its sequence ends"
            )
        self.on_step()
        if self._stopped.is_set():
            raise Interrupted
        self.batches.append(list(batch))
        for entry in batch:
            for position, token in enumerate(entry.tokens, start=entry.start):
                self._take(entry.sequence_id, Cell(token, position))
        assert self.used <= self.cells, "no room in the pool"
        return [list(self._logits_after(entry)) for entry in batch]

    def _logits_after(self, entry: BatchEntry) -> Iterator[Logits]:
        tokens = self.spelled(entry.sequence_id)
        for end in range(len(tokens) - entry.logits + 1, len(tokens) + 1):
            yield logits_after(tokens[:end])

    def _take(self, sequence_id: int, cell: Cell) -> None:
        assert cell.position not in self._cells[sequence_id]
        self._cells[sequence_id][cell.position] = cell
        self.used += cell.owners == 1

    def interrupt(self) -> None:
        self._stopped.set()

    def resume(self) -> None:
        self._stopped.clear()

    def share(self, source: int, target: int, start: int, end: int) -> None:
        assert start < end
        for position in range(start, end):
            cell = self._cells[source][position]
            cell.owners += 1
            self._take(target, cell)

    def forget(self, sequence_id: int, start: int = 0) -> None:
        assert not self.closed
        cells = self._cells[sequence_id]
        for position in [position for position in cells if position >= start]:
            cell = cells.pop(position)
            cell.owners -= 1
            self.used -= not cell.owners

    def save(self, sequence_id: int) -> Saved:
        found = [(cell.position, cell.token) for cell in self._cells[sequence_id].values()]
        assert found, "a copy of nothing"
        data = np.array(sorted(found), dtype=np.int32).tobytes()
        saved = mmap(-1, len(data))
        saved.write(data)
        return saved

    def restore(self, saved: Saved, sequence_id: int) -> bool:
        assert not self._cells[sequence_id]
        found = np.frombuffer(saved[:], dtype=np.int32).reshape(-1, 2).tolist()
        if self.refuses() or self.used + len(found) > self.cells:
            return False
        for position, token in found:
            self._take(sequence_id, Cell(token, position))
        return True

    def close(self) -> None:
        self.closed = True


class FakeVocabulary(Vocabulary):
    """Tokens are small numbers; a text is their numbers, each with a space after it."""

    def __init__(self, pieces: dict[int, bytes] | None = None) -> None:
        self._pieces = pieces or {}
        self.size = SIZE
        self.ends = frozenset({END})

    def tokens(self, text: str, *, control: bool = False, begin: bool = False) -> list[int]:  # noqa: ARG002
        return [int(word) for word in text.split()]

    def piece(self, token: int) -> bytes:
        return self._pieces.get(token, b"%d " % token)

    def mask(self, text: str) -> TokenIds:
        return np.array(sorted({*self.tokens(text), *self.ends}), dtype=np.int64)
