"""Diagnostic checks of ``rag doctor``: each makes a finding, with a remedy where something is missing.

Pure functions: :mod:`rag.cli.doctor` collects their arguments from the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import SecretStr

from rag.index.manifest import Manifest
from rag.models.llm.tuning.autotune import MOST_BUSY, ChosenTuning, described
from rag.models.llm.tuning.cpu_features import has_faulty_kernels
from rag.models.weights.recommendation import Recommendation
from rag.models.weights.store import Status
from rag.runtime.processor import Processor
from rag.service.access.access_key import AccessKey
from rag.settings import PREFIX, Settings

# missing: no question can be answered, or no service started, until it is repaired.
State: TypeAlias = Literal["ok", "warning", "missing"]

_GIGABYTE: Final = 10**9
# Memory beside the weights: for the libraries, a context, an index.
_MEMORY: Final = 1.5 * _GIGABYTE
_DISK: Final = 1 * _GIGABYTE
_EXPIRES_SOON_DAYS: Final = 14
_LOCKED: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(\s*;)?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one diagnostic check.

    Attributes:
        remedy: the action to take; None where there is none.
        details: further keys for ``--json``.
    """

    subject: str
    state: State
    text: str
    remedy: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The finding as ``rag doctor --json`` prints it."""
        named = {"subject": self.subject, "state": self.state, "text": self.text, "remedy": self.remedy}
        return {**named, **self.details}


def check_processor(processor: Processor) -> Finding:
    """Checks the processor: how many logical processors may be used."""
    usable = processor.usable
    of_them = f" of {processor.logical}" if usable < processor.logical else ""
    text = f"{processor.name}, {usable}{of_them} logical processor{'s' * (processor.logical != 1)} to be used"
    if processor.physical < processor.logical:
        text += f", on {processor.physical} cores"
    limits = {"logical": processor.logical, "physical": processor.physical, "quota": processor.quota}
    return Finding("processor", "ok", text, details={"name": processor.name, "usable": usable, **limits})


def check_memory(memory: int | None, weights: int) -> Finding:
    """Checks whether the weights fit into memory; both in bytes, ``memory`` None where unknown."""
    if memory is None:
        return Finding("memory", "warning", "its size cannot be found out")
    details = {"bytes": memory}
    if memory < weights + _MEMORY:
        text = f"{_gigabytes(memory)}, and the weights take {_gigabytes(weights)}"
        remedy = "give the program more memory, or set RAG_MODEL to a smaller model: python -m rag models list"
        return Finding("memory", "warning", text, remedy, details)
    return Finding("memory", "ok", _gigabytes(memory), details=details)


def check_disk(name: str, path: str, free: int) -> Finding:
    """Checks the free space of a directory, in bytes."""
    text = f"{_gigabytes(free)} free for {path}"
    if free < _DISK:
        remedy = "make room: python -m rag index gc --keep 1 removes old generations"
        return Finding(name, "warning", text, remedy, {"free_bytes": free})
    return Finding(name, "ok", text, details={"free_bytes": free})


def check_llama_cpp(version: str, features: frozenset[str], unused: Sequence[str], rebuild: str) -> Finding:
    """Checks whether llama.cpp was built for this processor; ``rebuild`` is the command that builds it so."""
    details = {"version": version, "features": sorted(features), "unused": list(unused)}
    if has_faulty_kernels(features):
        text = f"{version}, built with AMX kernels that may crash; they are left unused: long prompts are read slowly"
        return Finding("llama.cpp", "warning", text, rebuild, details)
    if unused:
        text = f"{version}, built without {', '.join(unused)}, which this processor has: answers are slower"
        return Finding("llama.cpp", "warning", text, rebuild, details)
    return Finding("llama.cpp", "ok", f"{version}, built for this processor", details=details)


def check_accelerators(devices: Sequence[Mapping[str, Any]], layers: int) -> Finding:
    """Checks the GPUs that llama.cpp sees, each with ``description`` and ``free_memory``, and whether they are used."""
    details = {"devices": list(devices), "gpu_layers": layers}
    names = ", ".join(f"{device['description']} ({_gigabytes(device['free_memory'])} free)" for device in devices)
    if layers and not devices:
        remedy = "build llama.cpp with it (docs/operations.md, GPU), or unset RAG_GPU_LAYERS"
        return Finding("accelerator", "warning", f"RAG_GPU_LAYERS={layers}, but llama.cpp sees none", remedy, details)
    if devices and not layers:
        return Finding("accelerator", "ok", f"{names}, not used", "RAG_GPU_LAYERS=-1 uses it", details)
    return Finding("accelerator", "ok", f"{names}, {_layers(layers)}" if devices else "none", details=details)


def check_libraries(python: str, lock: str | None, installed: Mapping[str, str]) -> Finding:
    """Checks whether the installed libraries are those that this version was tested with.

    Args:
        python: its version.
        lock: the text of requirements.txt; None where it is not there.
        installed: versions by name, as the names are normalised: ``llama-cpp-python``.
    """
    details: dict[str, Any] = {"python": python}
    if lock is None:
        return Finding("libraries", "ok", f"Python {python}; no requirements.txt to compare with", details=details)
    other = {name: (wanted, installed.get(name)) for name, wanted in locked_versions(lock, installed).items()}
    wrong = {name: row for name, row in other.items() if row[1] is None or _public(row[1]) != _public(row[0])}
    details["other"] = {name: {"locked": wanted, "installed": found} for name, (wanted, found) in wrong.items()}
    if not wrong:
        return Finding("libraries", "ok", f"Python {python}; all {len(other)} as they are locked", details=details)
    shown = ", ".join(f"{name} {found or 'missing'} instead of {wanted}" for name, (wanted, found) in wrong.items())
    absent = any(found is None for _, found in wrong.values())
    text = f"Python {python}; {len(wrong)} of {len(other)} not as locked: {_shortened(shown)}"
    remedy = "pip install -r requirements-torch.txt --no-deps && pip install -r requirements.txt, or make install"
    return Finding("libraries", "missing" if absent else "warning", text, remedy, details)


def locked_versions(lock: str, installed: Mapping[str, str]) -> dict[str, str]:
    """Versions in a lock file by normalised name; of those with a marker, only the ones that are installed."""
    rows = ((_normalised(name), version, marker) for name, version, marker in _LOCKED.findall(lock))
    return {name: version for name, version, marker in rows if not marker or name in installed}


def check_weights(role: str, name: str, status: Status, *, verified: bool) -> Finding:
    """Checks whether weights are in place; ``verified``: every byte was read just now."""
    details = {"name": name, "status": status}
    if status == "present":
        how = "every byte verified" if verified else "verified when fetched"
        return Finding(role, "ok", f"{name}, {how}", details=details)
    words = {"missing": "not on this machine", "partial": "fetched in part", "corrupt": "damaged"}
    return Finding(role, "missing", f"{name}: {words[status]}", f"python -m rag models fetch {name}", details)


def check_server(address: str) -> Finding:
    """The finding for a language model that another server runs."""
    return Finding("model", "ok", f"the server {address} runs it; it is contacted when a service starts")


def check_own_model(name: str) -> Finding:
    """The finding for a model that is not in the catalogue, and passed its trial."""
    return Finding("model", "ok", f"{name}, a file of your own; it was loaded in a process of its own just now")


def check_choice(current: str, advice: Recommendation) -> Finding:
    """Compares the model of the settings with the one that is recommended for this memory and these cores."""
    best = advice.best.entry if advice.best else None
    details = {"recommended": best.name if best else None}
    if best is None or best.name == current:
        text = "no other model of the catalogue is recommended here"
        return Finding("choice", "ok", text, details=details)
    text = f"{best.name} fits too, {'measured' if best.measured else 'not measured here'}"
    return Finding("choice", "ok", text, "where answers are too poor: python -m rag models recommend", details)


def check_index(path: str, manifest: Manifest, encoder: Mapping[str, Any] | None, *, verified: bool) -> Finding:
    """Checks the index; ``encoder`` is the identity of the configured encoder, None where its weights are missing."""
    counts = manifest.counts
    text = f"{manifest.generation} in {path}: {counts.documents:,} documents, {counts.pages:,} pages"
    details = {"generation": manifest.generation, **counts.model_dump()}
    if encoder is not None and manifest.encoder != dict(encoder):
        text += f"; made with the encoder {manifest.encoder.get('name')}, not with {encoder.get('name')}"
        return Finding(
            "index", "missing", text, "set RAG_PROFILE or RAG_ENCODER, or python -m ingest PATH --rebuild", details
        )
    how = "every byte verified" if verified else "--verify reads every byte"
    return Finding("index", "ok", f"{text} ({how})", details=details)


def check_tuning(chosen: ChosenTuning | None) -> Finding:
    """Checks the tuning of the language model and its measured speed; None where there is no model yet."""
    if chosen is None:
        return Finding("tuning", "ok", "none yet: there is no model to run")
    measured = chosen.measured
    details = {
        "tuning": asdict(chosen.tuning),
        "overridden": list(chosen.overridden),
        "measured": measured.model_dump(mode="json") if measured else None,
    }
    text = described(chosen.tuning)
    if chosen.overridden:
        text += f" ({', '.join(chosen.overridden)} set)"
    if measured is None:
        text += "; the defaults, because this machine has not been measured"
        return Finding("tuning", "ok", text, "python -m rag doctor --tune (about 25 s)", details)
    speed, default = measured.speed, measured.default_speed
    text += f"; measured {measured.time[:10]}: {speed.reading:.0f} tokens/s read, {speed.writing:.1f} written"
    text += f", {speed.writing_four:.1f} by four at a time"
    if speed != default:
        text += f" (default: {default.reading:.0f}, {default.writing:.1f}, {default.writing_four:.1f})"
    if measured.busy > MOST_BUSY:
        text += f"; other programs had {measured.busy:.0%} of the machine meanwhile"
        return Finding("tuning", "warning", text, "when the machine is idle: python -m rag doctor --tune", details)
    return Finding("tuning", "ok", text, details=details)


def check_settings(settings: Settings) -> Finding:
    """The settings that differ from their defaults; secrets are counted and not shown."""
    shown = {name: _shown(getattr(settings, name)) for name in Settings.model_fields}
    # Some defaults are made of other settings.
    made = {
        name: row.get_default(call_default_factory=True, validated_data=dict(settings))
        for name, row in Settings.model_fields.items()
    }
    usual = {name: _shown(value) for name, value in made.items()}
    others = [f"{PREFIX}{name.upper()}={value}" for name, value in shown.items() if value != usual[name]]
    details = {"settings": {f"{PREFIX}{name.upper()}": value for name, value in shown.items()}}
    return Finding("settings", "ok", ", ".join(others) or "all defaults", details=details)


def check_documents(folder: str) -> Finding:
    """The finding for an upload folder that is usable."""
    return Finding("documents", "ok", f"uploads go to {folder}", details={"folder": folder})


def check_key_file(
    path: Path, keys: Sequence[AccessKey], today: date, unsafe: str | None, *, others_may_ask: bool
) -> Finding:
    """Checks the keys of a key file that can be read.

    Args:
        path: the file.
        keys: those in it.
        today: the date in UTC.
        unsafe: who may change the file but should not; None if nobody may.
        others_may_ask: true where the settings have keys that may ask.
    """
    valid = [key for key in keys if not key.has_expired(today)]
    expired = [key.id for key in keys if key.has_expired(today)]
    soon = [key.id for key in valid if key.expires and key.expires <= today + timedelta(days=_EXPIRES_SOON_DAYS)]
    details = {"keys": len(keys), "expired": expired, "expire_soon": soon}
    text = f"{len(valid)} valid key{'s' * (len(valid) != 1)} in {path}"
    if not others_may_ask and not any("ask" in key.scopes for key in valid):
        remedy = "python -m rag keys new ID"
        return Finding("keys", "missing", f"{text}, and none of them may ask", remedy, details)
    if unsafe:
        return Finding("keys", "warning", f"{text}; {unsafe} may change them", f"chmod go-w {path}", details)
    if expired:
        remedy = "python -m rag keys revoke ID removes one, python -m rag keys new ID makes another"
        return Finding("keys", "warning", f"{text}; expired: {_shortened(', '.join(expired))}", remedy, details)
    if soon:
        told = f"{text}; expire within {_EXPIRES_SOON_DAYS} days: {_shortened(', '.join(soon))}"
        return Finding("keys", "warning", told, "python -m rag keys new ID makes another", details)
    return Finding("keys", "ok", text, details=details)


def check_port(host: str, port: int, fault: str | None) -> Finding:
    """Checks whether a service can listen on a port; ``fault`` is the reason if not."""
    details = {"host": host, "port": port, "free": fault is None}
    if fault:
        return Finding("port", "warning", fault, "harmless if this service itself is running there", details)
    return Finding("port", "ok", f"{port} on {host} is free", details=details)


def check_ocr(languages: Sequence[str] | None, wanted: str = "eng") -> Finding:
    """Checks the languages of Tesseract against those that are wanted, as RAG_OCR_LANGUAGES; None: not installed."""
    if languages is None:
        remedy = "apt install tesseract-ocr, then ingest again; without it scanned pages stay unread"
        return Finding("ocr", "warning", "Tesseract is not installed", remedy)
    needed = ["osd"] if wanted == "auto" else wanted.replace("+", " ").split()
    if missing := [language for language in needed if language not in languages]:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-').lower()}" for language in missing)
        remedy = f"apt install {packages}, then ingest again; without it scanned pages stay unread"
        text = f"Tesseract has no data for {', '.join(missing)}"
        return Finding("ocr", "warning", text, remedy, {"languages": list(languages)})
    return Finding("ocr", "ok", "Tesseract is installed", details={"languages": list(languages)})


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        secret = any(isinstance(part, SecretStr) for part in value)
        return f"{len(value)} set" if secret else ",".join(value)
    return value if isinstance(value, int | float | str) else "" if value is None else str(value)


def _public(version: str) -> str:
    """A version without its local part: 2.13.0+cpu is 2.13.0."""
    return version.partition("+")[0]


def _layers(layers: int) -> str:
    return "computes all layers" if layers < 0 else f"computes {layers} layer{'s' * (layers != 1)}"


def _gigabytes(size: float) -> str:
    return f"{size / _GIGABYTE:.1f} GB"


def _shortened(text: str, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(',', 1)[0]}, ..."


def _normalised(name: str) -> str:
    """A normalised name: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()
