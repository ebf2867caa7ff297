"""One question is answered at a time; a bounded number wait in line."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from time import monotonic
from typing import Final

from rag.errors import ServiceBusy

# Weight of the newest answer in the running mean of seconds per answer.
_NEWEST: Final = 0.3
_FIRST_GUESS_SECONDS: Final = 10.0


class Admission:
    """A line of requests, first come, first served. For one event loop."""

    def __init__(self, max_queue: int) -> None:
        self.max_queue = max_queue
        self._line: deque[Ticket] = deque()
        self._seconds = _FIRST_GUESS_SECONDS

    @property
    def waiting(self) -> int:
        """Requests in line behind the one at work."""
        return max(len(self._line) - 1, 0)

    def enter(self) -> Ticket:
        """Takes a place in line, before any work is done; leave it with the ticket's ``with`` block.

        Raises:
            ServiceBusy: the line is full.
        """
        if len(self._line) > self.max_queue:
            retry_after = max(1, math.ceil(self._seconds * len(self._line)))
            raise ServiceBusy(f"{self.waiting} requests are waiting already; try again in {retry_after} s", retry_after)
        ticket = Ticket(self)
        self._line.append(ticket)
        return ticket

    def position(self, ticket: Ticket) -> int:
        """How many are before this one; 0 is at work."""
        return self._line.index(ticket)

    def leave(self, ticket: Ticket, seconds_at_work: float | None) -> None:
        """Gives the place up and lets the others move on; again does nothing."""
        if ticket not in self._line:
            return
        self._line.remove(ticket)
        if seconds_at_work is not None:
            self._seconds += _NEWEST * (seconds_at_work - self._seconds)
        for other in self._line:
            other.moved.set()


class Ticket:
    """A place in line."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._since: float | None = None
        self.moved = asyncio.Event()

    async def positions(self) -> AsyncIterator[int]:
        """Each position until it is this ticket's turn; nothing when it is at once."""
        told = 0
        while True:
            # Before looking: a move while the position is being told must not be missed.
            self.moved.clear()
            if not (position := self._admission.position(self)):
                break
            if position != told:
                told = position
                yield position
            else:
                await self.moved.wait()
        self._since = monotonic()

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.leave(self, monotonic() - self._since if self._since is not None else None)
