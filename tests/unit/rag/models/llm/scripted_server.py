"""Scripted OpenAI-compatible server in a thread, over real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """One request. The script of the server answers what is posted to ``/v1/chat/completions``."""

    protocol_version = "HTTP/1.1"
    scripted: ScriptedServer

    def do_GET(self) -> None:
        self._note(None)
        self.reply(200, {"data": self.scripted.models})

    def do_POST(self) -> None:
        self._note(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.path == "/v1/chat/completions":
            self.scripted.script(self)
        elif self.scripted.tokenizes:
            self.reply(200, {"tokens": list(range(len(self.scripted.bodies[-1]["content"].split())))})
        else:
            self.reply(404, {"error": "none"})

    def _note(self, body: Any) -> None:
        self.close_connection = True
        self.scripted.paths.append(self.path)
        self.scripted.bodies.append(body)
        self.scripted.keys.append(self.headers.get("Authorization"))

    def reply(self, status: int, body: Any, **headers: str) -> None:
        """A whole reply; a body of bytes goes as it is."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self) -> None:
        """A reply in parts."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def part(self, data: bytes) -> None:
        """One part of it."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        """The last of them."""
        self.part(b"")

    def wait_until_gone(self) -> bool:
        """Whether the client closes the connection within a minute."""
        self.connection.settimeout(60)
        with suppress(TimeoutError):
            if self.connection.recv(1) == b"":
                self.scripted.gone.set()
                return True
        return False

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class ScriptedServer:
    """The responses of the server, and the requests that it got.

    Attributes:
        script: answers a chat.
        gone: set once a client has closed its connection to a script that waits for that.
    """

    script: Callable[[Handler], None]
    models: Sequence[dict[str, Any]] = ({"id": "small"},)
    tokenizes: bool = True
    url: str = ""
    paths: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def chats(self) -> list[Any]:
        """Bodies of the chat requests."""
        return [body for path, body in zip(self.paths, self.bodies, strict=True) if path.endswith("/completions")]


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that leave in the middle are what is tested."""


@contextmanager
def serving(scripted: ScriptedServer, port: int = 0) -> Iterator[ScriptedServer]:
    """The server on a port of this machine, until the context ends."""
    handler = type("Bound", (Handler,), {"scripted": scripted})
    server = _QuietServer(("127.0.0.1", port), handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def event(content: str | None = None, *, finish: str | None = None, top: dict[str, float] | None = None) -> bytes:
    """A piece of text, with the logarithms of the likeliest tokens in its place; its own comes first."""
    choice: dict[str, Any] = {"delta": {"content": content} if content is not None else {}, "finish_reason": finish}
    if top:
        listed = [{"token": token, "logprob": logprob} for token, logprob in top.items()]
        choice["logprobs"] = {"content": [{**listed[0], "top_logprobs": listed}]}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


def usage(prompt: int, completion: int, cached: int | None = None) -> bytes:
    """The usage report at the end."""
    report: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if cached is not None:
        report["prompt_tokens_details"] = {"cached_tokens": cached}
    return b"data: " + json.dumps({"choices": [], "usage": report}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def saying(*parts: bytes) -> Callable[[Handler], None]:
    """A script that answers with these parts."""

    def script(handler: Handler) -> None:
        handler.begin()
        for part in parts:
            handler.part(part)
        handler.end()

    return script


def text(*pieces: str) -> Callable[[Handler], None]:
    """A script that streams these pieces, without probabilities, to the end."""
    return saying(*map(event, pieces), event(finish="stop"), usage(7, len(pieces)), DONE)
