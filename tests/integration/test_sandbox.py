"""Sandboxed reader processes: what a hostile file can do to one, and what it cannot."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import tokenizers

from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Reading, ReadRequest
from ingest.sandbox.pool import SandboxedReaders, Timeouts
from ingest.sandbox.worker import WorkerConfig
from rag.errors import FileFault, IngestFault
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.fakes import ReadersHere, ingest_job, tiny_pdf
from tests.integration.conftest import wait_until
from tests.processes import default_sigint

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20


def worker_config(
    *, memory: int = 1024 * MEGABYTE, cpu_seconds: float = 60.0, tokenizer: Path | None = None
) -> WorkerConfig:
    path = str(tokenizer) if tokenizer else None
    return WorkerConfig(path, 254, Chunker(), ReadingOptions(ReadingLimits(), ocr="off"), memory, cpu_seconds)


@pytest.fixture
def files(tmp_path: Path) -> list[ReadRequest]:
    """Six small PDFs."""
    requests = []
    for number in range(6):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(tiny_pdf([f"This is file number {number}.", "Its second page."]))
        requests.append(ReadRequest(path, ".pdf"))
    return requests


@pytest.fixture
def readers() -> Iterator[SandboxedReaders]:
    """One process."""
    with SandboxedReaders(worker_config(), workers=1) as made:
        yield made
    assert not made._pool.processes


def pids(readers: SandboxedReaders) -> list[int]:
    return [process.pid for process in readers._pool.processes]


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def read(readers: SandboxedReaders, requests: Sequence[ReadRequest]) -> dict[str, Reading | FileFault]:
    return {request.path.name: outcome for request, outcome in readers.read(requests)}


def rejection_reason(readers: SandboxedReaders, request: ReadRequest) -> FileFault:
    ((_, outcome),) = readers.read([request])
    assert isinstance(outcome, FileFault)
    return outcome


def stop(readers: SandboxedReaders, files: list[ReadRequest]) -> int:
    """Lets the one process read a file, and then stops it; returns its id."""
    assert isinstance(read(readers, files[:1])["0.pdf"], Reading)
    (pid,) = pids(readers)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    return pid


@contextmanager
def when_requested(readers: SandboxedReaders, act: Callable[[], None]) -> Iterator[None]:
    """Acts from another thread as soon as the one process, which is stopped, has a request in its pipe."""
    (process,) = readers._pool.processes
    pipe = process.stdin.fileno()

    def is_requested() -> bool:
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder) > 0

    def wait_and_act() -> None:
        wait_until(is_requested)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join()


class TestReading:
    def test_gives_the_same_as_reading_in_this_process(self, files: list[ReadRequest]) -> None:
        from ingest.reading import Cutting

        here = ReadersHere(
            Cutting(Chunker(), lambda text: len(text.split()), 254), ReadingOptions(ReadingLimits(), ocr="off")
        )
        with SandboxedReaders(worker_config(), workers=2) as sandbox:
            found = read(sandbox, files)
        for request, expected in here.read(files):
            outcome = found[request.path.name]
            assert isinstance(outcome, Reading)
            assert isinstance(expected, Reading)
            assert (outcome.record, outcome.texts) == (expected.record, expected.texts)
            assert outcome.characters == outcome.indexed_characters == expected.characters
        assert len(found) == 6

    def test_many_files_may_be_open(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        many = [os.dup(0) for _ in range(1100)]
        try:
            assert isinstance(read(readers, files[:1])["0.pdf"], Reading)
        finally:
            for descriptor in many:
                os.close(descriptor)

    def test_a_fault_of_the_file_costs_no_process(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        read(readers, files[:1])
        before = pids(readers)
        files[1].path.write_bytes(b"no PDF")
        assert rejection_reason(readers, files[1]).status == "malformed"
        files[1].path.unlink()
        assert rejection_reason(readers, files[1]).status in ("unreadable", "crashed", "malformed")
        files[1].path.write_bytes(b"")
        assert rejection_reason(readers, files[1]).status == "malformed"
        assert isinstance(read(readers, files[2:3])["2.pdf"], Reading)
        assert len(before) == len(pids(readers)) == 1

    def test_one_process_reads_many_files(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        seen = set()
        for _ in readers.read(files * 5):
            seen.update(pids(readers))
        assert len(seen) == 1
        # Also in a second round: the thread that started it is still there.
        assert all(isinstance(outcome, Reading) for outcome in read(readers, files).values())
        assert set(pids(readers)) == seen

    def test_a_process_is_recycled(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        """After 500 files, so that leaks of libraries stay small."""
        seen, count = list[int](), 0
        for _, outcome in readers.read(files[:1] * 502):
            assert isinstance(outcome, Reading)
            count += 1
            seen += [pid for pid in pids(readers) if pid not in seen]
        assert count == 502
        assert len(seen) == 2
        assert not is_alive(seen[0])

    def test_the_index_is_the_same_as_from_reading_in_this_process(
        self, tmp_path: Path, files: list[ReadRequest]
    ) -> None:
        found = discover([files[0].path.parent])
        ingest_job(tmp_path / "here", BagOfWordsEncoder()).run(found)
        from dataclasses import replace

        with SandboxedReaders(worker_config(), workers=2) as sandbox:
            replace(ingest_job(tmp_path / "there", BagOfWordsEncoder()), readers=sandbox).run(found)
        one, other = (open_current(tmp_path / name, BagOfWordsEncoder().identity).folder for name in ("here", "there"))
        for name in ("docstore.sqlite", "vectors.faiss", "lexical/terms.npy"):
            assert (one / name).read_bytes() == (other / name).read_bytes(), name

    def test_the_tokens_of_the_encoder_are_counted(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(tiny_pdf(["\n".join(["one two three four five six seven eight"] * 30)]))
        request = ReadRequest(tmp_path / "a.pdf", ".pdf")
        with SandboxedReaders(worker_config(tokenizer=word_tokenizer(tmp_path)), workers=1) as sandbox:
            outcome = read(sandbox, [request])["a.pdf"]
        assert isinstance(outcome, Reading)
        assert len(outcome.record.chunks) == 2


class TestBroken:
    def test_a_crash_concerns_one_file(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        pid = stop(readers, files)

        def crash() -> None:
            os.kill(pid, signal.SIGSEGV)
            os.kill(pid, signal.SIGCONT)

        with when_requested(readers, crash):
            fault = rejection_reason(readers, files[1])
        assert (fault.status, fault.reason) == ("crashed", "the reader crashed (SIGSEGV)")
        assert all(isinstance(outcome, Reading) for outcome in read(readers, files[2:]).values())
        assert pid not in pids(readers)

    def test_a_killed_process_was_out_of_memory(self, readers: SandboxedReaders, files: list[ReadRequest]) -> None:
        pid = stop(readers, files)
        with when_requested(readers, lambda: os.kill(pid, signal.SIGKILL)):
            fault = rejection_reason(readers, files[1])
        assert (fault.status, fault.reason) == ("out_of_memory", "reading it takes more than 1024 MiB")

    def test_too_slow(
        self, readers: SandboxedReaders, files: list[ReadRequest], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pid = stop(readers, files)
        begun = time.monotonic()
        with monkeypatch.context() as short:  # only for the file that is never read
            short.setattr(readers, "_timeouts", Timeouts(seconds_per_page=0.5))
            assert rejection_reason(readers, files[1]).status == "timeout"
        assert 0.4 < time.monotonic() - begun < 30  # and not the 60 s of a page
        assert not is_alive(pid)
        assert isinstance(read(readers, files[2:3])["2.pdf"], Reading)

    def test_too_much_processor_time(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(heavy_pdf(400))
        with SandboxedReaders(worker_config(cpu_seconds=0.0), workers=1) as sandbox:
            fault = rejection_reason(sandbox, ReadRequest(tmp_path / "a.pdf", ".pdf"))
        assert (fault.status, fault.reason) == ("timeout", "reading it takes too much processor time")

    def test_too_much_memory(self, tmp_path: Path, files: list[ReadRequest]) -> None:
        """A page of 900 MB in a file of 3 MB."""
        (tmp_path / "bomb.pdf").write_bytes(heavy_pdf(900))
        with SandboxedReaders(worker_config(memory=512 * MEGABYTE), workers=1) as sandbox:
            fault = rejection_reason(sandbox, ReadRequest(tmp_path / "bomb.pdf", ".pdf"))
            assert isinstance(read(sandbox, files[:1])["0.pdf"], Reading)
        assert (fault.status, fault.reason) == ("out_of_memory", "reading it takes more than 512 MiB")

    def test_a_caller_that_leaves_ends_the_processes(self, files: list[ReadRequest]) -> None:
        with SandboxedReaders(worker_config(), workers=2) as sandbox:
            outcomes = sandbox.read(files * 50)
            next(iter(outcomes))
            alive = pids(sandbox)
            for pid in alive:
                os.kill(pid, signal.SIGSTOP)  # whoever waited for what they read would wait for the 60 s of a page
            begun = time.monotonic()
        assert time.monotonic() - begun < 30
        assert alive
        wait_until(lambda: not any(map(is_alive, alive)))

    def test_a_process_that_cannot_be_started(
        self, files: list[ReadRequest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
        with (
            SandboxedReaders(worker_config(), workers=2) as sandbox,
            pytest.raises(IngestFault, match="cannot be started"),
        ):
            read(sandbox, files)

    def test_a_process_that_does_not_get_ready(
        self, files: list[ReadRequest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        script = tmp_path / "silent"
        script.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        monkeypatch.setattr("ingest.sandbox.pool._START_SECONDS", 1.0)
        with (
            SandboxedReaders(worker_config(), workers=1) as sandbox,
            pytest.raises(IngestFault, match="cannot be started: not ready after 1 s; is the machine too busy"),
        ):
            read(sandbox, files)


def impostor(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Replaces the reader process by one that was taken over: it runs ``answer`` for each file."""
    script = folder / "impostor"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, struct, sys, time\n"
        "def say(kind, data, length=None):\n"
        "    os.write(1, struct.pack('<Ic', len(data) if length is None else length, kind) + data)\n"
        "sys.stdin.buffer.readline()\n"
        "say(b'p', b'')\n"
        "for line in sys.stdin.buffer:\n"
        f"    {answer}\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


