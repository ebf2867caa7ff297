"""The Docker engine, as the tests use it: commands, and the compose project as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 3600
READY_SECONDS = 600
QUESTION = "How long is someone a candidate before they can become a member?"

# Cores that the service may use, and its memory in bytes, as it reads them from its control group.
LIMITS = "from rag.runtime.processor import read_processor, usable_memory as m; print(read_processor().usable, m())"

# The first test waits for the image.
CONTAINER = [pytest.mark.container, pytest.mark.timeout(BUILD_SECONDS + 2 * READY_SECONDS)]


@dataclass(frozen=True)
class Response:
    status: int
    type: str
    data: bytes

    def json(self) -> Any:
        return json.loads(self.data)


def request(url: str, body: object = None, headers: Mapping[str, str] | None = None, seconds: float = 300) -> Response:
    """One request from this machine; raises :class:`OSError` where nothing answers."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(asked, timeout=seconds) as answer:
            return Response(answer.status, answer.headers["Content-Type"], answer.read())
    except urllib.error.HTTPError as error:
        return Response(error.code, error.headers["Content-Type"], error.read())


def run(
    command: list[str], *, timeout: float = 300, check: bool = True, variables: Mapping[str, str] | None = None
) -> str:
    """What a command prints; it fails with what the command said, not with an exit code alone."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT, env=variables
    )
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-6000:]}")
    return done.stdout


def docker(*arguments: str, timeout: float = 300, check: bool = True) -> str:
    return run(["docker", *arguments], timeout=timeout, check=check)


def inspect(thing: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("inspect", thing, timeout=60))
    return found[0]


class Project:
    """A compose project of its own name and port, which touches no other."""

    def __init__(self, name: str, documents: Path, **variables: str) -> None:
        # Measured on a busy machine at one start and on a quiet one at the next, the model would round differently.
        self._name = name
        self._documents = documents
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAG_")},
            "PAGEPROOF_DOCUMENTS": str(documents),
            "PAGEPROOF_PORT": "0",  # any that is free
            "RAG_TUNE": "off",
            **variables,
        }
        self._command = ["docker", "compose", "--project-name", name, "--file", str(ROOT / "docker-compose.yml")]

    def run(self, *arguments: str, timeout: float = 300, check: bool = True) -> str:
        """Runs ``docker compose``."""
        return run([*self._command, *arguments], timeout=timeout, check=check, variables=self._environment)

    def using(self, **variables: str) -> Project:
        """The same project, with settings of the compose file."""
        return Project(self._name, self._documents, **variables)

    def inside(self, code: str, *arguments: str, service: str = "rag", timeout: float = 300) -> str:
        """What a piece of Python prints in the container of a service."""
        return self.run("exec", "-T", service, "python", "-c", code, *arguments, timeout=timeout)

    def address(self) -> str:
        """Where the service is published on this machine."""
        return f"http://{self.run('port', 'proxy', '8000').strip()}"

    def ask(self, path: str, body: object = None) -> Response:
        return request(self.address() + path, body)

    def network(self, name: str) -> str:
        """What the engine calls a network of the project."""
        return f"{self._name}_{name}"

    def inspect(self, service: str) -> dict[str, Any]:
        return inspect(self.run("ps", "--all", "--quiet", service).strip())

    def wait_until_healthy(self) -> float:
        """Seconds until the service is ready."""
        start = time.monotonic()
        while time.monotonic() - start < READY_SECONDS:
            state = self.inspect("rag")["State"]
            if state["Status"] == "running" and state["Health"]["Status"] == "healthy":
                return time.monotonic() - start
            if state["Status"] in ("exited", "dead"):
                break
            time.sleep(0.5)
        pytest.fail(f"the service did not become healthy:\n{self.run('logs', '--no-color', check=False)[-6000:]}")
