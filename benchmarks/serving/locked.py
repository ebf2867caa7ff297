"""The peer of most tutorials: one ``llama_cpp.Llama`` behind one lock."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from rag.domain.values import Usage
from rag.errors import PromptTooLong
from rag.models.llm.engine.vocabulary import Vocabulary
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation


class LockedLlama:
    """``Llama`` with a lock around each call; otherwise the same task as ours, in the fastest way that the class has.

    ``Llama.eval`` and the last logits rather than ``Llama.generate`` with a logits processor, which copies the
    vocabulary into Python for each token; ``logits_all`` stays off. The common prefix with the prompt before is kept,
    as ``Llama.generate`` keeps it.
    """

    def __init__(self, file: Path, name: str, context_tokens: int, options: Mapping[str, Any]) -> None:
        """Loads the weights; ``options`` are those of ``Llama``, whose defaults hold otherwise."""
        self.name = name
        self._llama = llama.Llama(str(file), n_ctx=context_tokens, verbose=False, **options)
        self._vocabulary = Vocabulary(self._llama._model.model, name)
        self._lock = Lock()

    @property
    def context_tokens(self) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return int(self._llama.n_ctx())

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
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._check(len(prompt.tokens) + max_tokens)
        allowed = None if vocabulary is None else self._vocabulary.mask(vocabulary)
        with self._lock:
            cached = self._read(prompt.tokens)
            logits = self._logits()
            if refusal is not None:
                banned_first_token = self._vocabulary.tokens(refusal)[0]
                yield RefusalProbability(_probability(logits, banned_first_token))
                logits[banned_first_token] = -np.inf
            yield from self._write(max_tokens, Usage(len(prompt.tokens), cached), cancelled, allowed)

    def _write(
        self, max_tokens: int, usage: Usage, cancelled: Cancellation, allowed: npt.NDArray[np.int64] | None
    ) -> Iterator[Generated]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for count in range(max_tokens):
            cancelled.check()
            logits = self._logits()
            token = int(logits.argmax()) if allowed is None else int(allowed[logits[allowed].argmax()])
            if token in self._vocabulary.ends:
                yield Finish("stop", usage + Usage(0, 0, count))
                return
            if text := decoder.decode(self._vocabulary.piece(token)):
                yield Token(text, _probability(logits, token))
            self._llama.eval([token])
        yield Finish("length", usage + Usage(0, 0, max_tokens))

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._check(len(prompt.tokens))
        with self._lock:
            cancelled.check()
            self._read(prompt.tokens)
            logits = self._logits()
            each = [sorted({self._vocabulary.tokens(word)[0] for word in words}) for words in (no, yes)]
            against, favour = (float(np.logaddexp.reduce(logits[first].astype(np.float64))) for first in each)
        return float(1 / (1 + np.exp(against - favour)))

    def _check(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise PromptTooLong(f"{tokens} tokens do not fit the context of {self.context_tokens}")

    def _read(self, tokens: Sequence[int]) -> int:
        """Evaluates what is not the common prefix with what was read before; returns that prefix's length."""
        read = self._llama.input_ids[: min(self._llama.n_tokens, len(tokens) - 1)]
        differing = np.flatnonzero(read != np.asarray(tokens[: len(read)]))
        common = int(differing[0]) if len(differing) else len(read)
        self._llama.n_tokens = common  # eval forgets what is beyond it
        self._llama.eval(tokens[common:])
        return common

    def _logits(self) -> npt.NDArray[np.float32]:
        pointer = llama.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary.size,))

    def close(self) -> None:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        with self._lock:
            self._llama.close()


def _probability(logits: npt.NDArray[np.float32], token: int) -> float:
    shifted = np.exp(logits - logits.max())
    return float(shifted[token] / shifted.sum())
