"""The format of the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rag.cli.console import configure_logging

FORGED = "a\nINFO rag.access: POST /ask 200 forged\r\x1b[2K\ud800"


@pytest.fixture
def only_ours(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Configures the log as the commands do, and takes pytest's handlers away until the end of the test.

    Called by the test itself, for pytest adds them when a test begins; they would keep half a character, which
    pytest-xdist cannot send.
    """

    def configure() -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        configure_logging()

    return configure


def logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on stderr, the first without its time."""
    first, *others = capsys.readouterr().err.splitlines()
    time, _, line = first.partition(" ")
    assert abs(datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z") - datetime.now(UTC)) < timedelta(minutes=10)
    return [line, *others]


def test_no_text_forges_a_line_of_the_log(capsys: pytest.CaptureFixture[str], only_ours: Callable[[], None]) -> None:
    only_ours()
    logging.getLogger("rag.service").warning("no document is named %s", FORGED)
    (line,) = logged(capsys)
    assert line == (
        "WARNING rag.service: no document is named a\\nINFO rag.access: POST /ask 200 forged\\r\\x1b[2K\\ud800"
    )


def test_nor_does_the_text_of_an_exception(capsys: pytest.CaptureFixture[str], only_ours: Callable[[], None]) -> None:
    only_ours()
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("rag.service").exception("request %s failed", "r1")
    first, *others = logged(capsys)
    assert first == "ERROR rag.service: request r1 failed"
    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") and line.isprintable() for line in others)
