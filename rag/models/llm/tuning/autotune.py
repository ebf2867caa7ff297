"""Autotuning of llama.cpp: the measured tuning of this machine, overridden by the settings.

llama.cpp is imported only when it is needed: ingest does without.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rag.models.llm.tuning.cpu_features import build_flags, unused_instructions
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import search_space
from rag.models.llm.tuning.store import Measured, TokensPerSecond, read_measured
from rag.models.weights.store import Weights
from rag.runtime.processor import Processor, busy_seconds, read_processor
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models.llm.tuning.benchmark import Speed

_log = logging.getLogger(__name__)

# Version of the benchmark: a new one invalidates every measurement.
_VERSION: Final = 3
# Tokens of an ordinary answer beside the evidence: instructions and question, and what is written.
_PROMPT_TOKENS: Final = 150
_WRITTEN_TOKENS: Final = 40
# Share of the machine, 0..1, that other programs may have: with more, two threads that wait for each other look slow.
MOST_BUSY: Final = 0.1


@dataclass(frozen=True, slots=True)
class ChosenTuning:
    """The tuning in use, and where it comes from.

    Attributes:
        tuning: in use.
        measured: None where this machine has not been measured.
        overridden: names of the settings that override the measurement or the default.
    """

    tuning: Tuning
    measured: Measured | None
    overridden: tuple[str, ...]


def tuning_of(settings: Settings, weights: Weights) -> Tuning:
    """The tuning of these weights on this machine."""
    return chosen_tuning(settings, weights).tuning


def chosen_tuning(settings: Settings, weights: Weights) -> ChosenTuning:
    """The tuning of these weights on this machine, and where it comes from; measures nothing."""
    processor = read_processor()
    measured = read_measured(tuning_folder(settings), weights.digest, machine_digest(processor, settings.gpu_layers))
    tuning, overridden = with_settings(measured.tuning if measured else default_tuning(processor), settings)
    return ChosenTuning(tuning, measured, overridden)


def expected_seconds(settings: Settings, weights: Weights) -> float | None:
    """Seconds of an ordinary answer with all places at work, by the measured speed; None where there is none."""
    measured = chosen_tuning(settings, weights).measured
    if measured is None:
        return None
    speed = measured.speed
    each = (settings.evidence_tokens + _PROMPT_TOKENS) / speed.reading + _WRITTEN_TOKENS / speed.writing_four
    return settings.parallel * each


def default_tuning(processor: Processor) -> Tuning:
    """The tuning without a measurement: all usable processors. Right on most machines."""
    return Tuning(threads=processor.usable, batch_threads=processor.usable)


def with_settings(tuning: Tuning, settings: Settings) -> tuple[Tuning, tuple[str, ...]]:
    """The tuning with the settings applied, and the names of those that override it."""
    overridden = []
    if settings.threads:
        tuning = replace(tuning, threads=settings.threads, batch_threads=settings.threads)
        overridden.append("RAG_THREADS")
    if settings.micro_batch:
        tuning = replace(tuning, micro_batch=settings.micro_batch)
        overridden.append("RAG_MICRO_BATCH")
    if settings.flash_attention != "auto":
        tuning = replace(tuning, flash_attention=settings.flash_attention == "on")
        overridden.append("RAG_FLASH_ATTENTION")
    if settings.repack != "auto":
        tuning = replace(tuning, repack=settings.repack == "on")
        overridden.append("RAG_REPACK")
    return tuning, tuple(overridden)


def tuning_folder(settings: Settings) -> Path:
    """Directory of ``tuning.json``: that of the weights, unless RAG_TUNING is set."""
    return settings.tuning or settings.models


def machine_digest(processor: Processor, gpu_layers: int) -> str:
    """SHA-256 of all that a measurement depends on, except for the weights."""
    from rag.models.llm.engine.llama_library import accelerators, built_features, library_version

    machine = {
        "version": _VERSION,
        "processor": [processor.name, sorted(processor.flags), processor.usable, processor.physical],
        "llama.cpp": [library_version(), sorted(built_features())],
        "gpu": [gpu_layers, *(device.description for device in accelerators())] if gpu_layers else [],
    }
    return hashlib.sha256(json.dumps(machine, sort_keys=True).encode()).hexdigest()


def tune(settings: Settings, weights: Weights) -> Measured:
    """Benchmarks these weights on this machine, in about 25 s; stores nothing.

    Raises:
        ModelUnusable: llama.cpp cannot load or run them.
    """
    from rag.models.llm.tuning.benchmark import measure

    processor = read_processor()
    default = default_tuning(processor)
    others = OtherPrograms()
    found = measure(
        weights.file,
        default=default,
        dimensions=search_space(processor.usable, processor.physical),
        gpu_layers=settings.gpu_layers,
    )
    return Measured(
        model=weights.digest,
        machine=machine_digest(processor, settings.gpu_layers),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(found.seconds, 1),
        busy=round(others.share(), 3),
        threads=found.tuning.threads,
        batch_threads=found.tuning.batch_threads,
        micro_batch=found.tuning.micro_batch,
        flash_attention=found.tuning.flash_attention,
        repack=found.tuning.repack,
        speed=_rounded(found.speed),
        default_speed=_rounded(found.default_speed),
    )


class OtherPrograms:
    """CPU usage of other processes, from when the object is made."""

    def __init__(self) -> None:
        self._begun = time.monotonic(), time.process_time(), busy_seconds()

    def share(self) -> float:
        """Their share of all processors, 0..1; 0 where the system does not tell."""
        begun, own, before = self._begun
        now = busy_seconds()
        if before is None or now is None:
            return 0.0
        elapsed = time.monotonic() - begun
        return share_of_others(now - before, time.process_time() - own, elapsed * (os.cpu_count() or 1))


def share_of_others(busy: float, own: float, all_: float) -> float:
    """Share of other processes in the processor seconds of an interval, 0..1.

    Args:
        busy: busy seconds of all processors, added up.
        own: those of them that this process used.
        all_: busy and idle seconds of all processors.
    """
    return min(1.0, max(0.0, busy - own) / all_) if all_ > 0 else 0.0


def _rounded(speed: Speed) -> TokensPerSecond:
    return TokensPerSecond(**{name: max(0.1, round(value, 1)) for name, value in asdict(speed).items()})


def unused_here(processor: Processor) -> tuple[str, ...]:
    """Vector instructions of this processor that the installed llama.cpp was built without."""
    from rag.models.llm.engine.llama_library import built_features

    return unused_instructions(processor.flags, built_features())


def how_to_rebuild() -> str:
    """The command that builds the installed version of llama.cpp for this machine."""
    flags = build_flags(read_processor().flags)
    return (
        f"build it for this machine: {flags}CMAKE_ARGS=-DGGML_NATIVE=ON pip install --force-reinstall --no-deps "
        f"--no-cache-dir --no-binary llama-cpp-python llama-cpp-python=={version('llama-cpp-python')}"
    )


def warn_of_unused_instructions() -> None:
    """Logs a warning where llama.cpp leaves instructions of this processor unused, with the remedy."""
    if unused := unused_here(read_processor()):
        _log.warning(
            "llama.cpp was built without %s of this processor and is slower; %s", ", ".join(unused), how_to_rebuild()
        )


def described(tuning: Tuning) -> str:
    """A tuning for people: ``2 threads, 2 to read; micro batch 512; flash attention on; repacking off``."""
    return (
        f"{tuning.threads} thread{'s' * (tuning.threads != 1)}, {tuning.batch_threads} to read; "
        f"micro batch {tuning.micro_batch}; flash attention {on_or_off(tuning.flash_attention)}; "
        f"repacking {on_or_off(tuning.repack)}"
    )


def on_or_off(value: object) -> str:
    """A switch as settings write it: ``on`` or ``off``."""
    return "on" if value else "off"


def setup_settings(tuning: Tuning) -> dict[str, int | float | str]:
    """The tuning in the record of an answer: it decides how sums are split, and so rounded."""
    return {
        name.replace("_", " "): on_or_off(value) if isinstance(value, bool) else value
        for name, value in asdict(tuning).items()
    }
