"""Configuration: every ``RAG_*`` setting with its default, range and description, in one module for each subject.

The entry points read it from the environment and hand it down. Importing it reads nothing. docs/settings.md is
generated from here: ``python docs/settings.py > docs/settings.md``.
"""

from rag.settings.composed import PREFIX, Settings
from rag.settings.environment import read_settings

__all__ = ["PREFIX", "Settings", "read_settings"]
