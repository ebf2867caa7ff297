"""Folder of answer records, kept where RAG_RECORDS is set: a JSON file for each answer, named by the answer's id.

Records hold the users' questions and the documents' text, so only their owner may read them.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from pydantic import ValidationError

from rag.answering.records import FORMAT, AnswerRecord, Setup, is_record_id
from rag.answering.trace import AnswerTrace
from rag.errors import RecordDamaged, RecordUnknown, SettingsError
from rag.runtime.files import write_atomically

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordFolder:
    """A folder of answer records, at most ``keep`` of them: beyond that, the oldest are deleted.

    Several processes may use it at the same time.
    """

    root: Path
    keep: int

    @property
    def feedback(self) -> Path:
        """The file of what people say of the answers: labelled questions, as ``rag eval`` reads them."""
        return self.root / "questions.jsonl"

    def read(self, record_id: str) -> AnswerRecord:
        """The record of an answer.

        Raises:
            RecordUnknown: there is none, or ``record_id`` is not an id.
            RecordDamaged: it cannot be read, or is of another format.
        """
        if not is_record_id(record_id):
            raise RecordUnknown(f"{record_id!r} is no id of an answer: 32 hexadecimal digits, as `rag ask` prints them")
        path = self.root / f"{record_id}.json"
        try:
            record = AnswerRecord.from_bytes(path.read_bytes())
        except FileNotFoundError as error:
            raise RecordUnknown(
                f"no record of {record_id} in {self.root}: it was answered without RAG_RECORDS or into another folder, "
                f"deleted, or one of more than the RAG_KEEP_RECORDS={self.keep} newest"
            ) from error
        except OSError as error:
            raise RecordDamaged(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise RecordDamaged(
                f"{path} is not a record of format {FORMAT}: it is damaged, or of another version of this program; "
                "delete it, or replay it with that version"
            ) from error
        if record.id != record_id:
            raise RecordDamaged(f"{path} is the record of another answer, {record.id}; give it its own name again")
        return record

    def check(self) -> None:
        """Checks that records can be written, with the file of one that is removed again.

        Raises:
            SettingsError: they cannot.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise SettingsError(
                f"RAG_RECORDS={self.root} cannot be written: {error.strerror}; give the user that runs the service "
                "access to it, or unset RAG_RECORDS"
            ) from error

    def write(self, record: AnswerRecord) -> None:
        """Writes a record atomically. Raises OSError where it cannot be written."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        path = self.root / f"{record.id}.json"
        write_atomically(path, record.to_bytes(), mode=0o600, draft=path.with_suffix(".draft"))

    def _make_room(self) -> None:
        """Deletes the oldest records, so that one more may be written. Drafts that a crash has left are counted too."""
        with os.scandir(self.root) as entries:
            files = [entry for entry in entries if _is_record_file(entry.name)]
        if len(files) < self.keep:
            return
        with suppress(FileNotFoundError):  # another process drops them too
            files.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
            for entry in files[: len(files) - self.keep + 1]:
                Path(entry.path).unlink()


@dataclass(frozen=True)
class FolderRecorder:
    """Writes a record of each answer into a folder; ``setup`` is that of the answerer."""

    folder: RecordFolder
    setup: Setup

    def keep(self, trace: AnswerTrace) -> None:
        """See :class:`rag.answering.trace.Recorder`. A record that cannot be written is logged."""
        try:
            self.folder.write(AnswerRecord.of(trace, self.setup))
        except OSError as error:
            _log.warning(
                "answer %s is given, but its record could not be kept in %s: %s",
                trace.answer.id,
                self.folder.root,
                error.strerror,
            )


def _is_record_file(name: str) -> bool:
    """True for a record, or a draft of one, which a crash may have left."""
    stem, _, suffix = name.partition(".")
    return is_record_id(stem) and suffix in ("json", "draft")
