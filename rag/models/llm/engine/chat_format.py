"""Chat formats of GGUF models, told from the text of their template, whose code never runs.

llama.cpp knows the common formats by their marks and renders them (``llama_chat_apply_template``). Here is what its
marks do not tell: a format without line ends that it takes for that of Phi 3, and models that think before they answer.
A model that thinks is kept from it as its own template does that: its answer begins behind an empty thought.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.models.llm.language_model import Message

# The empty thought of a template, a literal in its code: '<think>\n\n</think>\n\n'.
_EMPTY_THOUGHT: Final = re.compile(r"<think>((?:\\n|\n){0,4}+)</think>((?:\\n|\n){0,4}+)")
_OPENED: Final = "<think>"
_PLAIN_THOUGHT: Final = "<think>\n\n</think>\n\n"
_GENERATION: Final = "add_generation_prompt"
# Marks of Phi 3, and what its format has after each of them, but not that of Phi 4 mini.
_PHI: Final = ("<|end|>", "<|assistant|>")
_PHI_4: Final = "<|im_sep|>"
_LINE_ENDS: Final = ("<|end|>\\n", "<|end|>\n", "'<|end|>' + '\\n'")


def empty_thought(template: str) -> str:
    """The text behind which a model answers without thinking; empty for one whose template never opens a thought.

    Only the part of the template counts that begins the answer: others keep thoughts of earlier answers out.
    """
    _, _, opening = template.rpartition(_GENERATION)
    if _OPENED not in opening:
        return ""
    if match := _EMPTY_THOUGHT.search(opening):
        return match[0].replace("\\n", "\n")
    return _PLAIN_THOUGHT


def is_phi_4_mini(template: str) -> bool:
    """True for the format of Phi 4 mini: the marks of Phi 3, without a line end behind them."""
    has_marks = all(mark in template for mark in _PHI) and _PHI_4 not in template
    return has_marks and not any(end in template for end in _LINE_ENDS)


def phi_4_mini(messages: Sequence[Message]) -> str:
    """A chat in the format of Phi 4 mini, up to where the answer begins."""
    return "".join(f"<|{message.role}|>{message.text}<|end|>" for message in messages) + "<|assistant|>"
