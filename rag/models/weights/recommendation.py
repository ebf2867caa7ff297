"""Choice of a language model for a machine, by its memory and cores.

Memory and time are computed, not measured: weights are read once for each token, so time grows with their size and
falls with the number of cores. The order of the models is that of the catalogue, which is a judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rag.models.weights.catalogue import ModelEntry

# Bytes beside the weights and the KV cache: libraries, encoder, reranker, an index, and cached prefixes (up to 1 GiB).
# With it the default model needs 3.9 GB, which the README rounds up to 4.
_BESIDE: Final = 2_500_000_000
# The KV cache holds two contexts: see rag/models/llm/local_model.py.
_CONTEXTS: Final = 2
# The default model on two cores takes about two seconds for a fact (README); thrice that is still a conversation.
_DEFAULT_CORES: Final = 2
_SLOWEST: Final = 3.0

Verdict: TypeAlias = Literal["fits", "too large", "too slow"]


@dataclass(frozen=True)
class Candidate:
    """A language model, seen from one machine.

    Attributes:
        memory: bytes that the program needs with it.
        slowness: time of an answer, as a multiple of that of the default model on two cores.
    """

    entry: ModelEntry
    memory: int
    slowness: float
    verdict: Verdict


@dataclass(frozen=True)
class Recommendation:
    """The language model for a machine.

    Attributes:
        best: the model; None where none fits, or where the memory is unknown.
        candidates: all language models for people, the best ranked first.
    """

    best: Candidate | None
    candidates: tuple[Candidate, ...]


def memory_needed(entry: ModelEntry, context_tokens: int) -> int:
    """Bytes of memory that the program needs with a language model; ``context_tokens`` as RAG_CONTEXT_TOKENS."""
    return entry.size + _CONTEXTS * min(context_tokens, entry.context) * entry.cell_bytes + _BESIDE


def recommend(entries: Iterable[ModelEntry], *, memory: int | None, cores: int, context_tokens: int) -> Recommendation:
    """Choose the best ranked model that fits in memory, is quick enough and has a free licence.

    Args:
        entries: of the catalogue, with one default language model.
        memory: bytes that the program may use; None if unknown.
        cores: physical ones that the program may use, at least 1.
        context_tokens: as RAG_CONTEXT_TOKENS.
    """
    models = [entry for entry in entries if entry.kind == "generator"]
    unit = next(entry.size for entry in models if entry.default) / _DEFAULT_CORES

    def candidate(entry: ModelEntry) -> Candidate:
        needed, slowness = memory_needed(entry, context_tokens), entry.size / unit / cores
        fits: Verdict = "too slow" if slowness > _SLOWEST else "fits"
        return Candidate(entry, needed, slowness, "too large" if memory is not None and needed > memory else fits)

    ranked = sorted((entry for entry in models if entry.rank), key=lambda entry: -entry.rank)
    candidates = tuple(map(candidate, ranked))
    fitting = (each for each in candidates if each.verdict == "fits" and each.entry.is_free)
    return Recommendation(None if memory is None else next(fitting, None), candidates)


def better_than(current: ModelEntry | None, advice: Recommendation) -> ModelEntry | None:
    """The recommended model, where it is ranked above the current one; else None.

    Args:
        current: the model of the settings; one that is not in the catalogue has no rank, so that none is above it.
        advice: the recommendation for this machine.
    """
    best = advice.best.entry if advice.best else None
    return best if best and current and best.rank > current.rank else None


def commands_to_try(entry: ModelEntry) -> tuple[str, ...]:
    """Shell commands that fetch a model, make it that of the settings, and fit confidence to it."""
    return (
        f"python -m rag models fetch {entry.name}",
        f"export RAG_MODEL={entry.name}",
        "python -m rag calibrate",
    )
