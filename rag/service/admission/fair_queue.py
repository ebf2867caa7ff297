"""Fair queue: deficit round robin between clients, self-clocked fair queueing within a client.

Between clients: deficit round robin (Shreedhar, Varghese: Efficient Fair Queuing Using Deficit Round Robin, 1995). In
each round, every client may have a quantum of tokens computed; the unused rest is carried over to its next round. A
client with twenty questions delays the first question of another client by one round at most, and a client that comes
later never overtakes one that waits.

Within a client: questions are ordered by (tokens served to the client before the question came) + (tokens of the
question), as if each were a flow of its own in self-clocked fair queueing (Golestani: A Self-Clocked Fair Queueing
Scheme, 1994). A short question overtakes a long one that came a little earlier; none overtakes the long one any more
once its client was served as many tokens as it has itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(order=True, frozen=True)
class _QueuedItem(Generic[T]):
    """Heap entry of one client's queue, ordered by rank, then by arrival."""

    rank: int
    number: int
    tokens: int = field(compare=False)
    item: T = field(compare=False)


@dataclass
class _Client(Generic[T]):
    """Queue of one client.

    Attributes:
        queue: a heap.
        credit: deficit counter: tokens that may still be computed for it in this round.
        served: tokens that were computed for it since it entered the round.
    """

    credit: int
    queue: list[_QueuedItem[T]] = field(default_factory=list)
    served: int = 0


class FairQueue(Generic[T]):
    """Queue of items, each with its client and its cost in tokens."""

    def __init__(self, quantum: int) -> None:
        """Empty queue.

        Args:
            quantum: tokens for each client in each round, at least 1; best those of an ordinary question.
        """
        self._quantum = quantum
        self._round: deque[str] = deque()  # the clients, in turn
        self._clients: dict[str, _Client[T]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return sum(len(client.queue) for client in self._clients.values())

    def add(self, name: str, item: T, tokens: int) -> None:
        """Adds an item of the client ``name``."""
        if name not in self._clients:
            self._clients[name] = _Client(self._quantum)
            self._round.append(name)
        client = self._clients[name]
        heappush(client.queue, _QueuedItem(client.served + tokens, next(self._numbers), tokens, item))

    def pop(self) -> T:
        """Removes and returns the next item. The queue must not be empty."""
        while (client := self._clients[self._round[0]]).credit < client.queue[0].tokens:
            client.credit += self._quantum
            self._round.rotate(-1)
        queued = heappop(client.queue)
        client.credit -= queued.tokens
        client.served += queued.tokens
        self._forget_if_empty(self._round[0])
        return queued.item

    def remove(self, name: str, item: T) -> None:
        """Removes an item of the client ``name``, if it is in the queue."""
        if client := self._clients.get(name):
            client.queue[:] = [queued for queued in client.queue if queued.item is not item]
            heapify(client.queue)
            self._forget_if_empty(name)

    def in_order(self) -> Iterator[T]:
        """All items in the order in which they would be served if no more were added."""
        future: FairQueue[T] = FairQueue(self._quantum)
        future._round = deque(self._round)
        future._clients = {
            name: _Client(client.credit, list(client.queue), client.served) for name, client in self._clients.items()
        }
        while future._round:
            yield future.pop()

    def _forget_if_empty(self, name: str) -> None:
        """Removes a client without items, and with it its credit, so that none saves up."""
        if not self._clients[name].queue:
            del self._clients[name]
            self._round.remove(name)
