"""Language model in this process: a GGUF file in llama.cpp, through the C API that llama-cpp-python binds.

The C API rather than the ``Llama`` class, because that class has one sequence, one cached prefix and no lock, cannot
be stopped during prefill, and runs the Jinja templates of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeVar

import llama_cpp as llama

from rag.errors import ModelUnusable, PromptTooLong
from rag.models.llm.engine.context import Context
from rag.models.llm.engine.engine import Engine
from rag.models.llm.engine.llama_library import can_repack, open_library
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.prompt_lookup import PromptLookup
from rag.models.llm.engine.sampling import DecodingStrategy, PrefillOnly, Sampler, Scorer
from rag.models.llm.engine.scheduler import MIN_PREFILL_CHUNK
from rag.models.llm.engine.sequence import TokenSequence
from rag.models.llm.engine.vocabulary import Pointer, Vocabulary
from rag.models.llm.language_model import Finish, Generated, Message, Prompt
from rag.models.llm.tuning.parameters import Tuning
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.single_flight_cache import SingleFlightCache
from rag.runtime.thread_stream import ThreadStream

T = TypeVar("T")

# Sequence ids of the prefix cache for each running sequence: one for each node of its path, of which there are few.
_CACHE_IDS_PER_SEQUENCE: Final = 7
# Size of the KV cache in contexts: several that are half full fit, as well as one that is full.
_CONTEXTS_IN_POOL: Final = 2


class LlamaCppModel:
    """One GGUF model, whose generations run at the same time in one :class:`Engine`."""

    def __init__(
        self,
        file: Path,
        *,
        name: str,
        context_tokens: int,
        tuning: Tuning,
        parallel: int = 8,
        cache_bytes: int = 1 << 30,
        temperature: float = 0.0,
        seed: int = 0,
        prompt_lookup: bool = True,
        cached_generations: int = 1024,
        common_prefixes: Sequence[Sequence[Message]] = (),
        gpu_layers: int = 0,
        cpu_gate: CpuGate | None = None,
    ) -> None:
        """Loads the weights.

        Args:
            file: in GGUF.
            name: what answers call it.
            context_tokens: most tokens of a prompt and its answer; the model may have been made for less.
            tuning: how it is run on this machine.
            parallel: most generations at a time; further ones wait.
            cache_bytes: most memory for the prefix cache, outside of the KV cache.
            temperature: 0 for the likeliest token each time.
            seed: of each generation's sampling, above temperature 0.
            prompt_lookup: whether prompt-lookup decoding is used where it is faster.
            cached_generations: how many of the last generations are kept, to be repeated for identical requests.
            common_prefixes: messages that many chats begin with; their tokens are computed now, and stay cached.
            gpu_layers: of the model on the accelerator; -1 for all.
            cpu_gate: passed by each step of the model with low priority.

        Raises:
            ModelUnusable: llama.cpp cannot load the file, or cannot make a context of this size.
        """
        open_library()
        self.name = name
        self._temperature, self._seed = temperature, seed
        self._generations = SingleFlightCache[tuple[Generated, ...]](cached_generations)
        self._scores = SingleFlightCache[float](cached_generations)
        self._model = _load(file, tuning, gpu_layers)
        self._vocabulary = Vocabulary(self._model, name)
        self.context_tokens = min(context_tokens, int(llama.llama_model_n_ctx_train(self._model)))
        self._context = Context(
            self._model,
            tuning,
            cells=_CONTEXTS_IN_POOL * self.context_tokens,
            sequences=parallel * (1 + _CACHE_IDS_PER_SEQUENCE),
            vocabulary_size=self._vocabulary.size,
        )
        splits = _splits_by_position(self._model)
        self._prompt_lookup, self._further_token = prompt_lookup and splits, tuning.further_token
        cache = PrefixCache(self._context, first_sequence=parallel, capacity=cache_bytes if splits else 0)
        self._engine = Engine(
            self._context, cache, parallel=parallel, micro_batch=tuning.micro_batch, cpu_gate=cpu_gate
        )
        for messages in common_prefixes:
            self._pin(self._common_prefix(messages))

    def _common_prefix(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The tokens that begin every chat which begins with these messages."""
        one, other = (self.prompt((*messages, Message("user", text))).tokens for text in ("1", "A"))
        return tuple(token for token, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

    def _pin(self, tokens: tuple[int, ...]) -> None:
        """Computes a prefix and keeps it cached for good."""
        stream = ThreadStream[None]()
        self._engine.submit(TokenSequence(tokens, 0, PrefillOnly(), stream.end, min_recompute=1, pinned=True))
        list(stream)  # has no items; waits for the end

    @property
    def parameters(self) -> int:
        """Number of parameters of the model."""
        return int(llama.llama_model_n_params(self._model))

    def count_tokens(self, text: str) -> int:
        """See :class:`LanguageModel`."""
        return len(self._vocabulary.tokens(text))

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`LanguageModel`."""
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
        """See :class:`LanguageModel`."""
        key = (prompt.tokens, max_tokens, vocabulary, refusal)
        if (cached := self._generations.claim(key, cancelled)) is not None:
            yield from cached
            return
        generated: list[Generated] = []
        try:
            sampler = self._sampler(prompt, max_tokens, vocabulary, refusal)
            for each in self._run(prompt, max_tokens, sampler, cancelled):
                generated.append(each)
                yield each
        finally:
            finished = bool(generated) and isinstance(generated[-1], Finish)
            self._generations.settle(key, tuple(map(_as_cached, generated)) if finished else None)

    def _sampler(
        self, prompt: Prompt, max_tokens: int, vocabulary: str | None, refusal: str | None
    ) -> Callable[[Callable[[Generated], None]], Sampler]:
        return lambda put: Sampler(
            self._vocabulary,
            put,
            prompt_tokens=len(prompt.tokens),
            max_tokens=max_tokens,
            vocabulary_mask=None if vocabulary is None else self._vocabulary.mask(vocabulary),
            banned_first_token=None if refusal is None else self._vocabulary.tokens(refusal)[0],
            temperature=self._temperature,
            seed=self._seed,
        )

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`LanguageModel`."""
        key = (prompt.tokens, tuple(yes), tuple(no))
        if (cached := self._scores.claim(key, cancelled)) is not None:
            return cached

        def scorer(put: Callable[[float], None]) -> Scorer:
            return Scorer(self._vocabulary, put, yes, no)

        chance: float | None = None
        try:
            (chance,) = self._run(prompt, 0, scorer, cancelled)
        finally:
            self._scores.settle(key, chance)
        return chance

    def _run(
        self,
        prompt: Prompt,
        max_new_tokens: int,
        strategy: Callable[[Callable[[T], None]], DecodingStrategy],
        cancelled: Cancellation,
    ) -> Iterator[T]:
        """Runs one sequence of the engine; yields what its strategy, which is made with the stream's ``put``, puts."""
        if len(prompt.tokens) + max_new_tokens > self.context_tokens:
            raise PromptTooLong(
                f"{len(prompt.tokens)} tokens of prompt and {max_new_tokens} of answer do not fit the context of "
                f"{self.context_tokens}; shorten the question or raise RAG_CONTEXT_TOKENS"
            )
        stream = ThreadStream[T](stop=lambda: self._engine.cancel(sequence))
        sequence = TokenSequence(
            prompt.tokens,
            max_new_tokens,
            strategy(stream.put),
            stream.end,
            PromptLookup(prompt.tokens, self._further_token) if self._prompt_lookup and max_new_tokens else None,
            MIN_PREFILL_CHUNK if max_new_tokens else 1,
        )
        with cancelled.calling(stream.stop), stream:
            self._engine.submit(sequence)
            yield from stream

    def close(self) -> None:
        """See :class:`LanguageModel`."""
        self._engine.close()
        self._context.close()
        llama.llama_model_free(self._model)


def _as_cached(generated: Generated) -> Generated:
    """An item as a repeated generation yields it: all tokens of the prompt count as cached."""
    if not isinstance(generated, Finish):
        return generated
    return replace(generated, usage=replace(generated.usage, cached_tokens=generated.usage.prompt_tokens))


def _load(file: Path, tuning: Tuning, gpu_layers: int) -> Pointer:
    parameters = llama.llama_model_default_params()
    parameters.use_extra_bufts = tuning.repack and can_repack()
    parameters.n_gpu_layers = gpu_layers
    model = llama.llama_model_load_from_file(str(file).encode(), parameters)
    if not model:
        raise ModelUnusable(f"llama.cpp cannot load {file}; check it: python -m rag models verify")
    return model


def _splits_by_position(model: Pointer) -> bool:
    """True if keys and values can be kept and removed by position: not with a recurrent state or a sliding window."""
    return not (
        llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model) or llama.llama_model_n_swa(model)
    )
