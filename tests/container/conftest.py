"""The image and the compose project, for all tests of this folder.

Builds the image, so the first run takes a quarter of an hour or more; a later one takes some minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container.engine import BUILD_SECONDS, QUESTION, READY_SECONDS, ROOT, Project

BROKEN = "broken.pdf"


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a line at once, also while output is captured: a build is long to wait for."""
    plugins: Any = request.config.pluginmanager
    terminal, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def tell(text: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"    {text}")

    return tell


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents that come with the project, and a file that only has the name of one."""
    folder = tmp_path_factory.mktemp("documents", numbered=False)
    shutil.copytree(ROOT / "knowledge_base", folder, dirs_exist_ok=True)
    (folder / BROKEN).write_bytes(b"%PDF-1.7\nand no more\n")
    folder.chmod(0o755)  # the user of the image is another than ours
    return folder


@pytest.fixture(scope="session")
def built(documents: Path, tell: Callable[[str], None]) -> Project:
    """The project whose image is built, and which does not run yet."""
    try:
        subprocess.run(["docker", "info"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.fail("no Docker engine answers (docker info); start one, or leave these tests out: -m 'not container'")
    project = Project(f"pageproof-test-{os.getpid()}", documents)
    start = time.monotonic()
    project.run("build", timeout=BUILD_SECONDS)
    tell(f"image built in {time.monotonic() - start:.0f} s")
    return project


@pytest.fixture(scope="session")
def image(built: Project) -> str:
    return "pageproof"


@pytest.fixture(scope="session")
def project(built: Project, tell: Callable[[str], None]) -> Iterator[Project]:
    try:
        start = time.monotonic()
        built.run("up", "--detach", "--no-build", timeout=READY_SECONDS)  # returns when ingest has ended
        tell(f"ingested in {time.monotonic() - start:.0f} s")
        tell(f"healthy after {built.wait_until_healthy():.0f} s more")
        yield built
    finally:
        built.run("down", "--volumes", "--remove-orphans", "--timeout", "40", check=False)


@pytest.fixture(scope="session")
def answer(project: Project, tell: Callable[[str], None]) -> dict[str, Any]:
    response = project.ask("/ask", {"question": QUESTION})
    assert response.status == 200, response.data
    answer: dict[str, Any] = response.json()
    tell(f"answer: {answer['answer']}")
    tell(f"tokens {answer['usage']}, milliseconds {answer['timings_ms']}")
    return answer
