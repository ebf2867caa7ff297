"""Every error that Pageproof raises on purpose.

PageproofError
├── SettingsError              a RAG_ variable is unknown or has a wrong value
├── ModelError                 weights, or the server that has them
│   ├── ModelUnknown           the name is not in the catalogue and is not a file
│   ├── ModelMissing           the catalogue knows it, this machine does not have it
│   ├── ModelCorrupt           the bytes do not have the digest they should have
│   ├── DownloadFailed         no source delivered the bytes
│   ├── ModelUnusable          the library that should load it refused
│   └── ModelUnreachable       the server that runs it is not there, or cannot answer now
├── IndexFault                 an index directory
│   ├── IndexMissing           nothing has been published yet
│   ├── IndexCorrupt           a file is not what the manifest says
│   ├── IndexForeign           made by another format, encoder or chunker
│   ├── IndexBusy              another writer holds the lock
│   └── PublishFailed          the disk refused; nothing was published
├── IngestFault                the job as a whole cannot go on
│   └── NothingToIngest        no such folder, an empty one, or no readable file in it
├── FileFault                  one source file cannot be read; carries its status for the report
├── RequestFault               what the caller asked for cannot be done
│   ├── DocumentUnknown        no such document, or no such page of it
│   └── PromptTooLong          question and instructions alone overflow the model's context
├── UploadFault                a document that is to be added
│   ├── UploadTooLarge         it has more bytes than may be added
│   ├── NameTaken              another document has its name
│   └── UploadNotStored        the disk refused
├── RecordFault                the record of an answer
│   ├── RecordUnknown          none was kept under this id
│   └── RecordDamaged          it cannot be read, or is of another format
├── QuestionsInvalid           a questions.jsonl line is not what it should be
├── CalibrationFailed          too few questions could be made of the documents, or the result cannot be kept
├── ReportUnwritable           a page or a plot of an evaluation cannot be written where it should be
├── ServiceBusy                no place for the request; carries the seconds after which to come back
│   └── DeadlinePassed         it had a place, and was not answered in the time that a request may take
└── Cancelled                  the caller went away; not a failure

Messages are for people: what is wrong, where, and the command or setting that mends it, in one line.
Foreign exceptions are translated into these where they enter, in the only home of each library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias


class PageproofError(Exception):
    """Base of all errors raised on purpose; its text may be shown to the user."""


class SettingsError(PageproofError):
    """A RAG_ environment variable is unknown, or its value is wrong."""


class ModelError(PageproofError):
    """Something is wrong with a model's weights, or with the server that runs it."""


class ModelUnknown(ModelError):
    """The name is not in the catalogue, and no such file exists."""


class ModelMissing(ModelError):
    """The weights are not on this machine."""


class ModelCorrupt(ModelError):
    """The bytes on disk, or from a source, do not have the expected SHA-256."""


class DownloadFailed(ModelError):
    """No source delivered the weights."""


class ModelUnusable(ModelError):
    """The weights are whole, but the library could not load or run them; or their server speaks another protocol."""


class ModelUnreachable(ModelError):
    """The server that runs the model is not there, broke off, or has too much to do.

    Attributes:
        retry_after_seconds: when a new try may succeed; at least 1.
    """

    RETRY_AFTER_SECONDS: ClassVar = 5

    def __init__(self, message: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class IndexFault(PageproofError):
    """Something is wrong with an index directory."""


class IndexMissing(IndexFault):
    """Nothing has been published in this index directory yet."""


class IndexCorrupt(IndexFault):
    """A file of a generation is missing, or is not what the manifest says."""


class IndexForeign(IndexFault):
    """The generation was made by another format version, encoder or chunker."""


class IndexBusy(IndexFault):
    """Another writer is at work in this index directory."""


class PublishFailed(IndexFault):
    """The generation could not be written; the one before it is still the current one."""


class IngestFault(PageproofError):
    """The ingest job cannot go on; the index is as it was."""


class NothingToIngest(IngestFault):
    """No such folder, an empty folder, or no readable file in it.

    Attributes:
        files: what the report would have said of each file that was tried.
    """

    def __init__(self, message: str, files: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.files = files


# Why a file is not in the index; of the statuses in :mod:`rag.domain.file_status` those that ask for a remedy.
FailureStatus: TypeAlias = Literal[
    "empty_text", "encrypted", "malformed", "too_large", "timeout", "out_of_memory", "crashed", "unreadable"
]


class FileFault(PageproofError):
    """One source file cannot be read.

    Attributes:
        status: the file's status in the report, for example ``encrypted``.
        reason: why, and what the user can do, in one line.
    """

    def __init__(self, status: FailureStatus, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class RequestFault(PageproofError):
    """The caller asked for something that cannot be done.

    Attributes:
        field: the field of the request that is wrong, where there is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DocumentUnknown(RequestFault):
    """No such document in the index, or no such page in the document."""


class PromptTooLong(RequestFault):
    """Instructions and question alone do not fit the model's context."""


class UploadFault(PageproofError):
    """A document cannot be added; what was there is as it was."""


class UploadTooLarge(UploadFault):
    """The document has more bytes than may be added."""


class NameTaken(UploadFault):
    """Another document has this name, or something that is no document."""


class UploadNotStored(UploadFault):
    """The disk is full, or the folder of documents cannot be written."""


class RecordFault(PageproofError):
    """Something is wrong with the record of an answer."""


class RecordUnknown(RecordFault):
    """No record is kept under this id."""


class RecordDamaged(RecordFault):
    """The record cannot be read, or is of another format."""


class QuestionsInvalid(PageproofError):
    """A questions file is missing, or one of its lines is not a question."""


class CalibrationFailed(PageproofError):
    """Too few questions could be made of the documents, or the result cannot be kept; nothing was changed."""


class ReportUnwritable(PageproofError):
    """A page or a plot of an evaluation cannot be written where it should be."""


class ServiceBusy(PageproofError):
    """There is no place for the request.

    Attributes:
        retry_after_seconds: when a new try is likely to be admitted; at least 1.
        reason: ``line`` (as many are waiting as may wait), ``share`` (too many of this client are), ``deadline`` (it
            would not be answered in time, or was not), or ``stopping`` (the service ends).
    """

    def __init__(self, message: str, retry_after_seconds: int, reason: str = "line") -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.reason = reason


class DeadlinePassed(ServiceBusy):
    """The request was admitted, and not answered in the time that a request may take."""


class Cancelled(PageproofError):
    """The caller no longer wants the answer."""
