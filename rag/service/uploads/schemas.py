"""Schemas of uploads and of the ingest job over HTTP: docs/api.md, "Adding documents"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.domain.file_status import FileRow, FileStatus
from rag.service.uploads.folder import StoredUpload
from rag.service.uploads.ingest_jobs import FileProgress, IngestJobStatus


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddingBody(_Reported):
    """Uploads: whether they are on, and which documents are accepted."""

    enabled: bool
    needs_key: Annotated[bool, Field(description="whether an admin key is needed")]
    max_bytes: int
    suffixes: tuple[str, ...]


class UploadBody(_Reported):
    """A document in the upload folder; it can be found once the ingest job has read it."""

    name: str
    size: int
    sha256: str
    replaced: Annotated[bool, Field(description="whether another one of its name was there before")]

    @classmethod
    def of(cls, stored: StoredUpload) -> UploadBody:
        """The schema of a stored document."""
        return cls(name=stored.name, size=stored.size, sha256=stored.sha256, replaced=stored.replaced)


class RemovedBody(_Reported):
    """A document that was taken out of the upload folder; it is found until the ingest job has run."""

    name: str
    kept: Annotated[str, Field(description="where the file is now, relative to the folder")]


class ReadingFileBody(_Reported):
    """A file that is being read."""

    id: Annotated[str, Field(description="SHA-256 of the file")]
    done: Annotated[int, Field(description="pages that are read")]
    total: Annotated[int, Field(description="pages that it has, as far as is known")]

    @classmethod
    def of(cls, file: FileProgress) -> ReadingFileBody:
        """The file as it is sent."""
        return cls(id=file.id, done=file.done, total=file.total)


class IngestedFileBody(_Reported):
    """A file of the latest ingest run."""

    name: str
    status: FileStatus
    reason: str | None
    pages: int

    @classmethod
    def of(cls, row: FileRow) -> IngestedFileBody:
        """The file as it is sent."""
        return cls(name=row.path, status=row.status, reason=row.reason, pages=row.pages)


class IngestBody(_Reported):
    """Status of the latest ingest run; see :class:`rag.service.uploads.ingest_jobs.IngestJobStatus`."""

    state: Literal["idle", "running", "finished", "failed"]
    stage: str | None
    done: int
    total: int
    share: Annotated[float, Field(ge=0, le=1, description="of the whole work")]
    seconds_left: float | None
    started: str | None
    finished: str | None
    index: str | None
    error: str | None
    again: Annotated[bool, Field(description="whether another run follows")]
    reading: Annotated[tuple[ReadingFileBody, ...], Field(description="files that are being read")]
    files: tuple[IngestedFileBody, ...]

    @classmethod
    def of(cls, status: IngestJobStatus) -> IngestBody:
        """The status as it is sent."""
        files = tuple(IngestedFileBody.of(row) for row in status.files)
        reading = tuple(ReadingFileBody.of(file) for file in status.reading)
        return cls.model_validate({**vars(status), "files": files, "reading": reading})
