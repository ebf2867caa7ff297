"""Exception hierarchy of Pageproof.

PageproofError
├── SettingsError
├── ModelError
│   ├── ModelUnknown
│   ├── ModelMissing
│   ├── ModelCorrupt
│   ├── DownloadFailed
│   ├── LicenceNotAccepted
│   ├── ModelUntrusted
│   ├── ModelUnusable
│   └── ModelUnreachable
├── IndexFault
│   ├── IndexMissing
│   ├── IndexCorrupt
│   ├── IndexForeign
│   ├── IndexBusy
│   ├── IndexUnfinished
│   ├── VectorsUnreachable
│   └── PublishFailed
├── CollectionUnknown
├── StorageFault
│   ├── StorageUnusable
│   ├── StorageUnreachable
│   ├── StorageMissing
│   └── StorageCorrupt
├── ClusterFault
│   ├── ClusterUnreachable
│   ├── ClusterUnusable
│   └── ClusterTaskLost
├── IngestFault
│   ├── NothingToIngest
│   └── OtherFolders
├── FileFault
├── RequestFault
│   ├── DocumentUnknown
│   └── PromptTooLong
├── UploadFault
│   ├── UploadTooLarge
│   ├── NameTaken
│   └── UploadNotStored
├── RecordFault
│   ├── RecordUnknown
│   └── RecordDamaged
├── QuestionsInvalid
├── CalibrationFailed
├── ReportUnwritable
├── KeyFileFault
├── RateExceeded
├── ServiceBusy
│   └── DeadlinePassed
└── Cancelled

Messages are one line for the user: the problem, where it is, and the command or setting that solves it.
Exceptions of libraries are translated into these in the library's only home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias


class PageproofError(Exception):
    """Base class of all errors of Pageproof; its message may be shown to the user."""

    def __str__(self) -> str:
        """The message in one line: files that it quotes may have line ends and escape sequences in them."""
        message = super().__str__()
        if message.isprintable():
            return message
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)


class SettingsError(PageproofError):
    """A RAG_ environment variable is unknown, or its value is invalid."""


class ModelError(PageproofError):
    """A model's weights, or the server that runs the model, cannot be used."""


class ModelUnknown(ModelError):
    """The model's name is neither in the catalogue nor a file."""


class ModelMissing(ModelError):
    """The model is in the catalogue, but its weights are not on this machine."""


class ModelCorrupt(ModelError):
    """The weights on disk, or from a download source, do not have the expected SHA-256."""


class DownloadFailed(ModelError):
    """No download source delivered the weights."""


class LicenceNotAccepted(ModelError):
    """The weights have a licence with conditions of its own, and nobody has accepted it."""


class ModelUntrusted(ModelError):
    """The weights are a file of the user's own, and nobody has said that they may be loaded."""


class ModelUnusable(ModelError):
    """The library could not load or run weights that are intact, or the model server speaks another protocol."""


