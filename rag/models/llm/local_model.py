"""A GGUF model in this process, through llama.cpp's C API as llama-cpp-python binds it.

The C API rather than the ``Llama`` class, because that class has one sequence, one prefix and no lock, no way to stop
while it reads a prompt, and compiles the Jinja templates that a file brings along.
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
from rag.models.llm.engine.engine import Engine, TokenSequence
from rag.models.llm.engine.llama_library import open_library
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.prompt_lookup import PromptLookup
from rag.models.llm.engine.sampling import DecodingStrategy, PrefillOnly, Sampler, Scorer
from rag.models.llm.engine.scheduler import MIN_PREFILL_CHUNK
from rag.models.llm.engine.vocabulary import Pointer, Vocabulary
from rag.models.llm.language_model import Finish, Generated, Message, Prompt
from rag.models.llm.tuning.parameters import Tuning
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.single_flight_cache import SingleFlightCache
from rag.runtime.thread_stream import ThreadStream

T = TypeVar("T")

# Sequences of the store for each that runs: the nodes of its path, of which there are few.
_NODES: Final = 7
# The pool is for several contexts that are half full rather than for one that is full.
_POOL: Final = 2


class LlamaCppModel:
    """One model, served to many at once by one :class:`Engine`."""

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
        copying: bool = True,
        remembered: int = 1024,
        beginning: Sequence[Message] = (),
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
            cache_bytes: most memory for what is remembered of prompts.
            temperature: 0 for the likeliest token each time.
            seed: of each generation's draws, where there are any.
            copying: whether answers are guessed from their evidence and checked, where that is faster.
            remembered: how many of the last generations are given again, word for word, to who asks the same.
            beginning: what many chats begin with; it is read now, and kept.
            gpu_layers: of the model on the accelerator; -1 for all.
            turns: the model's steps take one each, behind others.

        Raises:
            ModelUnusable: llama.cpp cannot load the file, or cannot make a context of this size.
        """
        open_library()
        self.name = name
        self._temperature, self._seed = temperature, seed
        self._remembered = SingleFlightCache[tuple[Generated, ...]](remembered)
        self._weighed = SingleFlightCache[float](remembered)
        self._model = _load(file, tuning, gpu_layers)
        self._vocabulary = Vocabulary(self._model, name)
        self.context_tokens = min(context_tokens, int(llama.llama_model_n_ctx_train(self._model)))
        self._context = Context(
            self._model,
            tuning,
            cells=_POOL * self.context_tokens,
            sequences=parallel * (1 + _NODES),
            vocabulary_size=self._vocabulary.size,
        )
        has_parts = _has_parts(self._model)
        self._copying, self._further_token = copying and has_parts, tuning.further_token
        store = PrefixCache(self._context, first_sequence=parallel, capacity=cache_bytes if has_parts else 0)
        self._engine = Engine(
            self._context, store, parallel=parallel, micro_batch=tuning.micro_batch, cpu_gate=cpu_gate
        )
        if beginning:
            self._keep(self._common_beginning(beginning))

    def _common_beginning(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The tokens that all chats have which begin with these messages."""
        one, other = (self.prompt((*messages, Message("user", text))).tokens for text in ("1", "A"))
        return tuple(token for token, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

    def _keep(self, tokens: tuple[int, ...]) -> None:
        stream = ThreadStream[None]()
        self._engine.submit(TokenSequence(tokens, 0, PrefillOnly(), stream.end, min_recompute=1, pinned=True))
        list(stream)  # has no items; waits for the end

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
        asked = (prompt.tokens, max_tokens, vocabulary, refusal)
        if (before := self._remembered.claim(asked, cancelled)) is not None:
            yield from before
            return
        generated: list[Generated] = []
        try:
            sampler = self._sampler(prompt, max_tokens, vocabulary, refusal)
            for each in self._run(prompt, max_tokens, sampler, cancelled):
                generated.append(each)
                yield each
        finally:
            whole = bool(generated) and isinstance(generated[-1], Finish)
            self._remembered.settle(asked, tuple(map(_from_memory, generated)) if whole else None)

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
        asked = (prompt.tokens, tuple(yes), tuple(no))
        if (before := self._weighed.claim(asked, cancelled)) is not None:
            return before

        def scorer(put: Callable[[float], None]) -> Scorer:
            return Scorer(self._vocabulary, put, yes, no)

        chance: float | None = None
        try:
            (chance,) = self._run(prompt, 0, scorer, cancelled)
        finally:
            self._weighed.settle(asked, chance)
        return chance

    def _run(
        self,
        prompt: Prompt,
        room: int,
        strategy: Callable[[Callable[[T], None]], DecodingStrategy],
        cancelled: Cancellation,
    ) -> Iterator[T]:
        """Runs one sequence of the engine; yields what its strategy, which is made with the stream's ``put``, puts."""
        if len(prompt.tokens) + room > self.context_tokens:
            raise PromptTooLong(
                f"{len(prompt.tokens)} tokens of prompt and {room} of answer do not fit the context of "
                f"{self.context_tokens}; shorten the question or raise RAG_CONTEXT_TOKENS"
            )
        stream = ThreadStream[T](stop=lambda: self._engine.cancel(sequence))
        sequence = TokenSequence(
            prompt.tokens,
            room,
            strategy(stream.put),
            stream.end,
            PromptLookup(prompt.tokens, self._further_token) if self._copying and room else None,
            MIN_PREFILL_CHUNK if room else 1,
        )
        with cancelled.calling(stream.stop), stream:
            self._engine.submit(sequence)
            yield from stream

    def close(self) -> None:
        """See :class:`LanguageModel`."""
        self._engine.close()
        self._context.close()
        llama.llama_model_free(self._model)


def _from_memory(generated: Generated) -> Generated:
    """The same, said again: all of its prompt was known."""
    if not isinstance(generated, Finish):
        return generated
    return replace(generated, usage=replace(generated.usage, cached_tokens=generated.usage.prompt_tokens))


def _load(file: Path, tuning: Tuning, gpu_layers: int) -> Pointer:
    parameters = llama.llama_model_default_params()
    parameters.use_extra_bufts = tuning.repack
    parameters.n_gpu_layers = gpu_layers
    model = llama.llama_model_load_from_file(str(file).encode(), parameters)
    if not model:
        raise ModelUnusable(f"llama.cpp cannot load {file}; check it: python -m rag models verify")
    return model


def _has_parts(model: Pointer) -> bool:
    """Whether a part of what was read can be kept, or forgotten: not of models that remember in a state, or forget."""
    return not (
        llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model) or llama.llama_model_n_swa(model)
    )
