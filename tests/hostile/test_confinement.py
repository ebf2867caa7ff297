"""Sandboxing: the abilities of a confined worker that a file has taken over."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.reading import Reading
from tests.hostile.parts import one_page
from tests.hostile.programme import descendants, readers
from tests.hostile.takeover import ask

ROOT = Path(__file__).parent.parent.parent
# Confines itself to one folder, tries to do everything, and says what happened.
ATTEMPTS = """
import ctypes, json, os, pathlib, resource, signal, socket, subprocess, sys
from ingest.sandbox.confinement import confine
inside, outside, parent = sys.argv[1], sys.argv[2], os.getppid()
confine(1 << 30, [inside])
libc = ctypes.CDLL(None, use_errno=True)
def own_child():
    process = subprocess.Popen(["sleep", "60"])
    process.kill()
    return process.wait() == -9
def called(name, *arguments):
    ctypes.set_errno(0)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
attempts = {
    "read inside": lambda: pathlib.Path(inside, "file").read_text() == "text",
    "import": lambda: __import__("xmlrpc.client"),
    "run a program": lambda: subprocess.run(["true"], check=True),
    "write nowhere": lambda: pathlib.Path(os.devnull).write_text("x"),
    "end its own child": own_child,
    "its own limits": lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, resource.RLIM_INFINITY)),
    "read outside": lambda: pathlib.Path(outside, "file").read_text(),
    "list outside": lambda: os.listdir(outside),
    "write inside": lambda: pathlib.Path(inside, "new").write_text("x"),
    "overwrite": lambda: pathlib.Path(inside, "file").write_text("x"),
    "delete": lambda: os.unlink(inside + "/file"),
    "make a folder": lambda: os.mkdir(inside + "/new"),
    "link": lambda: os.symlink("/", inside + "/link"),
    "rename": lambda: os.rename(inside + "/file", inside + "/other"),
    "change rights": lambda: os.chmod(inside + "/file", 0o777),
    "write to /tmp": lambda: pathlib.Path("/tmp/pageproof-was-here").write_text("x"),
    "open a socket": lambda: socket.socket(),
    "signal the job": lambda: os.kill(parent, 0),
    "signal everyone": lambda: os.kill(-1, 0),
    "limit the job": lambda: resource.prlimit(parent, resource.RLIMIT_CPU),
    "environment of the job": lambda: pathlib.Path(f"/proc/{parent}/environ").read_bytes(),
    "memory of the job": lambda: open(f"/proc/{parent}/mem", "rb"),
    "files of the job": lambda: os.readlink(f"/proc/{parent}/fd/0"),
    "trace": lambda: called("ptrace", 16, parent, 0, 0),
    "leave its group": lambda: os.setsid(),
    "new namespaces": lambda: called("unshare", 0x10000000),
    "more memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
}
results = {}
for name, attempt in attempts.items():
    try:
        attempt()
        results[name] = "done"
    except Exception as error:
        results[name] = type(error).__name__
print(json.dumps(results))
"""
ALLOWED = {"read inside", "import", "run a program", "write nowhere", "end its own child", "its own limits"}
# What only Landlock forbids, and only from some version on.
SINCE = {
    **dict.fromkeys(
        "read outside,list outside,write inside,overwrite,delete,make a folder,link,rename,write to /tmp".split(","), 1
    ),
    **dict.fromkeys(("environment of the job", "memory of the job", "files of the job"), 1),
    "signal the job": 6,
}


def landlock() -> int:
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folders = [tmp_path_factory.mktemp(name) for name in ("inside", "outside")]
    for folder in folders:
        (folder / "file").write_text("text")
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, *map(str, folders)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folders[0].iterdir()) == ["file"]
    assert (folders[0] / "file").read_text() == "text"
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("attempt", sorted(ALLOWED))
def test_allowed(results: dict[str, str], attempt: str) -> None:
    assert results[attempt] == "done"


@pytest.mark.parametrize(
    "attempt",
    [
        "read outside", "list outside", "write inside", "overwrite", "delete", "make a folder", "link", "rename",
        "change rights", "write to /tmp", "open a socket", "signal the job", "signal everyone", "limit the job",
        "environment of the job", "memory of the job", "files of the job", "trace", "leave its group",
        "new namespaces", "more memory",
    ],
)  # fmt: skip
def test_refused(results: dict[str, str], attempt: str) -> None:
    assert set(results) - ALLOWED >= {attempt}
    if landlock() < SINCE.get(attempt, 0):
        pytest.skip("this kernel's Landlock does not know that")
    if attempt not in SINCE and attempt != "more memory" and platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("no filter of system calls for this machine")
    assert results[attempt] in ("PermissionError", "ValueError")


def test_a_reader_reads_in_its_folder_only(tmp_path: Path) -> None:
    for name in ("inside", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("Some words.")
    (tmp_path / "inside" / "link.txt").symlink_to(tmp_path / "outside" / "a.txt")
    names = ("inside/a.txt", "outside/a.txt", "inside/link.txt")
    with readers(workers=1, folder=tmp_path / "inside") as sandbox:
        outcomes = ask(sandbox, *(tmp_path / name for name in names))
    assert isinstance(outcomes[0], Reading)
    if landlock() > 0:
        assert [str(outcome) for outcome in outcomes[1:]] == ["unreadable: Permission denied"] * 2


def test_what_a_reader_is_born_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor of the job's, no secret, no second thread."""
    monkeypatch.setenv("RAG_API_KEYS", "secret")
    (tmp_path / "a.pdf").write_bytes(one_page())
    with (tmp_path / "open").open("w") as mine, readers(workers=1) as sandbox:
        os.set_inheritable(mine.fileno(), True)
        before = set(descendants(os.getpid()))
        ask(sandbox, tmp_path / "a.pdf")
        (process,) = set(descendants(os.getpid())) - before
        home = Path(f"/proc/{process}")
        assert "secret" not in (home / "environ").read_bytes().decode()
        assert len(list((home / "task").iterdir())) == 1
        targets = [str(link.readlink()) for link in (home / "fd").iterdir()]
        assert not [target for target in targets if target == str(tmp_path / "open")]
        assert len(targets) <= 4
        status = (home / "status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "CapEff:\t0000000000000000" in status
