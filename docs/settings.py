"""Generator of docs/settings.md, the reference of all settings, from the classes of ``rag.settings``.

python docs/settings.py > docs/settings.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rag.settings import PREFIX, Settings
from rag.settings.access import AccessSettings
from rag.settings.answers import AnswerSettings
from rag.settings.computing import ComputingSettings
from rag.settings.documents import DocumentSettings
from rag.settings.general import GeneralSettings
from rag.settings.ingest import IngestSettings
from rag.settings.models import ENCODERS, ModelSettings
from rag.settings.service import ServiceSettings

_INTRODUCTION: Final = """# Settings

<!-- Generated from rag/settings/: python docs/settings.py > docs/settings.md -->

Each setting is an environment variable, or a file of the same name in lower case in `/run/secrets` (a Docker secret);
the variable goes before the file. An unknown `RAG_` variable and a value out of range are refused when a program
starts, with a message that names the variable. `python -m rag doctor` shows what is set and what is missing.
"""

# Title, an introduction, and the classes whose settings the table has.
_GROUPS: Final[tuple[tuple[str, str, tuple[type[BaseModel], ...]], ...]] = (
    ("General", "Where data is kept.", (GeneralSettings,)),
    (
        "Models",
        "What the tuning measures, and when: [operations.md](operations.md#how-the-model-is-run-on-this-machine).\n"
        "A language model on a server: [operations.md](operations.md#a-model-on-a-server).",
        (ModelSettings, ComputingSettings),
    ),
    ("Answers", "How abstention is set: [abstention.md](abstention.md).", (AnswerSettings,)),
    (
        "Service",
        "Queue and deadlines: [operations.md](operations.md#several-people-at-a-time).\n"
        "Keys and host names: [operations.md](operations.md#keys-or-none).\n"
        "Adding documents: [operations.md](operations.md#adding-documents-over-http).",
        (ServiceSettings, AccessSettings, DocumentSettings),
    ),
    (
        "Ingest",
        "What is too large or too slow is left out and reported: [guarantees.md](guarantees.md).\nMemory: that of the "
        "embedding model, and for each reading process at most `RAG_READER_MEGABYTES`.",
        (IngestSettings,),
    ),
)

# Computed from the environment, or from another setting, when the settings are read.
_COMPUTED_DEFAULTS: Final = {"history": "~/.local/state/pageproof/history", "encoder": ENCODERS["auto"]}


def settings_page() -> str:
    """The whole page in Markdown.

    Raises:
        ValueError: a subject of settings is in no group.
    """
    grouped = {name for _, _, subjects in _GROUPS for subject in subjects for name in subject.model_fields}
    if missing := Settings.model_fields.keys() - grouped:
        raise ValueError(f"the classes of these settings belong to no group of docs/settings.py: {sorted(missing)}")
    return "\n".join([_INTRODUCTION, *(_section(*group) for group in _GROUPS)])


def _section(title: str, introduction: str, subjects: Iterable[type[BaseModel]]) -> str:
    rows = [_row(name, field) for subject in subjects for name, field in subject.model_fields.items()]
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
