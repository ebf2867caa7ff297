"""A GGUF model in this process, through llama.cpp's C API as llama-cpp-python binds it.

The C API rather than the ``Llama`` class, because that class has no way to stop while it reads a prompt, compiles the
Jinja templates that a file brings along, and has no lock. Here a file's template is only ever recognised: llama.cpp
knows the common formats by their marks and writes them itself (``llama_chat_apply_template``); its code never runs.
"""

from __future__ import annotations

import codecs
import ctypes
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeAlias

import llama_cpp as llama
import numpy as np
import numpy.typing as npt
from llama_cpp._ggml import libggml_base_path

from rag.cancellation import Cancellation
from rag.domain import Usage
from rag.errors import Cancelled, ModelUnusable, PromptTooLong
from rag.generation.language_model import Begun, Finish, Generated, Message, Prompt, Token

_log = logging.getLogger(__name__)

_Pointer: TypeAlias = Any  # an opaque one of llama.cpp
_Logits: TypeAlias = npt.NDArray[np.float32]
_Tokens: TypeAlias = npt.NDArray[np.int64]

# Tokens that are read in one call. Larger batches gain nothing on a CPU.
_BATCH: Final = 512
# The end of a prompt is read again even if it is in the context: with a batch of very few tokens llama.cpp takes other
# kernels, whose rounding can tip a close choice, so that the same question would get another answer the second time.
_REREAD: Final = 32
_ABORTED: Final = 2
_CHATML: Final = b"chatml"
_SLOT: Final = "@@pageproof-%d@@"
_PART: Final = re.compile(r"\w+|[^\w\s]")
_SLOTS: Final = re.compile(r"@@pageproof-(\d+)@@")


def _forward_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    # Levels of ggml_log_level: 3 warning, 4 error. The rest is chatter about tensors.
    if level in (3, 4):
        _log.debug("llama.cpp: %s", text.decode(errors="replace").rstrip())


# llama.cpp keeps the pointer for as long as the process runs.
_LOG_CALLBACK: Final = llama.llama_log_callback(_forward_log)


