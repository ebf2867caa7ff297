"""Admission control: a number of answers at a time, a bounded fair queue behind them, deadlines, load shedding.

Requests beyond the queue, and those that would miss their deadline, are refused at once with a time to retry.
"""

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

# A waiting client gets its position at least this often, so that no proxy closes the connection as idle.
POSITION_SECONDS: Final = 10.0
# Upper limit of Retry-After, whatever was estimated.
_LONGEST_RETRY_SECONDS: Final = 60
# Share of the queue that is reserved for clients without a place: no client alone can fill it.
_RESERVED_SHARE: Final = 1 / 4
# Retry-After while the service stops: the time for running answers to end, and for the next service to load.
_RESTART_SECONDS: Final = 30


@dataclass(frozen=True)
class AdmissionLimits:
    """Limits of admission.

    Attributes:
        parallel: answers at work at a time, at least 1.
        max_queue: requests that may wait behind them.
        seconds: deadline of a request, from the end of its body to its own end, waiting included.
        most_seconds: where it is more, the deadline grows up to it with what a full queue takes on this machine.
        first_guess: seconds of an answer with all places at work, until some are measured.
    """

    parallel: int = 8
    max_queue: int = 16
    seconds: float = 120.0
    most_seconds: float = 0.0
    first_guess: float = 10.0


DEFAULTS: Final = AdmissionLimits()


@dataclass(frozen=True)
class Waiting:
    """Position in the queue (1 is the next), and the estimated seconds until its turn."""

    position: int
    estimate_seconds: int


class Admission:
    """Admits requests, and tracks them from their arrival to the end of their work. For use in one event loop."""

    def __init__(self, limits: AdmissionLimits, *, quantum: int, clock: Callable[[], float] = monotonic) -> None:
        """No requests yet.

        Args:
            limits: see :class:`AdmissionLimits`.
            quantum: tokens of an ordinary question; see :class:`FairQueue`.
            clock: monotonic clock, in seconds.
        """
        self.limits = limits
        self._clock = clock
        self._latency = LatencyEstimate(limits.parallel, clock, limits.first_guess)
        self._queue: FairQueue[Ticket] = FairQueue(quantum)
        self._order: dict[Ticket, int] | None = None  # positions; None after a change
        self._tickets: set[Ticket] = set()
        self._held: Counter[str] = Counter()
        self._last_retry = -math.inf  # when the client that was refused last is to retry
        self._closed = False

    @property
    def waiting(self) -> int:
        """Number of requests in the queue."""
        return len(self._queue)

    @property
    def at_work(self) -> int:
        """Number of answers at work."""
        return self._latency.at_work

    @property
    def held(self) -> int:
        """Number of admitted requests: at work, in the queue, or about to join it."""
        return len(self._tickets)

    @property
    def seconds(self) -> float:
        """Deadline of a request that comes now: a full queue is answered by then, unless the limits say otherwise."""
        full_queue = self._latency.seconds * (1 + self.limits.max_queue / self.limits.parallel)
        return max(self.limits.seconds, min(full_queue, self.limits.most_seconds))

    def check(self, client: str) -> None:
        """Checks that a request of a client would be admitted now; no place is taken.

        Raises:
            ServiceBusy: there is no place, or the estimated end is after the deadline.
        """
        if self._closed:
            raise _stopping()
        ahead = self.held - self.limits.parallel
        free = self.limits.max_queue - ahead
        if free <= 0:
            raise self._refusal("line", f"{ahead} requests are waiting already")
        if self._held[client] and free <= int(self.limits.max_queue * _RESERVED_SHARE):
            raise self._refusal("share", f"this client has {self._held[client]} requests waiting or at work already")
        if ahead >= 0 and (late := self._seconds_to_end(ahead + 1) - self.seconds) > 0:
            raise self._refusal("deadline", f"{ahead} requests are waiting, this one would be answered too late", late)

    def enter(self, client: str) -> Ticket:
        """Admits a request before any work is done; its ticket is a context manager that gives the place up.

        A request enters once its body is whole: a client that owes a body would hold a place for nothing.

        Raises:
            ServiceBusy: see :meth:`check`.
        """
        self.check(client)
        ticket = Ticket(self, client)
        self._tickets.add(ticket)
        self._held[client] += 1
        return ticket

    def close(self, grace_seconds: float) -> None:
        """Refuses new requests and those in the queue, and cancels those at work after ``grace_seconds``."""
        self._closed = True
        for ticket in list(self._tickets):
            if ticket.started:
                asyncio.get_running_loop().call_later(grace_seconds, ticket.end, _stopping())
            else:
                ticket.end(_stopping())

    def join(self, ticket: Ticket, tokens: int) -> None:
        """Puts a ticket into the queue, or to work if a place is free."""
        self._queue.add(ticket.client, ticket, tokens)
        self._start_next()

    def position(self, ticket: Ticket) -> Waiting:
        """Position of a ticket in the queue."""
        if self._order is None:
            self._order = {other: position for position, other in enumerate(self._queue.in_order(), start=1)}
        position = self._order[ticket]
        return Waiting(position, max(1, math.ceil(self._latency.seconds_until(position))))

    def leave(self, ticket: Ticket, *, finished: bool) -> None:
        """Gives a place up and starts the next requests. Idempotent.

        Args:
            ticket: the request that ends.
            finished: whether the answer was finished, so that its time counts in the latency estimate.
        """
        if ticket not in self._tickets:
            return
        self._tickets.remove(ticket)
        self._held[ticket.client] -= 1
        if not self._held[ticket.client]:
            del self._held[ticket.client]
        if ticket.started:
            self._latency.end(ticket.started, finished=finished)
        else:
            self._queue.remove(ticket.client, ticket)
        self._start_next()

    def _start_next(self) -> None:
        while self._queue and self.at_work < self.limits.parallel:
            ticket = self._queue.pop()
            ticket.started = self._latency.begin()
            ticket.moved.set()
        self._order = None
        for ticket in self._tickets:
            if not ticket.started:
                ticket.moved.set()

    def _seconds_to_end(self, position: int) -> float:
        return self._latency.seconds_until(position) + self._latency.seconds

    def _refusal(self, reason: str, message: str, least: float = 0.0) -> ServiceBusy:
        """Refusal with a Retry-After of its own for each client, so that they do not all come back at once."""
        now = self._clock()
        next_place = max(now + self._latency.seconds_until(1), self._last_retry + self._latency.interval)
        self._last_retry = min(next_place, now + _LONGEST_RETRY_SECONDS)
        seconds = min(max(1, math.ceil(max(self._last_retry - now, least))), _LONGEST_RETRY_SECONDS)
        return ServiceBusy(f"{message}; try again in {seconds} s", seconds, reason)

    def too_late(self, ticket: Ticket) -> DeadlinePassed:
        """Error of a request that was not answered by its deadline."""
        done = "was not finished" if ticket.started else "did not come to its turn"
        seconds = max(1, math.ceil(self._latency.interval))
        return DeadlinePassed(
            f"the answer {done} within {round(ticket.seconds, 2):g} s; try again in {seconds} s", seconds, "deadline"
        )


