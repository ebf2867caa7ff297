"""The line in front of the model: first come, first served, bounded, and nobody is forgotten in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import Message

from rag.answering import Answerer
from rag.errors import ServiceBusy
from rag.index import CurrentIndex
from rag.retrieval import Retriever
from rag.service.admission import Admission
from rag.service.asking import Asking, router
from rag.service.metrics import Metrics
from tests.fakes import PLAIN_JUDGE, BagOfWordsEncoder, ScriptedModel
from tests.unit.conftest import publish

MOMENT = 0.0


def in_time(work: Callable[[], Awaitable[None]]) -> None:
    """Runs it; whoever waits forever fails instead."""

    async def main() -> None:
        await asyncio.wait_for(work(), timeout=1.0)

    asyncio.run(main())


async def settle() -> None:
    """Lets every task go on until it waits."""
    for _ in range(10):
        await asyncio.sleep(MOMENT)


class Visitor:
    """Takes a place, notes its positions, works until it is told to end."""

    def __init__(self, admission: Admission, name: str, log: list[str]) -> None:
        self.ticket = admission.enter()
        self.positions: list[int] = []
        self.end = asyncio.Event()
        self.task = asyncio.ensure_future(self._visit(name, log))

    async def _visit(self, name: str, log: list[str]) -> None:
        with self.ticket:
            async for position in self.ticket.positions():
                self.positions.append(position)
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


class TestLine:
    def test_first_come_first_served(self) -> None:
        async def work() -> None:
            admission, log = Admission(max_queue=3), list[str]()
            visitors = [Visitor(admission, name, log) for name in "abcd"]
            await settle()
            for position, visitor in enumerate(visitors):
                assert log == list("abcd"[: position + 1])
                assert admission.waiting == 3 - position
                await visitor.leave()
            assert log == list("abcd")
            assert admission.waiting == 0
            assert [visitor.positions for visitor in visitors] == [[], [1], [2, 1], [3, 2, 1]]

        in_time(work)

    def test_one_who_gives_up_lets_the_others_move_on(self) -> None:
        async def work() -> None:
            admission, log = Admission(max_queue=3), list[str]()
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

    def test_positions_are_told_once(self) -> None:
        """When somebody behind gives up, nothing has changed for those before."""

        async def work() -> None:
            admission, log = Admission(max_queue=3), list[str]()
            a, b, c = (Visitor(admission, name, log) for name in "abc")
            await settle()
            await c.give_up()
            assert b.positions == [1]
            await a.leave()
            await b.leave()

        in_time(work)

    def test_a_move_while_the_position_is_being_told_is_not_missed(self) -> None:
        """Whoever tells a client its position waits for the network meanwhile."""

        async def work() -> None:
            admission = Admission(max_queue=2)
            first, second = admission.enter(), admission.enter()
            told = []
            async for position in second.positions():
                told.append(position)
                first.__exit__()
                await settle()
            assert told == [1]

        in_time(work)

    def test_a_place_is_free_again_after_an_error(self) -> None:
        async def work() -> None:
            admission = Admission(max_queue=0)
            with pytest.raises(RuntimeError), admission.enter():
                raise RuntimeError
            with admission.enter():
                assert admission.waiting == 0

        in_time(work)


class TestBound:
    @pytest.mark.parametrize("max_queue", [0, 1, 5])
    def test_one_at_work_and_as_many_in_line(self, max_queue: int) -> None:
        async def work() -> None:
            admission = Admission(max_queue)
            tickets = [admission.enter() for _ in range(max_queue + 1)]
            assert admission.waiting == max_queue
            with pytest.raises(ServiceBusy, match=f"{max_queue} requests are waiting"):
                admission.enter()
            assert admission.waiting == max_queue
            tickets.pop().__exit__()
            admission.enter()

        in_time(work)

    def test_position(self) -> None:
        async def work() -> None:
            admission = Admission(2)
            assert [admission.position(ticket) for ticket in [admission.enter() for _ in range(3)]] == [0, 1, 2]

        in_time(work)


def retry_after(admission: Admission) -> int:
    with pytest.raises(ServiceBusy) as caught:
        admission.enter()
    assert str(caught.value.retry_after_seconds) in str(caught.value)
    return caught.value.retry_after_seconds


class TestRetryAfter:
    def test_grows_with_the_line(self) -> None:
        async def work() -> None:
            seconds = []
            for max_queue in (0, 1, 4):
                admission = Admission(max_queue)
                for _ in range(max_queue + 1):
                    admission.enter()
                seconds.append(retry_after(admission))
            # 10 s for each, until one was measured.
            assert seconds == [10, 20, 50]

        in_time(work)

    def test_follows_what_answers_take(self) -> None:
        async def work() -> None:
            admission = Admission(max_queue=1)
            first, _ = admission.enter(), admission.enter()
            admission.leave(first, seconds_at_work=20.0)
            admission.enter()
            # 10 + 0.3 · (20 - 10) = 13 for each of two.
            assert retry_after(admission) == 26

        in_time(work)

    def test_one_who_never_worked_does_not_count(self) -> None:
        async def work() -> None:
            admission = Admission(max_queue=1)
            _, second = admission.enter(), admission.enter()
            with second:
                pass
            admission.enter()
            assert retry_after(admission) == 20

        in_time(work)

    def test_quick_answers_bring_it_down_to_no_less_than_a_second(self) -> None:
        async def work() -> None:
            admission = Admission(max_queue=0)
            for _ in range(40):
                with admission.enter() as ticket:
                    async for _position in ticket.positions():
                        pass
            admission.enter()
            assert retry_after(admission) == 1

        in_time(work)


class Caller:
    """A client of the route, without a socket; it goes away when ``leaves`` says so."""

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


class TestAsking:
    """Whenever the client goes away, its place is given up: otherwise nobody would ever be served again."""

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
            encoder, admission = BagOfWordsEncoder(), Admission(max_queue=1)
            publish(tmp_path, {"a.pdf": ["The pump is blue."]}, encoder)
            index, model = CurrentIndex(tmp_path, encoder.identity), ScriptedModel(["The pump is blue."])
            answerer = Answerer(index, Retriever(encoder, None), model, 4, 800, 64, PLAIN_JUDGE)
            app = FastAPI()
            app.include_router(router(Asking(answerer, admission, Metrics())))
            caller = Caller({"question": "Which colour?", "stream": stream}, leaves)
            await caller.ask(app)
            assert admission.position(admission.enter()) == 0
            # Somebody who leaves at once may never see the head; everybody else does.
            assert caller.sent or leaves([])

        in_time(work)
