"""Who is answered: some at a time, a bounded number in line behind them, the others are refused at once."""

from __future__ import annotations

import asyncio
import math
from asyncio import Future
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from rag.errors import DeadlinePassed, ServiceBusy
from rag.runtime.cancellation import Cancellation
from rag.service.admission.fair_queue import FairQueue
from rag.service.admission.latency import LatencyEstimate, Started

# A client that waits hears of its place at least this often, so that no proxy takes the connection for dead.
TOLD_EVERY_SECONDS: Final = 10.0
# Whoever is refused comes back within this time, whatever was estimated.
_LONGEST_RETRY_SECONDS: Final = 60
# Of the line, for clients that have no place yet: one client alone cannot fill it.
_FOR_OTHERS: Final = 1 / 4
# From being told to stop to answering again: the running answers' time, and loading.
_RESTART_SECONDS: Final = 30


@dataclass(frozen=True)
class AdmissionLimits:
    """What is admitted.

    Attributes:
        parallel: answers at work at a time, at least 1.
        max_queue: requests that may wait behind them.
        seconds: that a request may take from its arrival to its end, waiting included.
    """

    parallel: int = 8
    max_queue: int = 16
    seconds: float = 120.0


DEFAULTS: Final = AdmissionLimits()


@dataclass(frozen=True)
class Waiting:
    """A place in line: 1 is the next; and in how many seconds it is likely to be its turn."""

    position: int
    estimate_seconds: int


class Admission:
    """Places of requests, from their arrival to the end of their work. For one event loop."""

    def __init__(self, limits: AdmissionLimits, *, quantum: int, clock: Callable[[], float] = monotonic) -> None:
        """Nobody is there yet.

        Args:
            limits: what is admitted.
            quantum: tokens that an ordinary question takes; see :class:`FairQueue`.
            clock: seconds that only grow, for what is measured.
        """
        self.limits = limits
        self._clock = clock
        self._pace = LatencyEstimate(limits.parallel, clock)
        self._line: FairQueue[Ticket] = FairQueue(quantum)
        self._order: dict[Ticket, int] | None = None  # positions; None after a change
        self._tickets: set[Ticket] = set()
        self._held: Counter[str] = Counter()
        self._promised = -math.inf  # when the last one who was refused is to come back
        self._closed = False

    @property
    def waiting(self) -> int:
        """Requests in line."""
        return len(self._line)

    @property
    def at_work(self) -> int:
        """Answers at work."""
        return self._pace.at_work

    @property
    def held(self) -> int:
        """Places that are taken: at work, in line, or by a request that is still being read."""
        return len(self._tickets)

    def enter(self, client: str) -> Ticket:
        """Takes a place, before any work is done; leave it with the ticket's ``with`` block.

        Raises:
            ServiceBusy: there is no place, or the turn would come too late.
        """
        if self._closed:
            raise _stopping()
        ahead = self.held - self.limits.parallel
        free = self.limits.max_queue - ahead
        if free <= 0:
            raise self._refusal("line", f"{ahead} requests are waiting already")
        if self._held[client] and free <= int(self.limits.max_queue * _FOR_OTHERS):
            raise self._refusal("share", f"this client has {self._held[client]} requests waiting or at work already")
        if ahead >= 0 and (late := self._end_of(ahead + 1) - self.limits.seconds) > 0:
            raise self._refusal("deadline", f"{ahead} requests are waiting, this one would be answered too late", late)
        ticket = Ticket(self, client)
        self._tickets.add(ticket)
        self._held[client] += 1
        return ticket

    def close(self, grace_seconds: float) -> None:
        """Admits nobody any more, sends away who waits, and after some time who is still at work."""
        self._closed = True
        for ticket in list(self._tickets):
            if ticket.started:
                asyncio.get_running_loop().call_later(grace_seconds, ticket.end, _stopping())
            else:
                ticket.end(_stopping())

    def join(self, ticket: Ticket, tokens: int) -> None:
        """Puts a ticket into the line, or to work, where a place is free."""
        self._line.add(ticket.client, ticket, tokens)
        self._move_up()

    def position(self, ticket: Ticket) -> Waiting:
        """Where a ticket in the line stands."""
        if self._order is None:
            self._order = {other: position for position, other in enumerate(self._line.in_order(), start=1)}
        position = self._order[ticket]
        return Waiting(position, max(1, math.ceil(self._pace.seconds_until(position))))

    def leave(self, ticket: Ticket, *, finished: bool) -> None:
        """Gives the place up and lets the others move on; again does nothing.

        Args:
            ticket: whose place it is.
            finished: whether its seconds at work are those of an answer, and measured.
        """
        if ticket not in self._tickets:
            return
        self._tickets.remove(ticket)
        self._held[ticket.client] -= 1
        if not self._held[ticket.client]:
            del self._held[ticket.client]
        if ticket.started:
            self._pace.end(ticket.started, finished=finished)
        else:
            self._line.remove(ticket.client, ticket)
        self._move_up()

    def _move_up(self) -> None:
        while self._line and self.at_work < self.limits.parallel:
            ticket = self._line.pop()
            ticket.started = self._pace.begin()
            ticket.moved.set()
        self._order = None
        for ticket in self._tickets:
            if not ticket.started:
                ticket.moved.set()

    def _end_of(self, position: int) -> float:
        return self._pace.seconds_until(position) + self._pace.seconds

    def _refusal(self, reason: str, said: str, least: float = 0.0) -> ServiceBusy:
        """Each is told a time of its own, so that there is a place for each when they come back."""
        now = self._clock()
        next_place = max(now + self._pace.seconds_until(1), self._promised + self._pace.interval)
        self._promised = min(next_place, now + _LONGEST_RETRY_SECONDS)
        seconds = min(max(1, math.ceil(max(self._promised - now, least))), _LONGEST_RETRY_SECONDS)
        return ServiceBusy(f"{said}; try again in {seconds} s", seconds, reason)

    def too_late(self, ticket: Ticket) -> DeadlinePassed:
        """What a request is told that was not answered in time."""
        done = "was not finished" if ticket.started else "did not come to its turn"
        seconds = max(1, math.ceil(self._pace.interval))
        return DeadlinePassed(
            f"the answer {done} within {self.limits.seconds:g} s; try again in {seconds} s", seconds, "deadline"
        )