def _stopping() -> ServiceBusy:
    return ServiceBusy(f"the service is stopping; try again in {_RESTART_SECONDS} s", _RESTART_SECONDS, "stopping")


class Ticket:
    """An admitted request: it is checked, then in the queue, then at work.

    Attributes:
        client: identity of its client.
        started: when its turn came; None before.
        cancellation: cancelled when the deadline passes, the service stops, or the client disconnects.
        refusal: why it was ended before it was finished.
        seconds: until its deadline, from its admission.
        moved: set when its position may have changed.
    """

    def __init__(self, admission: Admission, client: str) -> None:
        self.client = client
        self.started: Started | None = None
        self.cancellation = Cancellation()
        self.refusal: ServiceBusy | None = None
        self.moved = asyncio.Event()
        self._admission = admission
        self._handed_over = False
        self.seconds = admission.seconds
        self._timer = asyncio.get_running_loop().call_later(self.seconds, self._expire)

    async def turn(self, tokens: int) -> AsyncGenerator[Waiting, None]:
        """Waits in the queue, yielding each new position; yields nothing if its turn comes at once.

        Raises:
            DeadlinePassed: the turn did not come in time.
            ServiceBusy: the service is stopping.
        """
        last: Waiting | None = None
        if not self.refusal:
            self._admission.join(self, tokens)
        while not self.refusal and not self.started:
            # Cleared before the position is read: a change while the consumer handles it must not be missed.
            self.moved.clear()
            place = self._admission.position(self)
            if last is None or place.position != last.position:
                last = place
                yield place
                continue
            try:
                async with asyncio.timeout(POSITION_SECONDS):
                    await self.moved.wait()
            except TimeoutError:
                last = None
        if self.refusal:
            raise self.refusal

    def end(self, refusal: ServiceBusy) -> None:
        """Ends the request with an error; its work is cancelled, and stops at its next check."""
        self.refusal = self.refusal or refusal
        self.cancellation.cancel()
        self.moved.set()

    def _expire(self) -> None:
        self.end(self._admission.too_late(self))

    def hand_over(self, work: Future[bool]) -> None:
        """Ties the place to the work: it is held until the work has ended, even if its consumer leaves before.

        Args:
            work: its result is whether the answer was finished.
        """
        self._handed_over = True
        work.add_done_callback(lambda _: self.leave(finished=not work.cancelled() and work.result()))

    def leave(self, *, finished: bool) -> None:
        """Gives the place up. Idempotent."""
        self._timer.cancel()
        self._admission.leave(self, finished=finished)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handed_over:
            self.leave(finished=False)