class TestTakenOver:
    """Whatever the process sends, one file has a fault, and the job goes on."""

    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            pytest.param("import random; os.write(1, random.Random(5).randbytes(5000))", "crashed", id="noise"),
            pytest.param("say(b'g', b'', 4_000_000_000)", "crashed", id="endless frame"),
            pytest.param("say(b'g', b'[1', 200); time.sleep(60)", "timeout", id="half a frame"),
            pytest.param("say(b'p', b'[1e999, 2, false]')", "crashed", id="progress at infinity"),
            pytest.param("say(b'p', b'{}')", "crashed", id="progress is an object"),
            pytest.param("say(b'r', b'[]')", "crashed", id="no facts"),
            pytest.param("sys.exit(0)", "crashed", id="says nothing and ends"),
            pytest.param("print('MemoryError', file=sys.stderr); sys.exit(3)", "crashed", id="complains"),
            pytest.param("while True: say(b'p', b'[1, 2, false]')", "crashed", id="progress without end"),
        ],
    )
    def test_sends(
        self, files: list[ReadRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: str
    ) -> None:
        impostor(tmp_path, monkeypatch, answer)
        # Short only where it would wait for ever: a process that ends must have the time to.
        timeouts = Timeouts(seconds_per_page=0.3, seconds_per_file=0.6) if status == "timeout" else Timeouts()
        with SandboxedReaders(worker_config(), workers=1, timeouts=timeouts) as sandbox:
            found = read(sandbox, files[:2])
            alive = pids(sandbox)
        assert [outcome.status for outcome in found.values() if isinstance(outcome, FileFault)] == [status] * 2
        assert not any(map(is_alive, alive))

    def test_closes_its_output_and_stays(
        self, files: list[ReadRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        impostor(tmp_path, monkeypatch, "os.close(1); time.sleep(60)")
        monkeypatch.setattr("ingest.sandbox.pool._END_SECONDS", 0.2)
        with SandboxedReaders(worker_config(), workers=1) as sandbox:
            begun = time.monotonic()
            assert rejection_reason(sandbox, files[0]).reason == "the reader closed its output, and does not end"
            assert time.monotonic() - begun < 30  # and not the 60 s that it sleeps

    def test_the_last_line_of_standard_error_is_reported(
        self, files: list[ReadRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        impostor(tmp_path, monkeypatch, "print('one\\ntwo', file=sys.stderr, flush=True); sys.exit(3)")
        with SandboxedReaders(worker_config(), workers=1) as sandbox:
            assert rejection_reason(sandbox, files[0]).reason == "the reader crashed (exit 3: two)"

    def test_one_that_writes_before_the_first_request(self, files: list[ReadRequest], tmp_path: Path) -> None:
        """For example because sitecustomize prints."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            script = tmp_path / "impostor"
            script.write_text("#!/bin/sh\necho Welcome to this machine, and have a lot of fun.\nsleep 60\n")
            script.chmod(0o755)
            monkeypatch.setattr(sys, "executable", str(script))
            with SandboxedReaders(worker_config(), workers=1) as sandbox, pytest.raises(IngestFault, match="started"):
                read(sandbox, files[:1])


CONFINED = """
import json, os, resource, socket, subprocess, sys
from ingest.sandbox.confinement import confine

def outcome(act):
    try:
        act()
    except BaseException as error:
        return f"{type(error).__name__} {getattr(error, 'errno', None)}"
    return "done"

kept = []
def open_many():
    for _ in range(200):
        kept.append(open(os.devnull))

def large_file():
    with open(sys.argv[1], "wb") as file:
        for _ in range(70):
            file.write(bytes(1 << 20))

def call(number):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 2, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "")

confine(512 << 20)
said = {
    "inet": outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
    "udp": outcome(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
    "unix": outcome(lambda: socket.socket(socket.AF_UNIX)),
    "connect": outcome(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])))),
    "io_uring": outcome(lambda: call(425)),
    "x32": outcome(lambda: call(0x40000000 + 41)),
    "child": subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], stderr=-3).returncode,
    "memory": outcome(lambda: bytearray(600 << 20)),
    "file": outcome(large_file),
    "raised": outcome(lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": outcome(open_many),
}
kept.clear()
print(json.dumps(said))
"""


def test_a_sandboxed_process_has_no_network_and_low_limits(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        result = subprocess.run(
            [sys.executable, "-c", CONFINED, str(tmp_path / "large"), str(server.getsockname()[1])],
            cwd=ROOT,
            capture_output=True,
            timeout=120,
            check=True,
        )
    said = json.loads(result.stdout)
    assert {said[name] for name in ("inet", "udp", "unix", "connect")} == {"PermissionError 13"}
    assert {said[name] for name in ("io_uring", "x32")} == {"PermissionError 13"}
    assert said["child"] != 0
    assert said["memory"] == "MemoryError None"
    # Not at all where the kernel has Landlock, and elsewhere no large ones.
    large = tmp_path / "large"
    assert said["file"] == ("OSError 27" if large.exists() else "PermissionError 13")
    assert not large.exists() or large.stat().st_size <= 64 * MEGABYTE
    assert said["core"] == [0, 0]
    assert said["files"] == "OSError 24"
    # Root may raise its own limits: a container should not run as root.
    assert said["raised"].startswith(("ValueError", "PermissionError") if os.geteuid() else "")


def test_a_reader_process_has_no_settings_and_no_keys(
    files: list[ReadRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_API_KEY", "very-secret")
    monkeypatch.setenv("SOME_TOKEN", "very-secret")
    with SandboxedReaders(worker_config(), workers=1) as sandbox:
        read(sandbox, files[:1])
        (pid,) = pids(sandbox)
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        status = Path(f"/proc/{pid}/status").read_text()
        limits = Path(f"/proc/{pid}/limits").read_text()
        cwd = Path(f"/proc/{pid}/cwd").readlink()
        network = [link for link in map(os.readlink, Path(f"/proc/{pid}/fd").iterdir()) if link.startswith("socket")]
    names = {line.partition(b"=")[0].decode() for line in environment.split(b"\0") if line}
    assert b"very-secret" not in environment
    assert names <= {
        "PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS",
        "TOKENIZERS_PARALLELISM", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG",
    }  # fmt: skip
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert f"Max address space         {1024 * MEGABYTE}" in limits
    assert (cwd, network) == (Path("/"), [])


JOB = """
import sys, time
from pathlib import Path
import ingest.__main__ as program
from rag.testing import (BagOfWordsEncoder)

