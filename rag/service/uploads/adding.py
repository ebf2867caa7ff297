"""Adding of documents over HTTP as it is configured: a folder for each collection, and the job that ingests it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.errors import SettingsError
from rag.service.uploads.folder import UploadFolder
from rag.service.uploads.ingest_jobs import IngestJobs
from rag.settings import Settings

_log = logging.getLogger(__name__)

# In the folder of the default collection, whose ingest job does not look into hidden folders.
COLLECTIONS: Final = ".pageproof-collections"


@dataclass(frozen=True)
class UploadService:
    """Configuration of uploads.

    Attributes:
        folder: stores the documents.
        job: command that ingests the folder, and prints its progress as lines of JSON.
        without_key: whether requests of this machine need no key.
        for_collection: the same for another collection than the default one; None where only that takes documents.
    """

    folder: UploadFolder
    job: Sequence[str]
    without_key: bool = False
    for_collection: Callable[[str], UploadService] | None = None


@dataclass(frozen=True)
class Adding:
    """The folder that documents of a collection are added to, and the runs of its ingest job."""

    folder: UploadFolder
    jobs: IngestJobs


def uploads_into(
    settings: Settings, folder: UploadFolder, *, keeps_others: bool = False, without_key: bool = False
) -> UploadService:
    """Uploads into a folder, and for other collections into folders within it.

    Args:
        settings: of the service; the job reads the same, as it inherits the environment.
        folder: of the default collection.
        keeps_others: whether documents of other folders stay in its index; in other collections they do.
        without_key: see :class:`UploadService`.
    """

    def for_collection(name: str) -> UploadService:
        own = UploadFolder(_made(folder.root / COLLECTIONS / name), folder.max_bytes)
        return UploadService(own, _command(settings, own.root, "--add", "--collection", name), without_key)

    job = _command(settings, folder.root, *["--add"] * keeps_others)
    return UploadService(folder, job, without_key, for_collection)


def open_for_collection(uploads: UploadService | None, name: str) -> UploadService | None:
    """Uploads for a collection, if it can take documents; what is wrong with its folder is logged."""
    if uploads is None or uploads.for_collection is None:
        return None
    try:
        return uploads.for_collection(name)
    except SettingsError as error:
        _log.warning("no documents can be added to the collection %s: %s", name, error)
        return None


def _command(settings: Settings, folder: Path, *options: str) -> list[str]:
    command = [sys.executable, "-m", "ingest", str(folder.absolute()), "--index", str(settings.index)]
    return [*command, *options, "--json-lines"]


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made: {error.strerror}") from error
    return folder
