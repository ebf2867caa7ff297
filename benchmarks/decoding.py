"""Prefill and decoding speed of one sequence, compared with bare llama.cpp and with the limits of the machine.

    python -m benchmarks.decoding --index DIR --questions FILE.jsonl

In one run, in turns: ours without copying, bare ``llama_decode`` over the same tokens, and ours with copying, on texts
that are continued freely; then with and without copying on the answers to questions. Results go to
``benchmarks/results/decoding.md`` and ``.json``.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from benchmarks.bare_decoding import BareContext
from benchmarks.bootstrap import Estimate, estimate, ratio_over_groups
from benchmarks.gguf import Gguf, read_gguf
from benchmarks.isa import add_isa, conditions, hold_to
from benchmarks.machine import llama_bench, matrix_rate, read_bandwidth, triad_bandwidth
from benchmarks.serving.build_llama_server import BENCH
from benchmarks.serving.workloads import pool_of, skewed
from rag.answering.evidence.selection import EvidenceBudget, select_evidence
from rag.answering.prompt import NOT_FOUND, EvidencePrompt, value_prompt
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.composition import open_retriever
from rag.domain.values import Question
from rag.errors import PageproofError
from rag.evaluation.questions import read_questions
from rag.index.generation import Generation
from rag.models.llm.language_model import Finish, Prompt, RefusalProbability, Token
from rag.models.llm.local_model import LlamaCppModel
from rag.models.llm.tuning.parameters import Tuning
from rag.models.opening import cores, open_store
from rag.models.weights.store import Weights
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.settings import Settings, read_settings

RESULTS: Final = Path(__file__).parent / "results"
_PROMPT_TOKENS: Final = 400
_WRITTEN: Final = 64
_READ: Final = 512
# Answers with fewer tokens say nothing of a rate.
_FEWEST: Final = 4


@dataclass(frozen=True)
class Written:
    """Tokens that were generated in one run, after the first.

    Attributes:
        seconds: from the first token to the end.
        tokens: that were chosen in this time; the one that ends a text is one.
    """

    text: str
    tokens: int
    seconds: float
    seconds_to_first: float


@dataclass(frozen=True)
class Pair:
    """The same answer with copying and without; ``copied`` is the share of its words that stand so in its prompt."""

    copied: float
    with_copying: Written
    without: Written


def main() -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decoding", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, metavar="DIR", help="default: RAG_INDEX")
    parser.add_argument("--questions", type=Path, default=Path("knowledge_base/questions.jsonl"), metavar="FILE")
    parser.add_argument("--rounds", type=int, default=7, help="texts that are continued")
    parser.add_argument("--answers", type=int, default=40, metavar="N", help="questions of W1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--llama-bench", type=Path, default=BENCH, metavar="FILE")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    configure_logging()
    settings = read_settings()
    settings = settings.model_copy(update={"index": options.index or settings.index})
    try:
        with progress() as tell:
            made = _measure(options, settings, tell)
    except PageproofError as error:
        return fail(error, 1)
    text = "\n".join(["| what | measured |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in made)])
    text += f"\n\n{conditions()}"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "decoding.md").write_text(text + "\n")
    (RESULTS / "decoding.json").write_text(json.dumps(dict(made), indent=1))
    return 0


def _measure(options: argparse.Namespace, settings: Settings, tell: ProgressCallback) -> list[tuple[str, str]]:
    weights = open_store(settings).locate(settings.model)
    threads = cores(settings)
    retriever, index = open_retriever(settings)
    generation = index.generation()
    plain, copying = (_open(settings, weights, prompt_lookup=copies) for copies in (False, True))
    bare = BareContext(weights.file, context_tokens=settings.context_tokens, threads=threads)
    try:
        texts = _texts(generation, plain, options.rounds)
        continued = [_continued(text, plain, bare, copying, tell) for text in texts]
        asked = _asked(options, settings, generation, retriever, plain)
        pairs = [_pair(each, plain, copying, settings.max_tokens, first=row) for row, each in enumerate(asked)]
        prefill = [_read_rate(plain, text) for text in texts]
    finally:
        for each in (plain, copying, bare):
            each.close()
    return [
        ("model", weights.name),
        *_decode_rows(continued),
        *_copying_rows(pairs),
        *_limit_rows(read_gguf(weights.file), continued, prefill, threads),
        *_llama_bench_rows(options.llama_bench, weights.file, threads, prefill),
    ]


def _open(settings: Settings, weights: Weights, **switches: Any) -> LlamaCppModel:  # noqa: ANN401 - as the model takes them
    """Our model as :mod:`rag.models.opening` opens it, with a switch set."""
    return LlamaCppModel(
        weights.file,
        name=weights.name,
        context_tokens=settings.context_tokens,
        tuning=Tuning(cores(settings), cores(settings)),
        # Each generation is to be computed.
        cached_generations=0,
        **switches,
    )


def _texts(generation: Generation, model: LlamaCppModel, count: int) -> list[Prompt]:
    """Running text of the documents, as many tokens each; each begins otherwise, so that none is remembered."""
    texts = []
    rows = np.linspace(0, len(generation) - 1, 4 * count).astype(int).tolist()
    everything = " ".join(passage.chunk.text for passage in generation.passages(list(dict.fromkeys(rows))))
    words = everything.split()
    step = max(1, len(words) // count)
    for number in range(count):
        part = words[number * step :] + words[: number * step]
        texts.append(Prompt(_tokens(model, f"{number}. {' '.join(part)}")[:_READ]))
    return texts


def _tokens(model: LlamaCppModel, text: str) -> tuple[int, ...]:
    from rag.models.llm.language_model import Message

    return model.prompt([Message("user", text)]).tokens


def written(model: LlamaCppModel, prompt: Prompt, count: int, **options: Any) -> Written:  # noqa: ANN401 - of generate
    """Lets a model write, and takes the time."""
    text, tokens, first = "", 0, 0.0
    start = perf_counter()
    for made in model.generate(prompt, max_tokens=count, cancelled=Cancellation(), **options):
        if isinstance(made, Token):
            first = first or perf_counter() - start
            text += made.text
        elif isinstance(made, Finish):
            # One fewer, for the first is not timed; one more, where the end was chosen too.
            tokens = made.usage.completion_tokens - (made.reason == "length")
        else:
            assert isinstance(made, RefusalProbability)  # noqa: S101 - there is nothing else
    return Written(text, tokens, perf_counter() - start - first, first)


@dataclass(frozen=True)
class Continued:
    """Tokens per second of one text that was continued freely; ``context`` is the tokens before, on the average."""

    plain: float
    bare: float
    copying: float
    context: float
    same_text: bool


def _continued(
    text: Prompt, plain: LlamaCppModel, bare: BareContext, copying: LlamaCppModel, tell: ProgressCallback
) -> Continued:
    tell("continuing", 0, 1)
    prompt = Prompt(text.tokens[:_PROMPT_TOKENS])
    ours = written(plain, prompt, _WRITTEN)
    # As many steps as ours took, over tokens that are there: what they are does not change the time.
    raw = bare.rate(prompt.tokens, text.tokens[-max(ours.tokens, 1) :])
    copied = written(copying, prompt, _WRITTEN)
    return Continued(
        plain=ours.tokens / ours.seconds,
        bare=raw,
        copying=copied.tokens / copied.seconds,
        context=len(prompt.tokens) + ours.tokens / 2,
        same_text=ours.text == copied.text,
    )


def _asked(
    options: argparse.Namespace,
    settings: Settings,
    generation: Generation,
    retriever: Retriever,
    model: LlamaCppModel,
) -> list[EvidencePrompt]:
    chance = np.random.default_rng(options.seed)
    drawn = skewed(pool_of(read_questions(options.questions), options.seed), options.answers, chance)
    budget = EvidenceBudget(settings.evidence_tokens, settings.passages)
    prompts = []
    for question in (Question(text) for (text,) in drawn):
        hits = retriever.retrieve(generation, question, settings.passages)
        evidence = select_evidence(generation, hits, question.text, budget, model.count_tokens)
        prompts.append(value_prompt(question, evidence))
    return prompts


def _pair(asked: EvidencePrompt, plain: LlamaCppModel, copying: LlamaCppModel, most: int, *, first: int) -> Pair:
    """One answer on both sides, each first in its turn."""
    sides = [copying, plain] if first % 2 else [plain, copying]
    made = {
        id(model): written(model, model.prompt(asked.chat), most, vocabulary=asked.vocabulary, refusal=NOT_FOUND)
        for model in sides
    }
    answer = made[id(plain)]
    return Pair(copied_share(answer.text, asked.chat[-1].text), made[id(copying)], answer)


def copied_share(answer: str, source: str, length: int = 3) -> float:
    """The share, 0..1, of an answer's words that are part of a run of ``length`` words of the source."""
    said, words = answer.split(), source.split()
    runs = {tuple(words[row : row + length]) for row in range(len(words) - length + 1)}
    hit: set[int] = set()
    for row in range(len(said) - length + 1):
        if tuple(said[row : row + length]) in runs:
            hit |= set(range(row, row + length))
    return len(hit) / len(said) if said else 0.0


