"""Prompt injection detection by rules: sentences of a document that give instructions to the language model.

Documents are data: such sentences are left out of the prompt, and are not quoted.
"""

from __future__ import annotations

import re
from typing import Final

from rag.text.sentences import sentence_spans

_STOP: Final = r"(?:ignore|disregard|forget|override|bypass|discard|stop following|do not (?:follow|obey|use))"
_EARLIER: Final = (
    r"(?:above|previous|prior|earlier|preceding|foregoing|former|all|any|other|system|your|these|those|initial)"
)
_ORDERS: Final = (
    r"(?:instructions?|prompts?|directions?|directives?|commands?|guidelines|system message|programming|orders|"
    r"context|passages|conversation|question)"
)
_SAY: Final = r"(?:answer|reply|respond)"
_MACHINE: Final = r"(?:ai|llms?|assistants?|chatbots?|bots?|language models?|(?:ai )?models?)"
_WORDS: Final = r"(?:\W+\w+){0,3}?\W+"
_PATTERN: Final = re.compile(
    "|".join(
        [
            rf"\b{_STOP}\b{_WORDS}{_EARLIER}\b{_WORDS}{_ORDERS}\b",
            rf"\b{_STOP}\W+(?:everything\W+|anything\W+|all\W+|what\W+)?(?:that\W+)?(?:was\W+|is\W+|came\W+)?"
            r"(?:written\W+|said\W+|stated\W+)?(?:the\W+)?(?:above|before)\b\W*(?:and|then|instead|$)",
            rf"\byou are (?:now|no longer)\b{_WORDS}(?:{_MACHINE}|dan|unrestricted|bound|jailbroken)\b",
            rf"\b(?:new|updated|real) (?:system )?(?:instructions?|prompt)(?: (?:for|to) (?:the )?{_MACHINE})?\s*:",
            rf"\b(?:dear|attention|note to|(?:instructions?|message) (?:for|to))(?: the| any| all)? {_MACHINE}\b",
            rf"\b(?:as an|if you are an?|you,? the) {_MACHINE}\b",
            r"\b(?:reveal|print|repeat|show|output|leak)\b(?:\W+\w+){0,2}?\W+system prompt\b",
            rf"\b{_SAY}(?: to)? (?:every|all|any|each|the) (?:question|query|user)s? (?:only |always )?with\b",
            rf"\b(?:only|always) {_SAY} (?:with|that)\b|\b{_SAY} (?:only|always) with\b",
            r"\b(?:from now on|henceforth),? (?:you|always (?:answer|say|reply|respond))\b",
            r"<\|?(?:im_start|im_end|system|endoftext)\|?>|\[/?INST\]|^\W*(?:system|assistant)\s*:\s*\w",
            rf"\bpretend (?:that )?(?:you are|to be)\b|\bact as (?:an? )?(?:{_MACHINE}|dan|unrestricted)\b",
        ]
    ),
    re.IGNORECASE,
)


def is_prompt_injection(sentence: str) -> bool:
    """True if a sentence looks like an instruction to a language model, rather than information for its readers."""
    return _PATTERN.search(" ".join(sentence.split())) is not None


def without_instructions(text: str) -> str:
    """The text without sentences that are instructions to a language model; without any, it is unchanged."""
    spans = list(sentence_spans(text))
    kept = [text[start:end] for start, end in spans if not is_prompt_injection(text[start:end])]
    return text if len(kept) == len(spans) else " ".join(kept)
