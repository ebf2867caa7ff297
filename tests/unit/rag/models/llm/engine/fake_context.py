"""A context that computes nothing, but keeps its books as llama.cpp does, and refuses what llama.cpp refuses.

What it says comes next is a function of exactly the tokens that a sequence's cells spell, so that a cell that is wrong,
stale or lost gives another text.
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
    """What comes next, over ``SIZE``. Often, what came after the last token before: it likes to copy."""
    seed = hash(tuple(tokens))
    logits = np.sin(np.arange(SIZE, dtype=np.float32) * (seed % 99_991 + 1))
    if seed % 3:
        before = [place for place in range(len(tokens) - 1) if tokens[place] == tokens[-1]]
        if before:
            logits[tokens[before[-1] + 1]] += 2
    return np.asarray(logits, dtype=np.float32)


def text_after(prompt: Sequence[int], most: int) -> list[int]:
    """What is written after a prompt, greedily, without its end."""
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
    """Cells with owners.

    Attributes:
        on_step: is called within each step, before anything is read; may raise what a step raises.
        refuses: whether a copy is refused as if there was no room.
        used: cells that some sequence has.
        rows: of the steps until now.
    """

    def __init__(self, *, cells: int = 1024, sequences: int = 32, micro_batch: int = 512) -> None:
        self.cells = cells
        self.sequences = sequences
        self.used = 0
        self.rows: list[list[BatchEntry]] = []
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

    def step(self, rows: Sequence[BatchEntry]) -> list[list[Logits]]:
        assert not self.closed
        assert rows
        assert sum(len(row.tokens) for row in rows) <= self._micro_batch
        assert len({row.sequence_id for row in rows}) == len(rows)
        for row in rows:
            assert row.tokens
            assert 0 <= row.logits <= len(row.tokens)
            assert len(self.spelled(row.sequence_id)) == row.start, "a row does not go on where its sequence ends"
        self.on_step()
        if self._stopped.is_set():
            raise Interrupted
        self.rows.append(list(rows))
        for row in rows:
            for position, token in enumerate(row.tokens, start=row.start):
                self._take(row.sequence_id, Cell(token, position))
        assert self.used <= self.cells, "no room in the pool"
        return [list(self._logits_after(row)) for row in rows]

    def _logits_after(self, row: BatchEntry) -> Iterator[Logits]:
        tokens = self.spelled(row.sequence_id)
        for end in range(len(tokens) - row.logits + 1, len(tokens) + 1):
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

    def vocabulary(self, text: str) -> TokenIds:
        return np.array(sorted({*self.tokens(text), *self.ends}), dtype=np.int64)
