"""The peer llama-server: llama.cpp's own server, called over its ``/completion`` with the same tokens."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import llama_cpp as llama

from rag.domain.values import Usage
from rag.errors import ModelUnusable, PromptTooLong
from rag.models.llm.engine.vocabulary import Vocabulary
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation

# Probabilities are told of so many tokens; what is not among them counts as the least likely that is.
_TOP_PROBABILITIES: Final = 20
_START_SECONDS: Final = 120.0
# llama.cpp keeps the pointer for as long as the process runs.
_QUIET: Final = llama.llama_log_callback(lambda *_: None)
# The greedy choice in the cheapest way that the server has: it sorts nothing.
_GREEDY: Final = {"temperature": 0.0, "samplers": ["top_k"], "top_k": 1, "cache_prompt": True, "return_tokens": True}


class LlamaServerModel:
    """A llama-server of our own behind the seam of language models.

    It does less than ours: no mask holds it to the words of its evidence, and probabilities are asked of it only for
    the first token of an answer and for yes or no.
    """

    def __init__(
        self,
        server: Path,
        file: Path,
        name: str,
        context_tokens: int,
        arguments: Sequence[str] = (),
        *,
        first_apart: bool = False,
    ) -> None:
        """Starts the server, and waits until it serves.

        Args:
            server: the executable.
            file: the weights.
            name: what answers call them.
            context_tokens: most tokens of prompt and answer together.
            arguments: settings of the server; its defaults hold otherwise.
            first_apart: an answer's first token is asked for by itself, so that the others need no probabilities; else
                all are asked for at once, with probabilities that nobody reads.
        """
        self.name = name
        self.context_tokens = context_tokens
        self._vocabulary = Vocabulary(_without_weights(file), name)
        self._first_apart = first_apart
        port = _free_port()
        command = [
            str(server),
            "-m",
            str(file),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--log-disable",
            *arguments,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Kept alive for less long than the server does, so that none is used that it is about to close. httpx sets
        # TCP_NODELAY on each.
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=3.0)
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=_START_SECONDS * 5, limits=limits, trust_env=False
        )
        self._await_health()

    def _await_health(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self._client.get("/health").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        self.close()
        raise ModelUnusable(f"llama-server did not start: {' '.join(map(str, self._process.args))}")  # type: ignore[arg-type]

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return len(self._vocabulary.tokens(text))

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self._vocabulary.prompt(messages)

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,  # noqa: ARG002 - it has no mask that would not slow it down
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        if len(prompt.tokens) + max_tokens > self.context_tokens:
            raise PromptTooLong(f"{len(prompt.tokens)} tokens do not fit the context of {self.context_tokens}")
        if refusal is None:
            yield from self._said(self._completion(prompt.tokens, max_tokens), Usage(len(prompt.tokens)), cancelled)
            return
        banned_first_token = self._vocabulary.tokens(refusal)[0]
        options = {"n_probs": _TOP_PROBABILITIES, "logit_bias": [[banned_first_token, False]]}
        count = 1 if self._first_apart else max_tokens
        chunks = self._completion(prompt.tokens, count, **options)
        first = next(chunks)
        yield RefusalProbability(probabilities(first).get(banned_first_token, 0.0))
        if count == max_tokens or first["stop_type"] == "eos":
            yield from self._said(_after(first, chunks), Usage(len(prompt.tokens)), cancelled)
            return
        # Asked apart, it is whole: its text, and how much of the prompt the server had.
        cached = first["timings"]["cache_n"]
        yield from _pieces(first)
        rest = self._completion((*prompt.tokens, *first["tokens"]), max_tokens - 1)
        yield from self._said(rest, Usage(len(prompt.tokens), cached, 1), cancelled)

    def _said(self, chunks: Iterator[dict[str, Any]], usage: Usage, cancelled: Cancellation) -> Iterator[Generated]:
        for chunk in chunks:
            cancelled.check()
            yield from _pieces(chunk)
            if chunk["stop"]:
                ended = chunk["stop_type"] == "eos"
                # Where the first token was asked for apart, that part says what was cached.
                cached = usage.cached_tokens if usage.completion_tokens else chunk["timings"]["cache_n"]
                written = usage.completion_tokens + chunk["timings"]["predicted_n"] - int(ended)
                yield Finish("stop" if ended else "length", Usage(usage.prompt_tokens, cached, written))

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        cancelled.check()
        (told,) = (probabilities(chunk) for chunk in self._completion(prompt.tokens, 1, n_probs=_TOP_PROBABILITIES))
        least = min(told.values())
        favour, against = (
            math.fsum(told.get(token, least) for token in {self._vocabulary.tokens(word)[0] for word in words})
            for words in (yes, no)
        )
        return favour / (favour + against)

    def _completion(self, tokens: Sequence[int], count: int, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
        """The server's chunks; one whole where one token is asked for, which spares it a stream."""
        body = {"prompt": list(tokens), "n_predict": count, "stream": count > 1, **_GREEDY, **options}
        try:
            if count == 1:
                response = self._client.post("/completion", json=body)
                _check(response)
                yield response.json()
                return
            # It closes a connection after a stream, whatever its Keep-Alive header says.
            with self._client.stream("POST", "/completion", json=body, headers={"Connection": "close"}) as response:
                _check(response)
                for line in response.iter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line[6:])
        except httpx.HTTPError as error:
            raise ModelUnusable(f"llama-server: {error!r}") from error

    def close(self) -> None:
        """Stops the server."""
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def probabilities(chunk: Mapping[str, Any]) -> dict[int, float]:
    """The probability of each token that the server tells of, for the first token of a chunk.

    They are those before sampling, so that a token that is barred has its own.
    """
    told = chunk.get("completion_probabilities") or [{"top_logprobs": []}]
    return {each["id"]: math.exp(each["logprob"]) for each in told[0]["top_logprobs"]}


def _without_weights(file: Path) -> Any:  # noqa: ANN401 - an opaque pointer of llama.cpp
    """A model of which only the vocabulary is loaded."""
    llama.llama_log_set(_QUIET, None)
    parameters = llama.llama_model_default_params()
    parameters.vocab_only = True
    model = llama.llama_model_load_from_file(str(file).encode(), parameters)
    if not model:
        raise ModelUnusable(f"llama.cpp cannot load {file}")
    return model


def _after(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _pieces(chunk: Mapping[str, Any]) -> Iterator[Token]:
    if chunk["content"]:
        yield Token(chunk["content"])


def _check(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        raise ModelUnusable(f"llama-server answered {response.status_code}: {response.read().decode()[:200]}")


def _free_port() -> int:
    with _listening() as port:
        return port


@contextmanager
def _listening() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]
