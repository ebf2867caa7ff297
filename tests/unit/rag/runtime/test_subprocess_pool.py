"""Pool of killable subprocesses: reuse, replacement, and what is left when it is closed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.runtime.subprocess_pool import SubprocessPool, WorkerProcess

MODULE = "tests.unit.rag.runtime.echo_worker"


class Echo(WorkerProcess):
    """Answers each line with what it knows of its surroundings."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MODULE, **options)

    def ask(self, line: str) -> dict[str, Any]:
        self.stdin.write(f"{line}\n".encode())
        self.stdin.flush()
        answer: dict[str, Any] = json.loads(self.stdout.readline())
        return answer


@pytest.fixture
def process() -> Iterator[Echo]:
    process = Echo()
    yield process
    process.close()


@pytest.fixture
def pool() -> Iterator[SubprocessPool[Echo]]:
    pool = SubprocessPool(2, Echo)
    yield pool
    pool.close()


def wait_until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class TestWorkerProcess:
    def test_knows_only_what_it_is_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_API_KEYS", "secret")
        monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
        monkeypatch.setenv("GIVEN", "1")
        monkeypatch.delenv("NOT_SET", raising=False)
        process = Echo(pass_on=["GIVEN", "NOT_SET"], variables={"FURTHER": "2"})
        facts = process.ask("hello")
        process.close()
        assert facts["line"] == "hello\n"
        # LC_CTYPE is Python's own doing (PEP 538).
        assert facts["environment"].keys() - {"LC_CTYPE"} == {
            "LD_LIBRARY_PATH", "GIVEN", "FURTHER", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OPENBLAS_NUM_THREADS",
            "LANG",
        }  # fmt: skip
        assert (facts["environment"]["GIVEN"], facts["environment"]["FURTHER"]) == ("1", "2")
        # No module is taken from the folder that it runs in.
        assert facts["cwd"] == "/"
        assert not {"", "/"} & set(facts["path"])

    def test_a_session_of_its_own(self, process: Echo) -> None:
        """So that Ctrl-C does not reach it."""
        assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid

    def test_kill_ends_what_it_has_started_too(self, process: Echo) -> None:
        child = process.ask("child")["child"]
        assert is_alive(child)
        process.kill()
        wait_until(lambda: not is_alive(child))
        assert process.wait(60) == -signal.SIGKILL
        assert process.has_ended

    def test_exit_code(self, process: Echo) -> None:
        assert process.wait(0.01) is None
        assert not process.has_ended
        process.stdin.write(b"exit\n")
        process.stdin.flush()
        assert process.wait(20) == 3

    def test_close_leaves_neither_a_zombie_nor_a_pipe(self) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        process = Echo()
        process.close()
        assert not Path(f"/proc/{process.pid}").exists()
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        process.close()

    def test_standard_error(self, tmp_path: Path) -> None:
        with (tmp_path / "stderr").open("w+b") as file:
            process = WorkerProcess("tests.no_such_module", stderr=file)
            assert process.wait(20) == 1
            process.close()
            assert b"no_such_module" in (tmp_path / "stderr").read_bytes()

    def test_cannot_be_started(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
        with pytest.raises(FileNotFoundError):
            Echo()


class TestReuse:
    def test_starts_none_before_it_is_needed(self, pool: SubprocessPool[Echo]) -> None:
        assert list(pool.processes) == []
        pool.prepare()
        assert len(pool.processes) == 1

    def test_the_last_one_is_used_next(self, pool: SubprocessPool[Echo]) -> None:
        with pool.lend() as first:
            pass
        for _ in range(3):
            with pool.lend() as again:
                assert again is first
        with pool.lend() as one, pool.lend() as other:
            assert one is not other
        assert set(pool.processes) == {one, other}

    def test_a_borrower_waits_until_one_is_free(self, pool: SubprocessPool[Echo]) -> None:
        borrowed = list[Echo]()

        def borrow() -> None:
            with pool.lend() as process:
                borrowed.append(process)

        with pool.lend():
            with pool.lend() as second:
                thread = threading.Thread(target=borrow)
                thread.start()
                time.sleep(0.05)
                assert borrowed == []
            thread.join(60)
        assert borrowed == [second]

    def test_an_error_of_the_borrower_costs_no_process(self, pool: SubprocessPool[Echo]) -> None:
        with pytest.raises(ValueError, match="mine"), pool.lend() as first:
            raise ValueError("mine")
        with pool.lend() as second:
            assert second is first


class TestReplaced:
    def test_one_that_was_killed_while_idle(self, pool: SubprocessPool[Echo]) -> None:
        pool.prepare()
        (before,) = pool.processes
        os.kill(before.pid, signal.SIGKILL)
        wait_until(lambda: before.has_ended)
        with pool.lend() as process:
            assert process is not before
            assert process.ask("hello")["line"] == "hello\n"
        assert pool.processes == (process,)
        assert before.stdin.closed
        assert before.stdout.closed

    @pytest.mark.parametrize("restart", [False, True])
    def test_one_that_its_borrower_has_closed(self, *, restart: bool) -> None:
        pool = SubprocessPool(1, Echo, restart=restart)
        with pool.lend() as before:
            before.close()
        assert len(pool.processes) == restart
        assert before not in pool.processes
        with pool.lend() as process:
            assert process.ask("hello")["line"] == "hello\n"
        pool.close()

    def test_a_start_that_fails_costs_no_place(self) -> None:
        def start() -> Echo:
            if fails:
                raise OSError("no memory for a process")
            return Echo()

        pool, fails = SubprocessPool(1, start, restart=True), [True]
        for _ in range(3):
            with pytest.raises(OSError, match="no memory"):
                pool.prepare()
        fails.clear()
        with pool.lend() as process:
            process.close()
            fails.append(True)
        assert list(pool.processes) == []
        fails.clear()
        pool.prepare()
        assert len(pool.processes) == 1
        pool.close()


class TestClosed:
    def test_nothing_is_left(self, pool: SubprocessPool[Echo]) -> None:
        with pool.lend(), pool.lend():
            pass
        processes = pool.processes
        pool.close()
        assert not any(Path(f"/proc/{process.pid}").exists() for process in processes)
        assert list(pool.processes) == []
        pool.close()

    @pytest.mark.parametrize("restart", [False, True])
    def test_a_borrower_is_interrupted(self, *, restart: bool) -> None:
        pool = SubprocessPool(1, Echo, restart=restart)
        with pool.lend() as process:
            threading.Timer(0.05, pool.kill).start()
            assert process.stdout.readline() == b""
            assert process.wait(60) == -signal.SIGKILL
        assert list(pool.processes) == []

    def test_one_that_starts_afterwards_is_dead(self, pool: SubprocessPool[Echo]) -> None:
        pool.kill()
        with pool.lend() as process:
            assert process.wait(60) == -signal.SIGKILL
        assert list(pool.processes) == []

    def test_a_process_that_ignores_requests_is_killed(self, pool: SubprocessPool[Echo]) -> None:
        with pool.lend() as process:
            os.kill(process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        pool.close()
        assert time.monotonic() - begun < 60
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_popen_is_called_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = list[Any]()

    def refuse(command: list[str], **options: object) -> None:
        commands.append((command, options.get("shell")))
        raise OSError("not started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="not started"):
        Echo()
    assert commands == [([sys.executable, "-P", "-m", MODULE], None)]
