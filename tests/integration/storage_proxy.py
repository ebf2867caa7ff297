"""A proxy before a server of object storage: it notes requests, cuts connections, stalls them, and changes bytes."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

_REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r$", re.MULTILINE)


@dataclass
class Proxy:
    """What happens to the bytes of all connections together.

    Attributes:
        port: where clients connect to.
        requests: method and path of each request.
        sent: bytes that may still go to the server; None for any number.
        received: bytes that may still come from it.
        changed: bytes that are replaced on the way from the server, and by what.
        stalls: whether a connection that has reached a limit stays open, and silent.
        reached: set when a limit is.
    """

    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    sent: int | None = None
    received: int | None = None
    changed: tuple[bytes, bytes] = (b"", b"")
    stalls: bool = False
    reached: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def puts(self) -> list[str]:
        """Names of the files that were sent."""
        return [path.rpartition("/")[2].partition("?")[0] for method, path in self.requests if method == "PUT"]

    def passes_to_server(self, data: bytes) -> bytes:
        with self.lock:
            self.requests += [(method.decode(), path.decode()) for method, path in _REQUEST.findall(data)]
            if self.sent is not None:
                data, self.sent = data[: self.sent], max(0, self.sent - len(data))
            return data

    def passes_to_client(self, data: bytes) -> bytes:
        with self.lock:
            if self.changed[0]:
                data = data.replace(*self.changed)
            if self.received is not None:
                data, self.received = data[: self.received], max(0, self.received - len(data))
            return data


@contextmanager
def proxy_before(port: int) -> Iterator[Proxy]:
    """A proxy in threads of this process, before a server on this machine."""
    proxy, open_sockets = Proxy(), set[socket.socket]()
    listener = socket.create_server(("127.0.0.1", 0))
    proxy.port = listener.getsockname()[1]

    def pump(source: socket.socket, target: socket.socket, passes: Callable[[bytes], bytes]) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                passed = passes(data)
                target.sendall(passed)
                if len(passed) < len(data):
                    proxy.reached.set()
                    if proxy.stalls:
                        return
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                open_sockets.update((client, server))
                Thread(target=pump, args=(client, server, proxy.passes_to_server), daemon=True).start()
                Thread(target=pump, args=(server, client, proxy.passes_to_client), daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    yield proxy
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()
    for each in open_sockets:
        each.close()
