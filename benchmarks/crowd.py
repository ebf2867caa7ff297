"""Simulated HTTP clients with sockets of their own, which wait for the answer or disconnect at any moment."""

from __future__ import annotations

import asyncio
import json
import random
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, Literal

# What is given to the network and to whoever measures, beyond the deadline.
_TOLERANCE_SECONDS: Final = 5.0
_LONG_TURNS: Final = 6

Kind = Literal["answered", "refused", "late", "left", "failed"]


@dataclass(frozen=True)
class Visit:
    """Requests of one client.

    Attributes:
        address: whose it says that it is, as a proxy would.
        body: of ``POST /ask``.
        leaves_after: seconds; None where it stays to the end.
        sends: share of the request that it sends, 0..1.
    """

    address: str
    body: Mapping[str, Any]
    leaves_after: float | None = None
    sends: float = 1.0

    @property
    def request(self) -> bytes:
        """As bytes, whole."""
        data = json.dumps(self.body).encode()
        head = (
            "POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"X-Forwarded-For: {self.address}\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        return head.encode() + data


@dataclass(frozen=True)
class Outcome:
    """Outcome of a visit.

    Attributes:
        kind: ``late`` is the status of a deadline that has passed, ``failed`` all that should not be.
        seconds: from the request to the end.
        first_byte: seconds from the request to the first byte of the response.
        retry_after: seconds that it was told to wait.
        reason: what failed.
    """

    kind: Kind
    seconds: float
    first_byte: float = 0.0
    retry_after: int | None = None
    reason: str = ""


def judged(response: bytes, seconds: float, first_byte: float, limit: float) -> Outcome:
    """Outcome of a whole response; ``limit`` is the service's deadline in seconds."""
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    code = int(status.split()[1]) if status else 0
    told = headers.get("retry-after") or _said(body)
    if code == 200 and b'"status": 503' in body and b"event: error" in body:
        code = 503
    if seconds > limit + _TOLERANCE_SECONDS:
        return Outcome("failed", seconds, first_byte, reason=f"{seconds:.0f} s: it outlived its deadline")
    if code == 503 and told:
        kind: Kind = "late" if b" within " in body else "refused"
        return Outcome(kind, seconds, first_byte, int(told))
    if code == 200 and (b"event: answer" in body or b'"answered":' in body):
        return Outcome("answered", seconds, first_byte)
    return Outcome("failed", seconds, first_byte, reason=f"{status or 'no response'}: {body[-200:]!r}")


def _said(body: bytes) -> str | None:
    """Retry time, in an event of a stream, which has no headers."""
    _, found, rest = body.rpartition(b'"retry_after_seconds": ')
    return rest.partition(b"}")[0].decode() if found else None


@dataclass
class Connection:
    """A socket that is open already, so that all of a burst come at once."""

    reader: StreamReader
    writer: StreamWriter

    @classmethod
    async def to(cls, port: int) -> Connection:
        """To the service on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def make(self, visit: Visit, limit: float) -> Outcome:
        """Asks, and stays or leaves."""
        start = perf_counter()
        response = bytearray()
        first_byte = 0.0
        try:
            request = visit.request
            self.writer.write(request[: max(1, int(len(request) * visit.sends))])
            async with asyncio.timeout(visit.leaves_after or limit + 4 * _TOLERANCE_SECONDS):
                while piece := await self.reader.read(65536):
                    first_byte = first_byte or perf_counter() - start
                    response += piece
        except TimeoutError:
            if visit.leaves_after is not None:
                return Outcome("left", perf_counter() - start, first_byte)
            return Outcome("failed", perf_counter() - start, first_byte, reason="no end of the response")
        except OSError as error:
            return Outcome("failed", perf_counter() - start, reason=repr(error))
        finally:
            self.writer.transport.abort()  # without a good-bye, as a client that dies
        return judged(bytes(response), perf_counter() - start, first_byte, limit)


async def visited(port: int, visit: Visit, limit: float) -> Outcome:
    """A visit on a connection of its own."""
    try:
        connection = await Connection.to(port)
    except OSError as error:
        return Outcome("failed", 0.0, reason=repr(error))
    return await connection.make(visit, limit)


@dataclass
class Crowd:
    """Makes up visits: short and long ones, streamed and plain, of many addresses.

    Attributes:
        usual_seconds: of an answer; who leaves does so within one and a half times that.
    """

    questions: Sequence[str]
    chance: random.Random
    usual_seconds: float = 1.0

    def visit(self, client: int, leaving: float) -> Visit:
        """One visit of a client, which leaves early with this probability."""
        question = self.chance.choice(self.questions)
        body: dict[str, Any] = {"question": question, "stream": self.chance.random() < 0.5}
        match self.chance.choice(["short", "usual", "usual", "long"]):
            case "short":
                body["max_tokens"] = 16
            case "long":
                turns = self.chance.choices(self.questions, k=_LONG_TURNS)
                body["history"] = [{"question": turn, "answer": "That is on the first page. " * 8} for turn in turns]
                body["question"] = f"And {question[0].lower()}{question[1:]}"
                body["max_tokens"] = 512
            case _:
                pass
        leaves = self.chance.uniform(0.0, 1.5 * self.usual_seconds) if self.chance.random() < leaving else None
        sends = self.chance.random() if leaves is not None and self.chance.random() < 0.1 else 1.0
        return Visit(f"10.0.{client // 250}.{client % 250 + 1}", body, leaves, sends)