def _read_rate(model: LlamaCppModel, text: Prompt) -> float:
    """Tokens per second of a prompt that nothing of is remembered: its end comes first."""
    prompt = Prompt(text.tokens[::-1])
    return len(prompt.tokens) / written(model, prompt, 1).seconds_to_first


def _decode_rows(continued: Sequence[Continued]) -> Iterator[tuple[str, str]]:
    sides = {name: [[getattr(each, name)] for each in continued] for name in ("plain", "bare", "copying")}
    yield "texts continued", str(len(continued))
    yield "ours without copying, tokens/s", format(estimate(sides["plain"]), ".1f")
    yield "bare llama_decode, tokens/s", format(estimate(sides["bare"]), ".1f")
    yield "**ours / bare**", format(ratio_over_groups(sides["plain"], sides["bare"]), ".3f")
    yield "free text: with copying / without", format(ratio_over_groups(sides["copying"], sides["plain"]), ".3f")
    yield "the same text", f"{sum(each.same_text for each in continued)} of {len(continued)}"


def _copying_rows(pairs: Sequence[Pair]) -> Iterator[tuple[str, str]]:
    long = [pair for pair in pairs if min(pair.without.tokens, pair.with_copying.tokens) >= _FEWEST]
    same = sum(pair.without.text == pair.with_copying.text for pair in pairs)
    yield "answers of W1, of these long enough", f"{len(pairs)}, {len(long)}"
    yield "the same answer with copying", f"{same} of {len(pairs)}"
    for name, chosen in (
        ("**decode rate with copying / without**", long),
        ("the same, answers that copy half or more", [pair for pair in long if pair.copied >= 0.5]),
        ("the same, answers that copy less", [pair for pair in long if pair.copied < 0.5]),
    ):
        yield name, f"{format(rates_compared(chosen), '.3f')}, {len(chosen)} answers" if chosen else "–"


