"""Admission control: limits, fairness, positions, deadlines, retry times, and no leaked places."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from rag.answering.answerer import Answerer
from rag.domain.values import Question, Turn
from rag.errors import DeadlinePassed, ServiceBusy
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.service.admission import admission as places
from rag.service.admission.admission import Admission, AdmissionLimits, Ticket, Waiting
from rag.service.auth import Keys
from rag.service.collections.served import ServedCollection, ServedCollections
from rag.service.metrics import Metrics
from rag.service.routes.ask import QuestionService, router, tokens_of
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, ScriptedModel
from tests.unit.conftest import publish

MOMENT = 0.0
QUANTUM = 100


def in_time(work: Callable[[], Awaitable[None]]) -> None:
    """Runs a coroutine with a timeout, so that one that waits forever fails."""

    async def main() -> None:
        await asyncio.wait_for(work(), timeout=60.0)

    asyncio.run(main())


async def settle() -> None:
    """Lets every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(MOMENT)


def admission_of(parallel: int = 1, max_queue: int = 3, seconds: float = 300.0, **options: Any) -> Admission:
    return Admission(AdmissionLimits(parallel, max_queue, seconds), quantum=QUANTUM, **options)


async def at_work(admission: Admission, client: str = "a") -> Ticket:
    """A ticket that is at work at once."""
    ticket = admission.enter(client)
    assert [place async for place in ticket.turn(QUANTUM)] == []
    return ticket


