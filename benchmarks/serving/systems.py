"""The measured systems: our own way to run a model, and the peers with default and with best settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["ours", "locked", "llama-server"]
OURS: Final = "ours"


@dataclass(frozen=True)
class System:
    """A way to run the model behind the service.

    Attributes:
        name: in tables.
        options: of ``Llama`` for ``locked``; of llama-server, ``arguments`` and ``first_apart``.
    """

    name: str
    kind: Kind
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """For the process that serves it."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> System:
        """Inverse of :meth:`to_json`."""
        return cls(**json.loads(text))


DEFAULTS: Final = (
    System(OURS, "ours"),
    System("forgetful ours", "ours", {"remembers": False}),
    System("locked", "locked"),
    System("llama-server", "llama-server"),
)


def locked_choices(threads: int) -> list[System]:
    """The settings of ``Llama`` among which the best are looked for."""
    return [_locked(threads, flash_attn=flash, n_batch=512, n_ubatch=512) for flash in (True, False)]


def _locked(threads: int, **options: Any) -> System:  # noqa: ANN401 - as Llama takes them
    name = "locked " + " ".join(f"{key}={value}" for key, value in options.items())
    return System(name, "locked", {"n_threads": threads, "n_threads_batch": threads, **options})


def server_choices(threads: int, context_tokens: int) -> list[System]:
    """The first settings of llama-server among which the best are looked for."""
    return [
        _server(threads, context_tokens, slots, batch) for slots, batch in ((8, 128), (8, 512), (8, 2048), (4, 512))
    ]


def _server(threads: int, context_tokens: int, slots: int, batch: int) -> System:
    # Each slot has room for a whole context. Weights that are not repacked are read in two thirds of the time.
    settings = {
        "-np": slots, "-c": slots * context_tokens, "-b": batch, "-ub": min(batch, 512),
        "-t": threads, "-tb": threads, "-fa": "on", "--cache-ram": 8192,
    }  # fmt: skip
    flags = [*(str(part) for pair in settings.items() for part in pair), "-kvu", "--no-repack"]
    return System(f"llama-server -np {slots} -b {batch}", "llama-server", {"arguments": flags, "first_apart": False})


def further_choices(found: System) -> list[System]:
    """Further settings that may make a llama-server faster, each added to settings that were found good."""
    arguments = found.options["arguments"]
    extras = {
        "first apart": {**found.options, "first_apart": not found.options["first_apart"]},
        "--repack": {**found.options, "arguments": [*arguments, "--repack"]},
        "-no-kvu": {**found.options, "arguments": [*arguments, "-no-kvu"]},
        "--cache-reuse 128": {**found.options, "arguments": [*arguments, "--cache-reuse", "128"]},
    }
    return [System(f"{found.name} {extra}", found.kind, options) for extra, options in extras.items()]


def read_best(path: Path, name: str) -> list[System]:
    """The systems that :mod:`benchmarks.serving.finding` found best, named by what they are best at; each once.

    None where nothing was looked for yet.
    """
    if not path.exists():
        return []
    best: Mapping[str, Any] = json.loads(path.read_text())["best"]
    purposes: dict[str, list[str]] = {}
    for purpose, found in best.items():
        purposes.setdefault(System(**found).to_json(), []).append(purpose)
    return [_renamed(System.of_json(found), f"best {name} ({_and(those)})") for found, those in purposes.items()]


def _renamed(system: System, name: str) -> System:
    return System(name, system.kind, system.options)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