def rates_compared(pairs: Sequence[Pair]) -> Estimate:
    """Tokens per second of all answers with copying over those without."""
    return ratio_over_groups(
        # Per token, should the answers differ; of sums, so that a long answer counts for more.
        [[pair.without.seconds / pair.without.tokens * pair.with_copying.tokens] for pair in pairs],
        [[pair.with_copying.seconds] for pair in pairs],
        np.sum,
    )


def _limit_rows(
    file: Gguf, continued: Sequence[Continued], prefill: Sequence[float], threads: int
) -> Iterator[tuple[str, str]]:
    """Williams et al., Roofline (2009): writing is bound by bytes, reading by operations."""
    bandwidth = max(read_bandwidth(threads), triad_bandwidth(threads))
    bytes_per_second = [
        [each.plain * (file.bytes_per_token + each.context * file.cache_bytes_per_token)] for each in continued
    ]
    peak = matrix_rate(threads)
    rate = float(np.median(prefill))
    yield "weights read for a token, MB", f"{file.bytes_per_token / 1e6:.0f}"
    yield "memory bandwidth, GB/s", f"{bandwidth / 1e9:.1f}"
    yield "decode, GB/s", format(_scaled(estimate(bytes_per_second), 1e-9), ".1f")
    yield "**decode / bandwidth**", format(_scaled(estimate(bytes_per_second), 1 / bandwidth), ".2f")
    yield "f32 matrix products, GFLOP/s", f"{peak / 1e9:.0f}"
    operations = operations_of_prompt(file, _READ)
    yield "prefill, tokens/s", format(estimate([[each] for each in prefill]), ".0f")
    yield "prefill, GFLOP/s", f"{rate / _READ * operations / 1e9:.0f}"
    yield "prefill / f32 matrix products", f"{rate / _READ * operations / peak:.2f}"


def operations_of_prompt(file: Gguf, tokens: int) -> float:
    """Operations to read a prompt: two for each weight and token, and attention over half of all pairs of tokens.

    ``2·P·n + 2·H + 4·n²·d·layers / 2``, of which the output head ``H`` is needed for the last token alone.
    """
    attention = 4 * tokens**2 * file.number("embedding_length") * file.number("block_count") / 2
    return 2.0 * file.body_elements * tokens + 2.0 * file.head_elements + attention


def _scaled(made: Estimate, factor: float) -> Estimate:
    return Estimate(*(factor * value for value in made))


def _llama_bench_rows(bench: Path, file: Path, threads: int, prefill: Sequence[float]) -> Iterator[tuple[str, str]]:
    if not bench.exists():
        yield "llama-bench", "not built: python -m benchmarks.serving.build_llama_server"
        return
    rates = llama_bench(bench, file, threads)
    yield "llama-bench tg64, tokens/s (empty context)", f"{rates['written']:.1f}"
    yield "llama-bench pp512, tokens/s", f"{rates['read']:.0f}"
    achieved = estimate([[each] for each in prefill])
    yield "**prefill / llama-bench pp512**", format(_scaled(achieved, 1 / rates["read"]), ".2f")


if __name__ == "__main__":
    sys.exit(main())
