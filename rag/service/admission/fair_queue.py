"""Who is next: fair between clients, and between the short and the long questions of one client.

Between clients it is deficit round robin (Shreedhar, Varghese: Efficient Fair Queuing Using Deficit Round Robin, 1995):
each in turn may have so many tokens computed, and what it leaves of them is its own for the next round. A client with
twenty questions delays the first of another by one round at most, and one that comes later never passes one that waits.

Within a client the question comes first of which (tokens served to the client before it came) + (its own tokens) is
least, as if each were a flow of its own in self-clocked fair queueing (Golestani: A Self-Clocked Fair Queueing Scheme,
1994): a short one passes a long one that came a little earlier, and nobody passes the long one any more once its client
was served as many tokens as it has itself.
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
    """Ordered by what decides within a client; of two that are equal the earlier comes first."""

    rank: int
    number: int
    tokens: int = field(compare=False)
    item: T = field(compare=False)


@dataclass
class _Client(Generic[T]):
    """What waits of one client.

    Attributes:
        places: a heap.
        credit: tokens that may still be computed for it before it is the next one's turn.
        served: tokens that were computed for it since it came into the line.
    """

    credit: int
    places: list[_QueuedItem[T]] = field(default_factory=list)
    served: int = 0


class FairQueue(Generic[T]):
    """A line of items, each of a client and with the tokens that it takes."""

    def __init__(self, quantum: int) -> None:
        """An empty line.

        Args:
            quantum: tokens that a client has in each round, at least 1; best as many as an ordinary question takes.
        """
        self._quantum = quantum
        self._round: deque[str] = deque()  # the clients, in turn
        self._clients: dict[str, _Client[T]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return sum(len(client.places) for client in self._clients.values())

    def add(self, name: str, item: T, tokens: int) -> None:
        """Puts an item into the line."""
        if name not in self._clients:
            self._clients[name] = _Client(self._quantum)
            self._round.append(name)
        client = self._clients[name]
        heappush(client.places, _QueuedItem(client.served + tokens, next(self._numbers), tokens, item))

    def pop(self) -> T:
        """Takes the next one out. The line must not be empty."""
        while (client := self._clients[self._round[0]]).credit < client.places[0].tokens:
            client.credit += self._quantum
            self._round.rotate(-1)
        place = heappop(client.places)
        client.credit -= place.tokens
        client.served += place.tokens
        self._forget_if_empty(self._round[0])
        return place.item

    def remove(self, name: str, item: T) -> None:
        """Takes one out wherever it is; nothing happens where it is not in the line."""
        if client := self._clients.get(name):
            client.places[:] = [place for place in client.places if place.item is not item]
            heapify(client.places)
            self._forget_if_empty(name)

    def in_order(self) -> Iterator[T]:
        """All in the order in which they would come out if nobody else came."""
        future: FairQueue[T] = FairQueue(self._quantum)
        future._round = deque(self._round)
        future._clients = {
            name: _Client(client.credit, list(client.places), client.served) for name, client in self._clients.items()
        }
        while future._round:
            yield future.pop()

    def _forget_if_empty(self, name: str) -> None:
        """What a client left of its round is lost when it leaves the line, and so is what it owes: nobody saves up."""
        if not self._clients[name].places:
            del self._clients[name]
            self._round.remove(name)