class ModelUnreachable(ModelError):
    """The model server does not respond, closed the connection, or is overloaded.

    Attributes:
        retry_after_seconds: delay after which a retry may succeed; at least 1.
    """

    RETRY_AFTER_SECONDS: ClassVar = 5

    def __init__(self, message: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class IndexFault(PageproofError):
    """An index directory cannot be used."""


class IndexMissing(IndexFault):
    """Nothing has been published in this index directory yet."""


class IndexCorrupt(IndexFault):
    """A file of a generation is missing, or differs from the manifest."""


class IndexForeign(IndexFault):
    """The generation was built with another format version, encoder or chunker."""


class IndexBusy(IndexFault):
    """Another writer holds the lock of this index directory."""


class IndexUnfinished(IndexFault):
    """The generation has its text already, but not yet its vectors."""


class VectorsUnreachable(IndexFault):
    """The database that has the vectors of the index does not respond, or refuses."""


class PublishFailed(IndexFault):
    """The generation could not be written to disk; the previous one stays current."""


class CollectionUnknown(PageproofError):
    """There is no collection of this name, it may not be opened, or the text cannot name one."""


class StorageFault(PageproofError):
    """Object storage cannot be used for a generation; the index is unchanged."""


class StorageUnusable(StorageFault):
    """The URL is none of object storage, or the package for it is not installed."""


class StorageUnreachable(StorageFault):
    """The object storage does not respond, closed the connection, or refuses access."""


class StorageMissing(StorageFault):
    """Nothing has been pushed to this URL, or not this generation."""


class StorageCorrupt(StorageFault):
    """An object is missing from the storage, or is not what its name or the manifest says."""


class ClusterFault(PageproofError):
    """A Ray cluster cannot do what it is to do; nothing has been published."""


class ClusterUnreachable(ClusterFault):
    """The cluster does not respond, or does not respond any more."""


class ClusterUnusable(ClusterFault):
    """Ray is not installed, or a node differs: in versions, in weights, or in the storage that it has."""


class ClusterTaskLost(ClusterFault):
    """A task was lost with its process or its node, more often than it is started again."""


class IngestFault(PageproofError):
    """The ingest job cannot continue; the index is unchanged."""


class NothingToIngest(IngestFault):
    """The folder does not exist, is empty, or has no readable file.

    Attributes:
        files: the rows of the ingest report for the files that were tried.
    """

    def __init__(self, message: str, files: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.files = files


class OtherFolders(IngestFault):
    """Documents from folders that are not given would leave the index, and nobody has said that they may."""


# Why a file is not in the index: the statuses of :mod:`rag.domain.file_status` that need a remedy.
FailureStatus: TypeAlias = Literal[
    "empty_text", "encrypted", "malformed", "too_large", "timeout", "out_of_memory", "crashed", "unreadable"
]


class FileFault(PageproofError):
    """A source file cannot be read.

    Attributes:
        status: the file's status in the report, for example ``encrypted``.
        reason: the cause and the remedy, in one line.
    """

    def __init__(self, status: FailureStatus, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class RequestFault(PageproofError):
    """The request cannot be fulfilled.

    Attributes:
        field: the request field that is invalid; None where it is not a single one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DocumentUnknown(RequestFault):
    """The document is not in the index, or the page not in the document."""


class PromptTooLong(RequestFault):
    """Instructions and question alone exceed the model's context."""


class UploadFault(PageproofError):
    """A document cannot be added or removed; the stored documents are unchanged."""


class UploadTooLarge(UploadFault):
    """The uploaded document exceeds the size limit."""


class NameTaken(UploadFault):
    """The name belongs to another document, or to a folder or link."""


class LastDocument(UploadFault):
    """The only document of the folder cannot be removed: an index has one at least."""


class UploadNotStored(UploadFault):
    """The disk is full, or the document folder is not writable."""


class RecordFault(PageproofError):
    """An answer record cannot be used."""


class RecordUnknown(RecordFault):
    """There is no answer record with this id."""


class RecordDamaged(RecordFault):
    """The answer record cannot be read, or has another format."""


class FeedbackNotStored(RecordFault):
    """Feedback on an answer could not be written; what was said before is kept."""


class QuestionsInvalid(PageproofError):
    """A file of evaluation questions or of an earlier run is missing or invalid, or cannot be written."""


class CalibrationFailed(PageproofError):
    """The documents yield too few questions, or the result cannot be written; nothing was changed."""


class ReportUnwritable(PageproofError):
    """An evaluation report or plot cannot be written to its path."""


class KeyFileFault(PageproofError):
    """The file of access keys is missing, damaged or unsafe, or cannot be changed as requested."""


class RateExceeded(PageproofError):
    """A key sends more requests than its limit allows.

    Attributes:
        retry_after_seconds: delay after which the next request is served; at least 1.
    """

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ServiceBusy(PageproofError):
    """The service is at capacity, or is stopping, and rejects the request.

    Attributes:
        retry_after_seconds: delay after which a retry is likely to be admitted; at least 1.
        reason: ``line`` (the queue is full), ``share`` (too many requests of this client are waiting), ``deadline``
            (it could not be answered in time, or was not), or ``stopping`` (the service is shutting down).
    """

    def __init__(self, message: str, retry_after_seconds: int, reason: str = "line") -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.reason = reason


class DeadlinePassed(ServiceBusy):
    """The request was admitted, but not answered within the time limit of a request."""


class Cancelled(PageproofError):
    """The caller cancelled the request, for example by disconnecting; not a failure."""
