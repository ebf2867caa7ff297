"""``POST /answers/{id}/feedback``: what a person says of an answer, where records of answers are kept."""

from __future__ import annotations

import logging
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.exceptions import HTTPException

from rag.answering.answerer import Answerer
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.errors import DocumentUnknown, FeedbackNotStored, RecordUnknown
from rag.runtime.keyed_lines import KeyedLines
from rag.service.api_docs.schema import problem_responses
from rag.service.collections.choosing import ChosenCollection
from rag.service.feedback.labelled import Feedback, Verdict, labelled
from rag.service.schemas.fields import Count, Flag

_log = logging.getLogger(__name__)

_MAX_EXPECTED: Final = 2000
_MAX_NAME: Final = 1000
_NOT_KEPT: Final = (
    "no records of answers are kept, so what is said of them has no place: have the operator set RAG_RECORDS to a "
    "folder, and start the service again"
)
_NO_RECORD: Final = (
    "no record of this answer is kept: it is older than the newest RAG_KEEP_RECORDS, or was erased; ask again, and say "
    "it of the new answer"
)


class FeedbackBody(BaseModel):
    """Feedback on an answer; all but the verdict is for wrong ones.

    Unknown fields are refused, so that a misspelt one is noticed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    expected: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_MAX_EXPECTED)] | None,
        Field(description="what the answer should have been"),
    ] = None
    absent: Annotated[Flag, Field(description="whether the documents do not answer the question")] = False
    document: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=_MAX_NAME)] | None,
        Field(description="name of the document where the right answer stands"),
    ] = None
    page: Annotated[Count | None, Field(description="its page, 1-based")] = None

    @model_validator(mode="after")
    def _fits(self) -> FeedbackBody:
        if self.verdict == "right" and (self.expected or self.absent or self.document):
            raise ValueError("expected, absent and document are for wrong answers")
        if self.absent and (self.expected or self.document):
            raise ValueError("where the documents do not answer the question there is no right answer, and no place")
        if (self.document is None) != (self.page is None):
            raise ValueError("document and page are given together")
        return self

    def to_domain(self) -> Feedback:
        """The feedback as a value."""
        place = (self.document, self.page) if self.document and self.page else None
        return Feedback(self.verdict, self.expected, self.absent, place)


class FeedbackKeptBody(BaseModel):
    """Feedback that is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(description="of the answer")]
    verdict: Verdict


def records_of(answerer: Answerer) -> RecordFolder | None:
    """The folder of the records of an answerer's answers; None where none are kept."""
    return answerer.recorder.folder if isinstance(answerer.recorder, FolderRecorder) else None


def router(route_class: type[APIRoute]) -> APIRouter:
    """The route of feedback."""
    routes = APIRouter(prefix="/answers", route_class=route_class)

    @routes.post("/{answer_id}/feedback", response_model=FeedbackKeptBody, responses=problem_responses(409, 507))
    def feedback(
        request: Request,
        answer_id: Annotated[str, Path(description="id of the answer")],
        body: FeedbackBody,
        collection: ChosenCollection,
    ) -> FeedbackKeptBody:
        """Say whether an answer is right, or what it should have been. What is said last of an answer is kept."""
        answerer = collection.answerer
        records = records_of(answerer)
        if records is None:
            raise HTTPException(409, _NOT_KEPT)
        try:
            record = records.read(answer_id)
        except RecordUnknown:
            raise HTTPException(404, _NO_RECORD) from None
        said = body.to_domain()
        if said.place:
            _check_place(answerer, *said.place)
        try:
            KeyedLines(records.feedback).put(labelled(record, said))
        except OSError as error:
            raise FeedbackNotStored(
                f"it could not be kept: {error.strerror}; make room in RAG_RECORDS, or move its questions.jsonl away"
            ) from error
        # Without texts, as everywhere in the log.
        _log.info("answer %s is said to be %s: %s", record.id, said.verdict, request.state.request_id)
        return FeedbackKeptBody(id=record.id, verdict=said.verdict)

    return routes


def _check_place(answerer: Answerer, name: str, page: int) -> None:
    """Refuses a page that the served index does not have."""
    document = next((each for each in answerer.generation().documents if name in each.names), None)
    if document is None:
        raise DocumentUnknown("no document of the index has this name", "document")
    if page > document.pages:
        raise DocumentUnknown(f"the document has pages 1 to {document.pages}", "page")
