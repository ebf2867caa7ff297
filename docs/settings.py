"""Generator of docs/settings.md, the reference of all settings, from ``rag.settings.Settings``.

python docs/settings.py > docs/settings.md
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Final

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rag.settings import ENCODERS, PREFIX, Settings

_INTRODUCTION: Final = """# Settings

<!-- Generated from rag/settings.py: python docs/settings.py > docs/settings.md -->

Each setting is an environment variable, or a file of the same name in lower case in `/run/secrets` (a Docker secret);
the variable goes before the file. An unknown `RAG_` variable and a value out of range are refused when a program
starts, with a message that names the variable. `python -m rag doctor` shows what is set and what is missing.
"""

# Title, an introduction, and the settings in the order of the table.
_GROUPS: Final = (
    ("General", "Where data is kept.", "index vector_database models records keep_records history"),
    (
        "Models",
        "What the tuning measures, and when: [operations.md](operations.md#how-the-model-is-run-on-this-machine).\n"
        "A language model on a server: [operations.md](operations.md#a-model-on-a-server).",
        "model trust_model registry registry_key model_id model_key model_seconds profile encoder reranker threads "
        "micro_batch flash_attention repack tune tuning gpu_layers context_tokens temperature",
    ),
    (
        "Answers",
        "How abstention is set: [abstention.md](abstention.md).",
        "passages evidence_tokens whole_evidence_tokens max_tokens rereads false_answers",
    ),
    (
        "Service",
        "Queue and deadlines: [operations.md](operations.md#several-people-at-a-time).\n"
        "Keys and host names: [operations.md](operations.md#keys-or-none).\n"
        "Adding documents: [operations.md](operations.md#adding-documents-over-http).",
        "host port root_path drain_seconds log traces parallel max_queue answer_seconds proxies hosts api_keys "
        "key_file requests_per_minute open documents admin_keys upload_bytes guides",
    ),
    (
        "Ingest",
        "What is too large or too slow is left out and reported: [guarantees.md](guarantees.md).\nMemory: that of the "
        "embedding model, and for each reading process at most `RAG_READER_MEGABYTES`.",
        "workers keep_generations file_megabytes file_pages file_characters page_characters file_seconds page_seconds "
        "reader_megabytes",
    ),
)

# Computed from the environment, or from another setting, when the settings are read.
_COMPUTED_DEFAULTS: Final = {"history": "~/.local/state/pageproof/history", "encoder": ENCODERS["auto"]}


def settings_page() -> str:
    """The whole page in Markdown.

    Raises:
        ValueError: a setting is in no group, in two, or a group names one that does not exist.
    """
    grouped = sorted(chain.from_iterable(names.split() for _, _, names in _GROUPS))
    if wrong := set(grouped) ^ set(Settings.model_fields) or len(grouped) - len(set(grouped)):
        raise ValueError(f"each setting belongs to one group of docs/settings.py: {wrong}")
    return "\n".join([_INTRODUCTION, *(_section(*group) for group in _GROUPS)])


def _section(title: str, introduction: str, names: str) -> str:
    rows = [_row(name, Settings.model_fields[name]) for name in names.split()]
    table = "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows])
    return f"## {title}\n\n{introduction}\n\n{table}\n"


def _row(name: str, field: FieldInfo) -> str:
    default = _COMPUTED_DEFAULTS.get(name) or _text(field.default)
    meaning = ". ".join(filter(None, [_sentence(field.description or ""), _sentence(_range(field))]))
    return f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {meaning} |"


def _text(default: object) -> str:
    """A default as it is written in a variable; empty for none."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if default is None or default == ():
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def _range(field: FieldInfo) -> str:
    """The accepted numbers in words, from the constraints of the field; choices from its type."""
    if choices := getattr(field.annotation, "__args__", ()) if "Literal" in str(field.annotation) else ():
        return f"one of {', '.join(f'`{choice}`' for choice in choices if choice)}"
    words: dict[str, str] = {}
    for bound in field.metadata:
        match bound:
            case Ge(ge=value):
                words["at least"] = f"{value:,}"
            case Gt(gt=value):
                words["more than"] = f"{value:,}"
            case Le(le=value):
                words["at most"] = f"{value:,}"
            case Lt(lt=value):
                words["less than"] = f"{value:,}"
    if set(words) == {"at least", "at most"}:
        return " to ".join(words.values())
    return ", ".join(f"{word} {value}" for word, value in words.items())


def _sentence(text: str) -> str:
    return text if text.startswith("`") else text[:1].upper() + text[1:]


if __name__ == "__main__":
    sys.stdout.write(settings_page())