class LlamaCppModel:
    """One model, one context, one sequence; a lock is held for the whole of a generation."""

    def __init__(
        self, file: Path, *, name: str, context_tokens: int, threads: int, temperature: float = 0.0, seed: int = 0
    ) -> None:
        """Loads the weights.

        Raises:
            ModelUnusable: llama.cpp cannot load the file, or cannot make a context of this size.
        """
        llama.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))
        _load_backends()
        llama.llama_backend_init()
        self.name = name
        self._lock = Lock()
        self._abort = _AbortFlag()
        self._model = llama.llama_model_load_from_file(str(file).encode(), llama.llama_model_default_params())
        if not self._model:
            raise ModelUnusable(f"llama.cpp cannot load {file}; check it: python -m rag models verify")
        self._vocabulary = llama.llama_model_get_vocab(self._model)
        self._vocabulary_size = llama.llama_vocab_n_tokens(self._vocabulary)
        self._ends = {t for t in range(self._vocabulary_size) if llama.llama_vocab_is_eog(self._vocabulary, t)}
        self._template = llama.llama_model_chat_template(self._model, None) or _CHATML
        self._context = self._make_context(context_tokens, threads)
        self._memory = llama.llama_get_memory(self._context)
        self._sampler = _Sampler(temperature, seed)
        self._resident: list[int] = []  # the tokens whose keys and values are in the context

    def _make_context(self, context_tokens: int, threads: int) -> _Pointer:
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = min(context_tokens, llama.llama_model_n_ctx_train(self._model))
        parameters.n_batch = parameters.n_ubatch = _BATCH
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        parameters.abort_callback = self._abort.callback
        parameters.abort_callback_data = self._abort.data
        context = llama.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelUnusable(f"no memory for a context of {context_tokens} tokens; lower RAG_CONTEXT_TOKENS")
        return context

    @property
    def context_tokens(self) -> int:
        """See :class:`LanguageModel`."""
        return int(llama.llama_n_ctx(self._context))

    def count_tokens(self, text: str) -> int:
        """See :class:`LanguageModel`."""
        return len(self._tokenize(text, control=False))

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`LanguageModel`.

        The template is filled with marks, and cut at them: only its own text may become control tokens, so that a
        document which contains ``<|im_end|>`` cannot end its message.
        """
        tokens: list[int] = []
        for position, part in enumerate(_SLOTS.split(self._render(messages))):
            if position % 2:
                tokens += self._tokenize(messages[int(part)].text, control=False)
            else:
                tokens += self._tokenize(part, control=True, begin=position == 0)
        return Prompt(tuple(tokens))

    def _render(self, messages: Sequence[Message]) -> str:
        chat = (llama.llama_chat_message * len(messages))(
            *(
                llama.llama_chat_message(role=message.role.encode(), content=(_SLOT % position).encode())
                for position, message in enumerate(messages)
            )
        )
        buffer = ctypes.create_string_buffer(4096 + 256 * len(messages))
        for template in (self._template, _CHATML):
            length = llama.llama_chat_apply_template(template, chat, len(messages), True, buffer, len(buffer))  # noqa: FBT003
            if 0 < length <= len(buffer):
                return buffer.raw[:length].decode()
        raise ModelUnusable(f"{self.name}: its chat format is not known to llama.cpp")

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        wording: str | None = None,
        declining: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`LanguageModel`."""
        if len(prompt.tokens) + max_tokens > self.context_tokens:
            raise PromptTooLong(
                f"{len(prompt.tokens)} tokens of prompt and {max_tokens} of answer do not fit the context of "
                f"{self.context_tokens}; shorten the question or raise RAG_CONTEXT_TOKENS"
            )
        with self._lock:
            self._abort.clear()
            self._sampler.reset()
            with cancelled.calling(self._abort.set):
                cached = self._keep_common_prefix(prompt.tokens)
                self._read(prompt.tokens[cached:])
                allowed = None if wording is None else self._tokens_of(wording)
                barred = None if declining is None else self._tokenize(declining, control=False)[0]
                yield from self._write(max_tokens, Usage(len(prompt.tokens), cached, 0), cancelled, allowed, barred)

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`LanguageModel`."""
        if len(prompt.tokens) > self.context_tokens:
            raise PromptTooLong(
                f"{len(prompt.tokens)} tokens do not fit the context of {self.context_tokens}; raise RAG_CONTEXT_TOKENS"
            )
        with self._lock:
            self._abort.clear()
            with cancelled.calling(self._abort.set):
                self._read(prompt.tokens[self._keep_common_prefix(prompt.tokens) :])
                cancelled.check()
                logits = self._logits()
                # Of logits, for the probabilities of both can be nothing in the digits of a float.
                return float(1 / (1 + np.exp(self._log_sum(logits, no) - self._log_sum(logits, yes))))

    def _log_sum(self, logits: _Logits, words: Sequence[str]) -> float:
        """The logarithm of the sum of what the words' first tokens have, up to a constant that is the same for all."""
        first = sorted({self._tokenize(word, control=False)[0] for word in words})
        return float(np.logaddexp.reduce(logits[first].astype(np.float64)))

    def _keep_common_prefix(self, tokens: Sequence[int]) -> int:
        """Forgets what the context holds beyond its common prefix with ``tokens``; returns that prefix's length."""
        most = min(len(self._resident), max(len(tokens) - _REREAD, 0))
        common = next((n for n in range(most) if self._resident[n] != tokens[n]), most)
        self._forget_after(common)
        return common

    def _forget_after(self, length: int) -> None:
        if not llama.llama_memory_seq_rm(self._memory, 0, length, -1):
            # Recurrent models cannot forget a part.
            llama.llama_memory_clear(self._memory, False)  # noqa: FBT003
            length = 0
        del self._resident[length:]

    def _read(self, tokens: Sequence[int]) -> None:
        for start in range(0, len(tokens), _BATCH):
            self._decode(tokens[start : start + _BATCH])

    def _decode(self, tokens: Sequence[int]) -> None:
        array = (llama.llama_token * len(tokens))(*tokens)
        status = llama.llama_decode(self._context, llama.llama_batch_get_one(array, len(tokens)))
        if status != 0:
            self._forget_after(len(self._resident))
            if status == _ABORTED:
                raise Cancelled("the caller went away")
            raise ModelUnusable(f"llama.cpp failed to run {self.name} (llama_decode returned {status})")
        self._resident += tokens

    def _write(
        self, max_tokens: int, usage: Usage, cancelled: Cancellation, allowed: _Tokens | None, barred: int | None
    ) -> Iterator[Generated]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        if barred is not None:
            logits = self._logits()
            yield Begun(float(_softmax(logits)[barred]))
            logits[barred] = -np.inf
        for count in range(max_tokens):
            cancelled.check()
            token, probability = self._choose(allowed)
            if llama.llama_vocab_is_eog(self._vocabulary, token):
                yield from _tokens(decoder.decode(b"", final=True), probability)
                yield Finish("stop", Usage(usage.prompt_tokens, usage.cached_tokens, count))
                return
            yield from _tokens(decoder.decode(self._piece(token)), probability)
            self._decode([token])
        yield from _tokens(decoder.decode(b"", final=True), 1.0)
        yield Finish("length", Usage(usage.prompt_tokens, usage.cached_tokens, max_tokens))

    def _choose(self, allowed: _Tokens | None) -> tuple[int, float]:
        """The next token, and the probability that the model gives it among all."""
        logits = self._logits()
        if allowed is None:
            token = self._sampler.choose(self._context, logits)
        else:
            # The sampler chain is for free wording; words that are given are chosen greedily.
            token = int(allowed[logits[allowed].argmax()])
        return token, float(_softmax(logits)[token])

    def _logits(self) -> _Logits:
        """Of what comes next, over the vocabulary; it is llama.cpp's memory until the next decode."""
        return np.ctypeslib.as_array(llama.llama_get_logits_ith(self._context, -1), shape=(self._vocabulary_size,))

    def _tokens_of(self, wording: str) -> _Tokens:
        """The tokens that a text's words are made of, at the beginning of a text and within one; and those that end."""
        words = set(wording.split()) | set(_PART.findall(wording))
        spelled = {
            token for word in words for text in (word, f" {word}") for token in self._tokenize(text, control=False)
        }
        return np.array(sorted(spelled | self._ends), dtype=np.int64)

    def _tokenize(self, text: str, *, control: bool, begin: bool = False) -> list[int]:
        data = text.encode()
        size = len(data) + 2
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocabulary, data, len(data), tokens, size, begin, control)
        return list(tokens[:count])

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)  # noqa: FBT003
        return buffer.raw[: max(length, 0)]

    def close(self) -> None:
        """See :class:`LanguageModel`."""
        with self._lock:
            self._sampler.close()
            llama.llama_free(self._context)
            llama.llama_model_free(self._model)