def _stopping() -> ServiceBusy:
    return ServiceBusy(f"the service is stopping; try again in {_RESTART_SECONDS} s", _RESTART_SECONDS, "stopping")


class Ticket:
    """A place: first of a request that is being read, then in line, then at work.

    Attributes:
        client: whose it is.
        started: when its turn came; None before.
        cancellation: of its work: the deadline has passed, the service stops, or nobody waits any more.
        refusal: why it was ended before it was finished.
        moved: set when its place has changed.
    """

    def __init__(self, admission: Admission, client: str) -> None:
        self.client = client
        self.started: Started | None = None
        self.cancellation = Cancellation()
        self.refusal: ServiceBusy | None = None
        self.moved = asyncio.Event()
        self._admission = admission
        self._handed_over = False
        self._timer = asyncio.get_running_loop().call_later(admission.limits.seconds, self._expire)

    async def turn(self, tokens: int) -> AsyncGenerator[Waiting, None]:
        """Waits for its turn in the line; tells its place each time it changes; nothing when it is its turn at once.

        Raises:
            DeadlinePassed: the turn did not come in time.
            ServiceBusy: the service is stopping.
        """
        told: Waiting | None = None
        if not self.refusal:
            self._admission.join(self, tokens)
        while not self.refusal and not self.started:
            # Before looking: a move while the place is being told must not be missed.
            self.moved.clear()
            place = self._admission.position(self)
            if told is None or place.position != told.position:
                told = place
                yield place
                continue
            try:
                async with asyncio.timeout(TOLD_EVERY_SECONDS):
                    await self.moved.wait()
            except TimeoutError:
                told = None
        if self.refusal:
            raise self.refusal

    def end(self, refusal: ServiceBusy) -> None:
        """Sends it away; what is at work for it stops within a step."""
        self.refusal = self.refusal or refusal
        self.cancellation.cancel()
        self.moved.set()

    def _expire(self) -> None:
        self.end(self._admission.too_late(self))

    def hand_over(self, work: Future[bool]) -> None:
        """The place is that of its work from now on: until that has ended, and not until its events were taken.

        Args:
            work: its result says whether the answer was finished.
        """
        self._handed_over = True
        work.add_done_callback(lambda _: self.leave(finished=not work.cancelled() and work.result()))

    def leave(self, *, finished: bool) -> None:
        """Gives the place up; again does nothing."""
        self._timer.cancel()
        self._admission.leave(self, finished=finished)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handed_over:
            self.leave(finished=False)
