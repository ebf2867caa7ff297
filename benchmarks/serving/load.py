"""Closed-loop load generator, ``python -m benchmarks.serving.load``: an order as JSON on stdin, results on stdout.

A process of its own, so that its work is not the service's. Closed loop: each client asks its next question when it
has its answer. Times are those of a clock here, from when a request is sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any, Final

import httpx

from benchmarks.serving.workloads import Conversation

_LONGEST_SECONDS: Final = 900.0
_ALIVE_EVERY_SECONDS: Final = 0.25
_LONGEST_HISTORY_ANSWER: Final = 4000


@dataclass
class Served:
    """Outcome of one question.

    Attributes:
        conversation, turn: which question of the order it was; both from 0.
        first_token: seconds to the first ``token`` event; None where there was none, as where nothing is answered.
        seconds: to the ``answer`` event, or to the error.
        tokens: ``token`` events.
        usage: as the answer tells it.
        error: what went wrong; None where nothing did.
    """

    conversation: int
    turn: int
    question: str
    first_token: float | None = None
    seconds: float = 0.0
    tokens: int = 0
    answered: bool = False
    answer: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Load:
    """Load test result, as the clients saw it.

    Attributes:
        seconds: from the first question to the last answer.
        alive: seconds that ``/livez`` took, asked four times a second meanwhile.
    """

    seconds: float
    served: Sequence[Served]
    alive: Sequence[float]


async def server_sent(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """Server-Sent Events as pairs of a name and its data, which is JSON; comments are skipped."""
    name = "message"
    data: list[str] = []
    async for line in lines:
        if not line:
            if data:
                yield name, json.loads("\n".join(data))
            name, data = "message", []
            continue
        key, _, value = line.partition(":")
        if key == "event":
            name = value.removeprefix(" ")
        elif key == "data":
            data.append(value.removeprefix(" "))


async def put(client: httpx.AsyncClient, served: Served, history: Sequence[dict[str, str]]) -> None:
    """Asks one question, and notes what comes when."""
    start = perf_counter()
    try:
        body = {"question": served.question, "history": list(history), "stream": True}
        async with client.stream("POST", "/ask", json=body) as response:
            if response.status_code != httpx.codes.OK:
                served.error = f"{response.status_code}: {(await response.aread()).decode(errors='replace')[:200]}"
                return
            async for name, data in server_sent(response.aiter_lines()):
                _note(served, name, data, perf_counter() - start)
    except httpx.HTTPError as error:
        served.error = repr(error)
    finally:
        served.seconds = served.seconds or perf_counter() - start
        if not served.error and not served.usage:
            served.error = "the stream ended without an answer"


def _note(served: Served, name: str, data: dict[str, Any], after: float) -> None:
    if name in ("token", "sentence"):  # of a peer, and of Pageproof
        served.tokens += 1
        served.first_token = after if served.first_token is None else served.first_token
    elif name == "answer":
        served.seconds = after
        served.answered, served.answer, served.usage = data["answered"], data["answer"], data["usage"]
    elif name == "error":
        served.error = json.dumps(data)


async def _converse(client: httpx.AsyncClient, waiting: deque[tuple[int, Conversation]], seen: list[Served]) -> None:
    while waiting:
        number, questions = waiting.popleft()
        history: list[dict[str, str]] = []
        for turn, question in enumerate(questions):
            served = Served(number, turn, question)
            seen.append(served)
            await put(client, served, history)
            history.append({"question": question, "answer": served.answer[:_LONGEST_HISTORY_ANSWER]})


async def _watch(client: httpx.AsyncClient, alive: list[float]) -> None:
    while True:
        await asyncio.sleep(_ALIVE_EVERY_SECONDS)
        start = perf_counter()
        with suppress(httpx.HTTPError):
            await client.get("/livez")
            alive.append(perf_counter() - start)


async def apply_load(url: str, clients: int, conversations: Sequence[Conversation]) -> Load:
    """Puts the conversations, the next one to whichever client is free."""
    seen: list[Served] = []
    alive: list[float] = []
    waiting = deque(enumerate(conversations))
    limits = httpx.Limits(max_connections=clients + 1, max_keepalive_connections=clients + 1)
    async with httpx.AsyncClient(base_url=url, timeout=_LONGEST_SECONDS, limits=limits, trust_env=False) as client:
        # Its connection is made before the clock runs, and so are theirs.
        await asyncio.gather(*(client.get("/livez") for _ in range(clients + 1)))
        watching = asyncio.ensure_future(_watch(client, alive))
        start = perf_counter()
        await asyncio.gather(*(_converse(client, waiting, seen) for _ in range(clients)))
        seconds = perf_counter() - start
        watching.cancel()
    return Load(seconds, sorted(seen, key=lambda served: (served.conversation, served.turn)), alive)


def main() -> int:
    """One order, one load."""
    order = json.load(sys.stdin)
    questions = [tuple(turns) for turns in order["conversations"]]
    json.dump(asdict(asyncio.run(apply_load(order["url"], order["clients"], questions))), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