async def waiting(admission: Admission, client: str = "a", tokens: int = QUANTUM) -> Ticket:
    """A ticket in the queue."""
    ticket = admission.enter(client)
    admission.join(ticket, tokens)
    assert not ticket.started
    return ticket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Visitor:
    """A client that records its positions in the queue, and works until ``end`` is set."""

    def __init__(self, admission: Admission, name: str, log: list[str], client: str = "a") -> None:
        self.ticket = admission.enter(client)
        self.positions: list[int] = []
        self.end = asyncio.Event()
        self.task = asyncio.ensure_future(self._visit(name, log))

    async def _visit(self, name: str, log: list[str]) -> None:
        with self.ticket:
            async for place in self.ticket.turn(QUANTUM):
                self.positions.append(place.position)
            log.append(name)
            await self.end.wait()

    async def leave(self) -> None:
        self.end.set()
        await self.task
        await settle()

    async def give_up(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await settle()


class TestQueue:
    @pytest.mark.parametrize("parallel", [1, 3])
    def test_at_most_parallel_at_work_and_the_others_queued(self, parallel: int) -> None:
        async def work() -> None:
            admission, log = admission_of(parallel, max_queue=3), list[str]()
            visitors = [Visitor(admission, str(n), log) for n in range(parallel + 3)]
            await settle()
            for gone, visitor in enumerate(visitors):
                assert log == [str(n) for n in range(min(gone + parallel, len(visitors)))]
                assert admission.waiting == max(3 - gone, 0)
                assert admission.at_work == min(parallel, len(visitors) - gone)
                await visitor.leave()
            assert (admission.waiting, admission.at_work, admission.held) == (0, 0, 0)
            assert [visitor.positions for visitor in visitors[parallel:]] == [[1], [2, 1], [3, 2, 1]]

        in_time(work)

    def test_a_client_does_not_wait_for_all_requests_of_another(self) -> None:
        async def work() -> None:
            admission, log = admission_of(max_queue=8), list[str]()
            visitors = [Visitor(admission, f"a{n}", log) for n in range(5)]
            await settle()
            other = Visitor(admission, "b", log, client="b")
            await settle()
            assert other.positions == [2]
            for visitor in visitors[:2]:
                await visitor.leave()
            assert log == ["a0", "a1", "b"]
            for visitor in [other, *visitors[2:]]:
                await visitor.leave()

        in_time(work)

    def test_a_client_that_gives_up_lets_the_others_move_up(self) -> None:
        async def work() -> None:
            admission, log = admission_of(), list[str]()
            a, b, c, d = (Visitor(admission, name, log) for name in "abcd")
            await settle()
            await b.give_up()
            assert (c.positions, d.positions, log) == ([2, 1], [3, 2], ["a"])
            await a.give_up()
            assert log == ["a", "c"]
            assert d.positions == [3, 2, 1]
            await c.leave()
            await d.leave()
            assert log == ["a", "c", "d"]

        in_time(work)

    def test_positions_are_sent_once(self) -> None:
        """A client that gives up changes nothing for those before it."""

        async def work() -> None:
            admission, log = admission_of(), list[str]()
            a, b, c = (Visitor(admission, name, log) for name in "abc")
            await settle()
            await c.give_up()
            assert b.positions == [1]
            await a.leave()
            await b.leave()

        in_time(work)

    def test_positions_are_sent_again_after_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy closes an idle connection."""
        monkeypatch.setattr(places, "POSITION_SECONDS", 0.001)

        async def work() -> None:
            admission = admission_of()
            await at_work(admission)
            positions = []
            async for place in admission.enter("a").turn(QUANTUM):
                positions.append(place.position)
                if len(positions) == 3:
                    break
            assert positions == [1, 1, 1]

        in_time(work)

    def test_a_change_while_the_position_is_sent_is_not_missed(self) -> None:
        """The consumer waits for the network while it sends a position."""

        async def work() -> None:
            admission = admission_of()
            first, second = await at_work(admission), admission.enter("a")
            positions = []
            async for place in second.turn(QUANTUM):
                positions.append(place)
                first.leave(finished=False)
                await settle()
            assert positions == [Waiting(position=1, estimate_seconds=10)]

        in_time(work)

    def test_a_place_is_free_again_after_an_error(self) -> None:
        async def work() -> None:
            admission = admission_of(max_queue=0)
            with pytest.raises(RuntimeError), admission.enter("a"):
                raise RuntimeError
            with admission.enter("a"):
                assert admission.held == 1
            assert admission.held == 0

        in_time(work)

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 900), st.booleans()), max_size=30), st.data())
    def test_places_are_never_lost(self, requests: list[tuple[str, int, bool]], data: st.DataObject) -> None:
        async def work() -> None:
            admission, inside = admission_of(2, 5), list[Ticket]()
            for client, tokens, joins in requests:
                with suppress(ServiceBusy):
                    inside.append(admission.enter(client))
                    if joins:
                        admission.join(inside[-1], tokens)
                leaves: bool = data.draw(st.booleans())
                if inside and leaves:
                    gone = data.draw(st.sampled_from(inside))
                    inside.remove(gone)
                    gone.leave(finished=data.draw(st.booleans()))
                    gone.leave(finished=False)
                assert admission.held == len(inside) <= 7
                assert admission.at_work == sum(ticket.started is not None for ticket in inside) <= 2
                # None waits while a place is free.
                assert admission.at_work == 2 or not admission.waiting
            for ticket in inside:
                ticket.leave(finished=True)
            assert (admission.held, admission.at_work, admission.waiting) == (0, 0, 0)

        in_time(work)


def refused(admission: Admission, client: str = "a") -> ServiceBusy:
    with pytest.raises(ServiceBusy) as caught:
        admission.enter(client)
    assert f"try again in {caught.value.retry_after_seconds} s" in str(caught.value)
    return caught.value


class TestLimits:
    @pytest.mark.parametrize(("parallel", "max_queue"), [(1, 0), (1, 1), (2, 3)])
    def test_requests_count_before_they_are_queued(self, parallel: int, max_queue: int) -> None:
        async def work() -> None:
            admission = admission_of(parallel, max_queue)
            tickets = [admission.enter("a") for _ in range(parallel + max_queue)]
            assert refused(admission).reason == "line"
            assert f"{max_queue} requests are waiting" in str(refused(admission))
            tickets.pop().leave(finished=False)
            admission.enter("a")

        in_time(work)

    def test_the_last_quarter_of_the_queue_is_for_clients_without_a_place(self) -> None:
        async def work() -> None:
            admission = admission_of(2, max_queue=8)
            for _ in range(8):
                admission.enter("a")
            assert refused(admission).reason == "share"
            admission.enter("b")
            assert refused(admission, "b").reason == "share"
            admission.enter("c")
            assert refused(admission, "d").reason == "line"

        in_time(work)

    def test_a_request_that_would_miss_its_deadline_is_refused_at_once(self) -> None:
        async def work() -> None:
            admission = admission_of(1, max_queue=8, seconds=35.0)
            await at_work(admission)
            for _ in range(2):
                await waiting(admission)
            # 10 s for each: this one would end after 40.
            assert refused(admission).reason == "deadline"

        in_time(work)

    def test_a_place_at_work_that_is_free_is_given_however_slow_answers_are(self) -> None:
        async def work() -> None:
            admission = admission_of(1, max_queue=8, seconds=5.0)
            await at_work(admission)
            assert refused(admission).reason == "deadline"

        in_time(work)


class TestRetryAfter:
    def test_each_refused_client_gets_a_time_of_its_own(self) -> None:
        async def work() -> None:
            clock = Clock()
            admission = admission_of(1, max_queue=1, clock=clock)
            await at_work(admission)
            await waiting(admission)
            assert [refused(admission).retry_after_seconds for _ in range(8)] == [10, 20, 30, 40, 50, 60, 60, 60]
            clock.now += 100.0
            # The one at work has exceeded the estimate: it may end at any time.
            assert refused(admission).retry_after_seconds == 10

        in_time(work)

    @pytest.mark.parametrize(("took", "expected"), [(20.0, 20), (3.2, 4), (0.001, 1)])
    def test_follows_the_time_of_answers(self, took: float, expected: int) -> None:
        async def work() -> None:
            clock = Clock()
            admission = admission_of(1, max_queue=0, clock=clock)
            first = await at_work(admission)
            clock.now += took
            first.leave(finished=True)
            await at_work(admission)
            assert refused(admission).retry_after_seconds == expected

        in_time(work)

    def test_estimates_in_the_queue(self) -> None:
        async def work() -> None:
            clock = Clock()
            admission = admission_of(2, max_queue=4, clock=clock)
            for _ in range(2):
                await at_work(admission)
            queued = [await waiting(admission) for _ in range(3)]
            clock.now += 4.0
            # Two ended every 10 s, as far as is known.
            assert [admission.position(ticket) for ticket in queued] == [Waiting(1, 6), Waiting(2, 6), Waiting(3, 16)]

        in_time(work)


class TestDeadline:
    def test_a_request_that_waits_too_long_is_refused(self) -> None:
        async def work() -> None:
            admission = admission_of(seconds=0.02, clock=Clock())
            admission._latency._seconds = 0.001
            first, second = await at_work(admission), admission.enter("a")
            with pytest.raises(DeadlinePassed, match=r"did not come to its turn within 0\.02 s"), second:
                async for _ in second.turn(QUANTUM):
                    pass
            assert not second.started
            assert (admission.waiting, admission.held) == (0, 1)
            assert first.refusal
            first.leave(finished=False)

        in_time(work)

    def test_an_answer_that_takes_too_long_is_cancelled(self) -> None:
        async def work() -> None:
            ticket, stopped = await at_work(admission_of(seconds=0.01)), asyncio.Event()
            with ticket.cancellation.calling(stopped.set):
                await stopped.wait()
            assert isinstance(ticket.refusal, DeadlinePassed)
            assert "was not finished" in str(ticket.refusal)

        in_time(work)

    def test_a_request_past_its_deadline_is_not_queued(self) -> None:
        """Receiving its body took all of its time."""

        async def work() -> None:
            admission = admission_of(seconds=0.01)
            ticket = admission.enter("a")
            await asyncio.sleep(0.03)
            with pytest.raises(DeadlinePassed):
                [place async for place in ticket.turn(QUANTUM)]
            assert admission.at_work == 0

        in_time(work)

    def test_a_finished_request_is_not_cancelled_afterwards(self) -> None:
        async def work() -> None:
            ticket = await at_work(admission_of(seconds=0.01))
            ticket.leave(finished=True)
            await asyncio.sleep(0.03)
            ticket.cancellation.check()

        in_time(work)


def test_a_service_that_stops_refuses_the_queue_and_lets_the_others_finish() -> None:
    async def work() -> None:
        admission, log = admission_of(), list[str]()
        a, b = (Visitor(admission, name, log) for name in "ab")
        await settle()
        admission.close(grace_seconds=0.5)
        await settle()
        assert refused(admission).reason == "stopping"
        assert isinstance(b.task.exception(), ServiceBusy)
        a.ticket.cancellation.check()
        while a.ticket.refusal is None:
            await asyncio.sleep(0.01)
        assert a.ticket.refusal.reason == "stopping"
        await a.leave()
        assert (log, admission.held) == (["a"], 0)

    in_time(work)


class Caller:
    """An ASGI client of the route; it disconnects when ``leaves`` returns True."""

    def __init__(self, body: dict[str, object], leaves: Callable[[list[Message]], bool]) -> None:
        self._body: bytes | None = json.dumps(body).encode()
        self._leaves = leaves
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        while not self._leaves(self.sent):
            await asyncio.sleep(0.001)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        await asyncio.sleep(0.005)  # the socket is full

    async def ask(self, app: FastAPI) -> None:
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
            "path": "/ask", "raw_path": b"/ask", "query_string": b"", "root_path": "", "scheme": "http",
            "headers": [(b"content-type", b"application/json")], "client": None, "server": None,
            "state": {"request_id": "r1"},
        }  # fmt: skip
        with suppress(Exception):
            await app(scope, self.receive, self.send)


class TestDisconnect:
    """Whenever a client disconnects, its place is given up: a leaked place would be lost for all others."""

    @pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
    @pytest.mark.parametrize(
        "leaves",
        [
            pytest.param(lambda _: True, id="before the answer begins"),
            pytest.param(lambda sent: len(sent) >= 1, id="after the head"),
            pytest.param(lambda sent: len(sent) >= 2, id="after the first event"),
            pytest.param(lambda _: False, id="never"),
        ],
    )
    def test_the_place_is_free_again(
        self, tmp_path: Path, stream: bool, leaves: Callable[[list[Message]], bool]
    ) -> None:
        async def work() -> None:
            encoder, admission = BagOfWordsEncoder(), admission_of(max_queue=1)
            publish(tmp_path, {"a.pdf": ["The pump is blue."]}, encoder)
            index, model = CurrentIndex(tmp_path, encoder.identity), ScriptedModel(["The pump is blue."])
            answerer = Answerer(index, Retriever(encoder, None), model, 4, 800, 64, PLAIN_CONFIDENCE_MODEL)
            served = ServedCollections(ServedCollection("default", answerer))
            app = FastAPI()
            with ThreadPoolExecutor(1) as threads:
                app.include_router(router(QuestionService(served, admission, threads, Metrics()), Keys()))
                caller = Caller({"question": "Which colour?", "stream": stream}, leaves)
                await caller.ask(app)
            await settle()  # the thread has ended; its callback runs in the loop
            assert (admission.held, admission.at_work) == (0, 0)
            # A client that disconnects at once may never get the response head; all others do.
            assert caller.sent or leaves([])

        in_time(work)


@pytest.mark.parametrize(
    ("question", "tokens"),
    [
        pytest.param(Question("x" * 40), 800 + 10 + 64, id="an ordinary one"),
        pytest.param(Question("x" * 40, max_tokens=500), 800 + 10 + 500, id="a long answer"),
        pytest.param(Question("x" * 40, (), (Turn("y" * 99, "z" * 100),)), 800 + 60 + 64, id="with its history"),
        pytest.param(Question("x" * 40, max_tokens=4096), 2048, id="no more than the context holds"),
    ],
)
def test_tokens_of(tmp_path: Path, question: Question, tokens: int) -> None:
    encoder = BagOfWordsEncoder()
    index = CurrentIndex(tmp_path, encoder.identity)
    answerer = Answerer(index, Retriever(encoder, None), ScriptedModel([""]), 4, 800, 64, PLAIN_CONFIDENCE_MODEL)
    assert tokens_of(question, answerer) == tokens


class TestDeadlineByMachine:
    """Fixed, or that of a full queue on this machine."""

    @pytest.mark.parametrize(
        ("limits", "expected"),
        [
            pytest.param(AdmissionLimits(8, 16, 120.0), 120.0, id="set"),
            pytest.param(AdmissionLimits(8, 16, 120.0, first_guess=90.0), 120.0, id="set, on a slow machine"),
            pytest.param(AdmissionLimits(8, 16, 120.0, 600.0), 120.0, id="a fast machine"),
            pytest.param(AdmissionLimits(8, 16, 120.0, 600.0, first_guess=90.0), 270.0, id="a slow machine"),
            pytest.param(AdmissionLimits(8, 16, 120.0, 600.0, first_guess=900.0), 600.0, id="a very slow machine"),
        ],
    )
    def test_before_an_answer_was_measured(self, limits: AdmissionLimits, expected: float) -> None:
        assert Admission(limits, quantum=QUANTUM).seconds == expected

    def test_it_follows_the_answers(self) -> None:
        async def main() -> None:
            now = [0.0]
            limits = AdmissionLimits(1, 2, 120.0, 600.0)
            admission = Admission(limits, quantum=QUANTUM, clock=lambda: now[0])
            first = await at_work(admission)
            assert first.seconds == 120.0
            now[0] = 100.0
            first.leave(finished=True)
            second = await at_work(admission)
            assert second.seconds == pytest.approx(300.0)
            second.leave(finished=False)

        in_time(main)

    def test_the_first_estimate_is_that_of_the_machine(self) -> None:
        async def main() -> None:
            admission = Admission(AdmissionLimits(1, 2, first_guess=33.0), quantum=QUANTUM)
            first, second = await at_work(admission), admission.enter("b")
            async for place in second.turn(QUANTUM):
                assert place == Waiting(1, 33)
                break
            second.leave(finished=False)
            first.leave(finished=False)

        in_time(main)
