"""How the language model is run here: what was measured of this machine, under what the settings say.

llama.cpp is imported when it is asked for something: ingest needs none of it.
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

from rag.errors import ModelUnusable
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import search_space
from rag.models.llm.tuning.store import (
    Measured,
    TokensPerSecond,
    can_be_kept,
    keep_measured,
    read_measured,
    tuning_path,
)
from rag.models.weights.store import Weights
from rag.runtime.processor import Processor, busy_seconds, read_processor
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models.llm.tuning.benchmark import Speed

_log = logging.getLogger(__name__)

# Of what is measured, and how: another number has every machine measured anew.
_VERSION: Final = 1
# A share of the machine. With more than that for other programs, two threads that wait for each other look slow.
MOST_BUSY: Final = 0.1
# Seconds in which it shows whether a machine is busy.
_GLANCE: Final = 0.3
# How many with_settings looks at: where all are set, there is nothing to find out.
_SETTINGS: Final = 4


@dataclass(frozen=True, slots=True)
class ChosenTuning:
    """What the model is run with, and why.

    Attributes:
        measured: None where this machine has not been measured, or where that is not asked for.
        overridden: names of the settings that decide in place of the measurement.
    """

    tuning: Tuning
    measured: Measured | None
    overridden: tuple[str, ...]


def tuning_of(settings: Settings, weights: Weights) -> Tuning:
    """How these weights are run here."""
    return chosen_tuning(settings, weights).tuning


def chosen_tuning(settings: Settings, weights: Weights) -> ChosenTuning:
    """How these weights are run here, and why; measures nothing."""
    processor = read_processor()
    measured = read_measured(tuning_folder(settings), weights.digest, machine_digest(processor, settings.gpu_layers))
    tuning, overridden = with_settings(measured.tuning if measured else default_tuning(processor), settings)
    return ChosenTuning(tuning, measured, overridden)


def default_tuning(processor: Processor) -> Tuning:
    """What is right on most machines: all that is there."""
    return Tuning(threads=processor.usable, batch_threads=processor.usable)


def with_settings(tuning: Tuning, settings: Settings) -> tuple[Tuning, tuple[str, ...]]:
    """The tuning with what the settings decide, and the names of those that do."""
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
    """Where what was measured is kept: beside the weights, unless the settings say otherwise."""
    return settings.tuning or settings.models


def machine_digest(processor: Processor, gpu_layers: int) -> str:
    """SHA-256 of all that a measurement depends on, beside the weights."""
    from rag.models.llm.engine.llama_library import accelerators, built_features, library_version

    seen = {
        "version": _VERSION,
        "processor": [processor.name, sorted(processor.flags), processor.usable, processor.physical],
        "llama.cpp": [library_version(), sorted(built_features())],
        "gpu": [gpu_layers, *(device.description for device in accelerators())] if gpu_layers else [],
    }
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def tune(settings: Settings, weights: Weights) -> Measured:
    """Measures these weights on this machine, in about 15 s; keeps nothing.

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
        choices=search_space(processor.usable, processor.physical),
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
    """Watches how much of the machine others than this process have, from when it is made."""

    def __init__(self) -> None:
        self._begun = time.monotonic(), time.process_time(), busy_seconds()

    def share(self) -> float:
        """Of all its processors, 0..1; 0 where the machine does not say."""
        begun, own, before = self._begun
        now = busy_seconds()
        if before is None or now is None:
            return 0.0
        elapsed = time.monotonic() - begun
        return share_of_others(now - before, time.process_time() - own, elapsed * (os.cpu_count() or 1))


def share_of_others(busy: float, own: float, all_: float) -> float:
    """What others had of all the processor seconds that there were, 0..1.

    Args:
        busy: seconds for which processors have worked, added up.
        own: those of them that this process had.
        all_: those that there were.
    """
    return min(1.0, max(0.0, busy - own) / all_) if all_ > 0 else 0.0


def _rounded(speed: Speed) -> TokensPerSecond:
    return TokensPerSecond(**{name: max(0.1, round(value, 1)) for name, value in asdict(speed).items()})


def unused_here(processor: Processor) -> tuple[str, ...]:
    """Vector instructions of this processor that the installed llama.cpp was built without."""
    from rag.models.llm.engine.llama_library import built_features
    from rag.models.llm.tuning.cpu_features import unused_instructions

    return unused_instructions(processor.flags, built_features())


def how_to_rebuild() -> str:
    """The command that builds the installed version of llama.cpp for this machine."""
    return (
        "build it for this machine: CMAKE_ARGS=-DGGML_NATIVE=ON pip install --force-reinstall --no-deps "
        f"--no-cache-dir --no-binary llama-cpp-python llama-cpp-python=={version('llama-cpp-python')}"
    )


def warn_of_unused_instructions() -> None:
    """Says in the log that answers are slower than they need be, and what to do."""
    if unused := unused_here(read_processor()):
        _log.warning(
            "llama.cpp was built without %s of this processor and is slower; %s", ", ".join(unused), how_to_rebuild()
        )


def tune_once(settings: Settings, weights: Weights) -> None:
    """Measures and keeps what is not known yet, before a service starts. Never in the way of the start.

    Nothing is measured where the settings forbid it or decide everything, or where the result could not be kept, for
    each start would be slower then; nor while others have much of the machine.
    """
    chosen = chosen_tuning(settings, weights)
    folder = tuning_folder(settings)
    if settings.tune == "off" or chosen.measured or len(chosen.overridden) == _SETTINGS:
        return
    if not can_be_kept(folder):
        _log.info("not tuned to this machine, for nothing can be written in %s: set RAG_TUNING", folder)
        return
    others = OtherPrograms()
    time.sleep(_GLANCE)
    if others.share() > MOST_BUSY:
        _log.info("not tuned to this machine, for it is busy; when it is quiet: python -m rag doctor --tune")
        return
    _log.info("measuring once how this machine runs the model best, about 15 s (RAG_TUNE=off leaves it out)")
    try:
        measured = tune(settings, weights)
    except ModelUnusable as error:
        _log.warning("this machine could not be measured, so the defaults stay: %s", error)
        return
    if measured.busy > MOST_BUSY:
        _log.warning(
            "other programs had %.0f %% of this machine, so what was measured is not kept and the defaults stay; "
            "when it is quiet: python -m rag doctor --tune",
            100 * measured.busy,
        )
    elif keep_measured(folder, measured):
        _log.info("%s; kept in %s", described(measured.tuning), tuning_path(folder))


def described(tuning: Tuning) -> str:
    """``2 threads, 2 to read; micro batch 512; flash attention on; repacking off``."""
    return (
        f"{tuning.threads} thread{'s' * (tuning.threads != 1)}, {tuning.batch_threads} to read; "
        f"micro batch {tuning.micro_batch}; flash attention {on_or_off(tuning.flash_attention)}; "
        f"repacking {on_or_off(tuning.repack)}"
    )


def on_or_off(value: object) -> str:
    """How settings say it."""
    return "on" if value else "off"


def setup_settings(tuning: Tuning) -> dict[str, int | float | str]:
    """What a record of an answer says of it: sums are split by it, and so rounded otherwise."""
    return {
        name.replace("_", " "): on_or_off(value) if isinstance(value, bool) else value
        for name, value in asdict(tuning).items()
    }
