"""Schemas of OpenAI's chat-completions API: https://platform.openai.com/docs/api-reference/chat.

Fields of requests that cannot be honoured are ignored where that does no harm, and refused otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rag.domain.values import Answer, Question, Turn, Usage
from rag.errors import RequestFault
from rag.service.openai.markdown import pieces, without_footnotes
from rag.service.page_links import PageLinks
from rag.service.schemas.ask import AnswerBody
from rag.service.schemas.fields import MAX_COLLECTIONS, MAX_HISTORY, MAX_QUESTION, Count, Flag, Text

# The only model id: the operator chooses the weights, which may change.
MODEL: Final = "pageproof"

_QUESTION: Final = TypeAdapter[str](Text)


class _Received(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PartBody(_Received):
    """A part of a message."""

    type: str
    text: str | None = None


class ChatMessageBody(_Received):
    """A message. Those of ``system`` and ``developer`` are ignored: the service has its own instructions."""

    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: str | tuple[PartBody, ...] | None = None


class StreamOptionsBody(_Received):
    """Options of a stream."""

    include_usage: Flag | None = None


class ChatBody(_Received):
    """A chat whose last message of the user is the question.

    Fields that are not listed are ignored, such as ``temperature``: the operator sets how answers are generated. So are
    ``tools``: a model is free not to call any, and some clients offer theirs with every message.
    """

    messages: Annotated[tuple[ChatMessageBody, ...], Field(min_length=1)]
    model: Annotated[str | None, Field(description="ignored: there is one model")] = None
    stream: Flag | None = None
    stream_options: StreamOptionsBody | None = None
    max_tokens: Annotated[Count | None, Field(description="replaced by max_completion_tokens")] = None
    max_completion_tokens: Count | None = None
    n: Count | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    modalities: tuple[str, ...] | None = None
    logprobs: Flag | None = None
    collection: Annotated[
        str | None, Field(description="not of OpenAI: to answer from; `GET /collections` lists them")
    ] = None
    collections: Annotated[
        tuple[str, ...],
        Field(max_length=MAX_COLLECTIONS, description="not of OpenAI: several, in place of `collection`"),
    ] = ()

    @property
    def wants_usage(self) -> bool:
        """True if a stream ends with the token usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def to_domain(self, *, max_tokens: int, history_characters: int) -> Question:
        """The question with the history of the chat.

        Args:
            max_tokens: of an answer; the client may ask for fewer.
            history_characters: longest history; the oldest messages beyond it are left out.

        Raises:
            RequestFault: an option is not supported, or there is no question.
        """
        self._check()
        messages = [(message.role, _text(message, number)) for number, message in enumerate(self.messages)]
        last = max((number for number, (role, _) in enumerate(messages) if role == "user"), default=None)
        if last is None:
            raise RequestFault("there is no message of the user, so nothing is asked", "messages")
        try:
            question = _QUESTION.validate_python(messages[last][1])
        except ValidationError as error:
            raise RequestFault(
                f"the last message of the user is the question: {error.errors()[0]['msg']}", f"messages.{last}.content"
            ) from None
        history = _newest(list(_turns(messages[:last])), history_characters)
        limit = min(max_tokens, self.max_completion_tokens or self.max_tokens or max_tokens)
        return Question(question, (), tuple(history), limit)

    def _check(self) -> None:
        format_ = (self.response_format or {}).get("type", "text")
        unmet = {
            "collections": (
                self.collection is not None and bool(self.collections),
                "collection is for one collection, and collections for several; leave one of them out",
            ),
            "n": (self.n not in (None, 1), "there is one answer to a question; leave it out"),
            "tool_choice": (self.tool_choice not in (None, "none", "auto"), "no tools are called; leave it out"),
            "response_format": (format_ != "text", "answers are text; leave it out, and read the field pageproof"),
            "modalities": (set(self.modalities or ()) > {"text"}, "answers are text; leave it out"),
            "logprobs": (bool(self.logprobs), "there are no probabilities of tokens; leave it out"),
        }
        for field, (is_requested, remedy) in unmet.items():
            if is_requested:
                raise RequestFault(f"{field} cannot be honoured: {remedy}", field)


def _text(message: ChatMessageBody, number: int) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for place, part in enumerate(message.content):
        if part.type not in ("text", "refusal"):
            raise RequestFault(
                f"a part of the kind {part.type} cannot be read: only text", f"messages.{number}.content.{place}"
            )
    return "\n".join(part.text or "" for part in message.content)


def _turns(messages: Sequence[tuple[str, str]]) -> Iterator[Turn]:
    """Turns: each answered message of the user, with its answer without our footnotes."""
    question = ""
    for role, text in messages:
        if role == "user":
            question = text.strip()[:MAX_QUESTION]
        elif role == "assistant" and any(map(str.isalnum, question)):
            yield Turn(question, without_footnotes(text).strip())
            question = ""


def _newest(turns: Sequence[Turn], characters: int) -> list[Turn]:
    """The newest turns that fit into ``characters``; the answer of the oldest may be cut."""
    kept: list[Turn] = []
    for turn in reversed(turns[-MAX_HISTORY:]):
        characters -= len(turn.question)
        if characters < 0:
            break
        kept.append(Turn(turn.question, turn.answer[: min(characters, MAX_QUESTION)]))
        characters -= len(kept[-1].answer)
    return kept[::-1]


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CachedBody(_Sent):
    """Details of prompt tokens: those that were served from the prefix cache."""

    cached_tokens: int


class TokensBody(_Sent):
    """Tokens of the language model."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedBody

    @classmethod
    def of(cls, usage: Usage) -> TokensBody:
        """Token usage in OpenAI's format."""
        return cls(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            prompt_tokens_details=CachedBody(cached_tokens=usage.cached_tokens),
        )


class MessageBody(_Sent):
    """The answer as text with footnotes, and in our own format in the field ``pageproof``."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    pageproof: AnswerBody


class ChoiceBody(_Sent):
    """The only choice."""

    index: Literal[0] = 0
    message: MessageBody
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class CompletionBody(_Sent):
    """A completion: the answer to a request that does not stream."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: Annotated[int, Field(description="seconds since 1970")]
    model: str = MODEL
    system_fingerprint: Annotated[str, Field(description="the generation of the index that was searched")]
    choices: Annotated[tuple[ChoiceBody, ...], Field(min_length=1, max_length=1)]
    usage: TokensBody

    @classmethod
    def of(cls, answer: Answer, created: int, links: PageLinks) -> CompletionBody:
        """The answer in OpenAI's format; ``links`` are those of the collection that it is from."""
        message = MessageBody(content="".join(pieces(answer)), pageproof=AnswerBody.of(answer, links))
        return cls(
            id=completion_id(answer.id),
            created=created,
            system_fingerprint=answer.index,
            choices=(ChoiceBody(message=message, finish_reason=finish_reason(answer)),),
            usage=TokensBody.of(answer.usage),
        )


def completion_id(name: str) -> str:
    """Completion id in OpenAI's format, from the id of an answer; in a stream, which begins before, of the request."""
    return f"chatcmpl-{name}"


def finish_reason(answer: Answer) -> Literal["stop", "length"]:
    """Finish reason of an answer: ``length`` where max_tokens cut it, else ``stop``."""
    return "length" if answer.reason == "length" else "stop"


class ModelBody(_Sent):
    """A model of the list."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="seconds since 1970")]
    owned_by: str = MODEL


class ModelsBody(_Sent):
    """The list of models."""

    object: Literal["list"] = "list"
    data: tuple[ModelBody, ...]