def _tokens(text: str, probability: float) -> Iterator[Token]:
    if text:
        yield Token(text, probability)


def _softmax(logits: _Logits) -> _Logits:
    shifted = np.exp(logits - logits.max())
    return np.asarray(shifted / shifted.sum())


class _AbortFlag:
    """Stops llama.cpp within a batch.

    llama.cpp asks a callback before each operation. A callback in Python would need the interpreter's lock each time,
    so this one is libc's ``strlen`` over a buffer of two bytes: 0 for an empty string, 1 once the first byte is set.
    """

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)
        self.callback = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        self.data = ctypes.cast(self._bytes, ctypes.c_void_p)

    def set(self) -> None:
        self._bytes[0] = b"\1"

    def clear(self) -> None:
        self._bytes[0] = b"\0"


class _Sampler:
    """Greedy at temperature 0; else llama.cpp's own chain, with a fixed seed."""

    def __init__(self, temperature: float, seed: int) -> None:
        self._chain: Any = None
        if temperature > 0:
            self._chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
            llama.llama_sampler_chain_add(self._chain, llama.llama_sampler_init_temp(temperature))
            llama.llama_sampler_chain_add(self._chain, llama.llama_sampler_init_dist(seed))

    def choose(self, context: _Pointer, logits: _Logits) -> int:
        if self._chain is not None:
            return int(llama.llama_sampler_sample(self._chain, context, -1))
        # The chain copies and sorts the whole vocabulary for each token; the largest number needs neither.
        return int(logits.argmax())

    def reset(self) -> None:
        """Back to the seed: what a prompt is answered with must not depend on the answers before."""
        if self._chain is not None:
            llama.llama_sampler_reset(self._chain)

    def close(self) -> None:
        if self._chain is not None:
            llama.llama_sampler_free(self._chain)


def _load_backends() -> None:
    """Where llama.cpp was built with loadable backends, loads the best one for this CPU."""
    # Asked of libllama, not of llama_cpp._ggml.libggml: a wheel has copies where links should be, so that can be a
    # second libggml, whose backends libllama does not see.
    library = llama.llama_cpp._lib
    if library.ggml_backend_reg_count() == 0:
        library.ggml_backend_load_all_from_path(str(libggml_base_path).encode())