class Slow(BagOfWordsEncoder):
    def encode(self, texts):
        print("encoding", flush=True)
        time.sleep(float(sys.argv[2]))
        return super().encode(texts)

program.open_encoder = lambda settings: Slow()
program.tokenizer_file = lambda settings: Path(sys.argv[1])
code = program.main(sys.argv[3:])
print("code", code, flush=True)
sys.exit(code)
"""


def word_tokenizer(folder: Path) -> Path:
    """A tokenizer whose tokens are words."""
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


class Job:
    """``python -m ingest`` in a process of its own, with a slow encoder."""

    def __init__(self, folder: Path, documents: int, seconds: float = 0.0) -> None:
        self.index = folder / "index"
        (folder / "documents").mkdir(exist_ok=True)
        for number in range(documents):
            (folder / "documents" / f"{number}.pdf").write_bytes(
                tiny_pdf([f"File {number}, page {n}." for n in range(9)])
            )
        arguments = [str(folder / "documents"), "--index", str(self.index), "--workers", "2", "--ocr", "off"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
        with default_sigint():
            self.process = subprocess.Popen(
                [sys.executable, "-c", JOB, str(word_tokenizer(folder)), str(seconds), *arguments],
                cwd=ROOT,
                env=kept,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def readers(self) -> list[int]:
        """Ids of the reader processes that have started."""
        try:
            process = Path(f"/proc/{self.process.pid}")
            children = [pid for task in (process / "task").iterdir() for pid in (task / "children").read_text().split()]
            # Before it runs its own program, a child is a copy of the job, which waits for it.
            own = (process / "cmdline").read_bytes()
            return [int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes() not in (own, b"")]
        except OSError:
            return []

    def wait_for_readers(self, count: int) -> list[int]:
        wait_until(lambda: len(self.readers()) == count)
        return self.readers()

    def ended(self, seconds: float = 120.0) -> tuple[int, str]:
        """Exit code and standard error."""
        try:
            _, errors = self.process.communicate(timeout=seconds)
        finally:
            self.process.kill()
        return self.process.returncode, errors.decode()


class TestStopped:
    def interrupted(self, job: Job, readers: Sequence[int]) -> None:
        begun = time.monotonic()
        job.process.send_signal(signal.SIGINT)
        code, errors = job.ended()
        assert time.monotonic() - begun < 30  # and not the 60 s of a page, or of a process that starts
        assert code == 1
        assert errors.strip().endswith("stopped; nothing was published, the index is as it was")
        assert "Traceback" not in errors
        wait_until(lambda: not any(map(is_alive, readers)))
        assert not (job.index / "CURRENT").exists()
        assert list((job.index / "gen").iterdir()) == list((job.index / "tmp").iterdir()) == []

    def test_while_files_are_read(self, tmp_path: Path) -> None:
        job = Job(tmp_path, documents=40, seconds=0.05)
        readers = job.wait_for_readers(2)
        for pid in readers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(0.3)  # the job waits for them; without that the test is one of processes that start
        self.interrupted(job, readers)

    def test_while_reader_processes_start(self, tmp_path: Path) -> None:
        job = Job(tmp_path, documents=40, seconds=1.0)  # it cannot be done before it is interrupted
        readers = job.wait_for_readers(2)
        self.interrupted(job, readers)

    def test_while_texts_are_encoded(self, tmp_path: Path) -> None:
        job = Job(tmp_path, documents=40, seconds=0.7)
        assert job.process.stdout
        assert job.process.stdout.readline() == b"encoding\n"
        self.interrupted(job, job.readers())

    def test_a_killed_job_leaves_nothing(self, tmp_path: Path) -> None:
        job = Job(tmp_path, documents=40, seconds=10.0)  # it is at it when it is killed
        assert job.process.stdout
        assert job.process.stdout.readline() == b"encoding\n"
        readers = job.wait_for_readers(2)
        job.process.kill()
        job.ended()
        wait_until(lambda: not any(map(is_alive, readers)))
        assert not (job.index / "CURRENT").exists()
        # The next one cleans up, and does all of it.
        again = Job(tmp_path, documents=40)
        code, _ = again.ended()
        assert code == 0
        assert len(open_current(again.index, BagOfWordsEncoder().identity).documents) == 40

    def test_without_an_interrupt_it_is_published(self, tmp_path: Path) -> None:
        job = Job(tmp_path, documents=3)
        code, errors = job.ended()
        assert (code, "stopped" in errors) == (0, False)


def heavy_pdf(megabytes: int) -> bytes:
    """A page whose content stream has this size when it is decompressed."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # Flushed, so that it can be repeated without being compressed again; the checksum at the end is left out.
    block = compressor.compress(b"(text) Tj " * 100_000) + compressor.flush(zlib.Z_FULL_FLUSH)
    content = b"\x78\x9c" + block * megabytes + b"\x03\x00"
    plain = tiny_pdf(["x"])
    start = plain.index(b"5 0 obj")
    stream = b"5 0 obj<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream endobj\n" % (len(content), content)
    # The cross-reference table is wrong now; pdfium rebuilds it.
    return plain[:start] + stream + b"trailer<</Size 6/Root 1 0 R>>\n%%EOF"
