"""LangChain integration: retrieval as a ``BaseRetriever``, answers as a ``Runnable``.

The only module that imports langchain_core; no other module imports it. It sends nothing over the network; LangChain
itself reports to LangSmith where a user has set LANGSMITH_TRACING (docs/langchain.md).
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableSerializable, run_in_executor
from pydantic import Field, GetPydanticSchema, ValidationError
from pydantic_core import core_schema

from rag import composition
from rag.answering.answerer import Answerer
from rag.domain.values import Hit, Question
from rag.errors import RequestFault
from rag.index.generation import Generation
from rag.index.joint.interfaces import ServedIndex
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.service.schemas.ask import AnswerBody, AskBody
from rag.settings import Settings

T = TypeVar("T")

# Not validated: pydantic would otherwise need a schema of a class that it does not know.
Given: TypeAlias = Annotated[T, GetPydanticSchema(lambda _source, _handler: core_schema.any_schema())]

_FIELDS: Final = ("question", "documents", "history", "length", "max_tokens")


class PageproofRetriever(BaseRetriever):
    """A LangChain retriever: the passages that best answer a question, best first.

    A passage is verbatim: ``page_content`` is ``text[start:end]`` of its page. Metadata: ``document`` (name),
    ``document_id`` (SHA-256), ``title``, ``page`` (1-based), ``label`` (the printed page number, or None), ``start``,
    ``end``, ``headings``, ``boxes`` (its place, in PDF points, origin top left), ``score`` (higher is better,
    comparable within one search), ``relevance`` (0..1 that it answers the question, None without a reranker) and
    ``index`` (the generation).

    Attributes:
        index: the index to search, in its current generation.
        retriever: for retrieval.
        searches: cache of retrieval results; one may be shared with an Answerer.
        k: largest number of passages.
        documents: names to search in; empty means all.

    ``invoke`` takes ``k`` and ``documents`` for one search, and raises:
        IndexFault: there is no index, or it cannot be served.
        DocumentUnknown: a document that is not in the index.
    """

    index: Given[ServedIndex]
    retriever: Given[Retriever]
    searches: Given[RetrievalCache] = Field(default_factory=RetrievalCache)
    k: Annotated[int, Field(ge=1)] = 6
    documents: tuple[str, ...] = ()

    @classmethod
    def of(cls, answerer: Answerer, *, k: int | None = None, documents: tuple[str, ...] = ()) -> PageproofRetriever:
        """The retriever of an Answerer; ``k`` defaults to the number of passages in its prompt."""
        return cls(
            index=answerer.index,
            retriever=answerer.retriever,
            searches=answerer.searches,
            k=k or answerer.passages,
            documents=documents,
        )

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        k: int | None = None,
        documents: tuple[str, ...] | None = None,
    ) -> list[Document]:
        return self._retrieve(query, k, documents, Cancellation())

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        k: int | None = None,
        documents: tuple[str, ...] | None = None,
    ) -> list[Document]:
        return await _in_thread(lambda cancellation: self._retrieve(query, k, documents, cancellation))

    def _retrieve(
        self, query: str, k: int | None, documents: tuple[str, ...] | None, cancellation: Cancellation
    ) -> list[Document]:
        generation = self.index.generation()
        question = Question(query, tuple(self.documents if documents is None else documents))
        limit = self.k if k is None else k
        hits = self.searches.hits(self.retriever, generation, question, limit, cancellation)
        return [_document(hit, generation) for hit in hits]


class PageproofRunnable(RunnableSerializable[str | dict[str, Any], dict[str, Any]]):
    """A LangChain runnable from a question to its verified answer, the object of ``POST /ask`` (docs/api.md).

    A question is a string, or a dictionary with ``question`` and, if wanted, ``documents``, ``history``, ``length`` and
    ``max_tokens``, as ``POST /ask`` takes them; other keys belong to the chain and are ignored. An answer is output
    once it is complete, so a stream has one part.

    Attributes:
        answerer: answers the questions.

    ``invoke`` raises:
        IndexFault: there is no index, or it cannot be served.
        RequestFault: a wrong field, an unknown document, or a question that does not fit the model.
    """

    answerer: Given[Answerer]

    def invoke(
        self,
        input: str | dict[str, Any],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> dict[str, Any]:
        """The answer; see the class."""
        return self._call_with_config(lambda asked: self._answer(asked, Cancellation()), input, config, **kwargs)

    async def ainvoke(
        self,
        input: str | dict[str, Any],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> dict[str, Any]:
        """The answer, made in a thread beside the event loop; cancelling the task cancels the work."""

        async def answer(asked: str | dict[str, Any]) -> dict[str, Any]:
            return await _in_thread(lambda cancellation: self._answer(asked, cancellation))

        return await self._acall_with_config(answer, input, config, **kwargs)

    def _answer(self, asked: str | Mapping[str, Any], cancellation: Cancellation) -> dict[str, Any]:
        answer = self.answerer.ask(_question(asked), cancellation)
        return AnswerBody.of(answer).model_dump(mode="json")


def open_retriever(settings: Settings) -> PageproofRetriever:
    """A retriever over the index of the settings, without a language model.

    Raises:
        ModelError: weights are missing, corrupt or unusable.
        IndexCorrupt, IndexForeign: there is an index, and it cannot be served.
    """
    retriever, index = composition.open_retriever(settings)
    return PageproofRetriever(index=index, retriever=retriever, k=settings.passages)


def open_runnable(settings: Settings) -> PageproofRunnable:
    """A runnable over an Answerer of the settings; raises as :func:`open_retriever`."""
    return PageproofRunnable(answerer=composition.open_answerer(settings, recorded=True))


async def _in_thread(work: Callable[[Cancellation], T]) -> T:
    """Runs ``work`` in another thread; cancelling the task that awaits it cancels the work."""
    cancellation = Cancellation()
    try:
        return await run_in_executor(None, work, cancellation)
    finally:
        cancellation.cancel()


def _question(asked: str | Mapping[str, Any]) -> Question:
    fields = {"question": asked} if isinstance(asked, str) else {name: asked[name] for name in _FIELDS if name in asked}
    try:
        return AskBody.model_validate(fields).to_domain()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise RequestFault(f"{field}: {first['msg']}", field) from None


def _document(hit: Hit, generation: Generation) -> Document:
    document, chunk = hit.passage.document, hit.passage.chunk
    number, start, end = chunk.span
    page = generation.page(document.id, number)
    return Document(
        page_content=chunk.text,
        id=f"{document.id}:{number}:{start}-{end}",
        metadata={
            "document": document.name,
            "document_id": document.id,
            "title": document.title,
            "page": number,
            "label": page.label,
            "start": start,
            "end": end,
            "headings": list(chunk.headings),
            "boxes": [list(box) for box in page.boxes(start, end)],
            "score": hit.score,
            "relevance": hit.relevance,
            "index": generation.id,
        },
    )
