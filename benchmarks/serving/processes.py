"""System processes: started, suspended by signal while another is measured, and put under load."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import httpx

from benchmarks.serving.load import Load, Served
from benchmarks.serving.systems import System
from benchmarks.serving.workloads import Conversation
from rag.errors import ModelUnusable

_START_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 30.0
# After a pause, for timers and connections that ran out meanwhile.
_SETTLE_SECONDS: Final = 0.5


class Process:
    """A system that serves, in a process group of its own; not running but while it is under load."""

    def __init__(self, system: System, index: Path, options: Sequence[str] = ()) -> None:
        """Starts it, waits until it is ready, and pauses it.

        Args:
            system: what runs the model.
            index: which is only read.
            options: of :mod:`benchmarks.serving.system`.

        Raises:
            ModelUnusable: it ended instead.
        """
        self.system = system
        port = _free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "benchmarks.serving.system", system.to_json(),
                "--port", str(port), *options,
            ],
            env={**os.environ, "RAG_INDEX": str(index), "RAG_RECORDS": ""},
            start_new_session=True,
        )  # fmt: skip
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._await_ready()
            undo.pop_all()
        self._signal(signal.SIGSTOP)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self._url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                    return
            time.sleep(0.2)
        raise ModelUnusable(f"{self.system.name} did not start; its own message is above")

    def loaded(self, clients: int, conversations: Sequence[Conversation]) -> Load:
        """Puts the conversations to it by so many clients, which are another process; it is paused again afterwards."""
        self._signal(signal.SIGCONT)
        try:
            time.sleep(_SETTLE_SECONDS)
            order = {"url": self._url, "clients": clients, "conversations": conversations}
            made = subprocess.run(
                [sys.executable, "-m", "benchmarks.serving.load"],
                input=json.dumps(order),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        finally:
            self._signal(signal.SIGSTOP)
        seen = json.loads(made.stdout)
        return Load(seen["seconds"], [Served(**each) for each in seen["served"]], seen["alive"])

    def stop(self) -> None:
        """Ends it and what it started."""
        self._signal(signal.SIGCONT)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
