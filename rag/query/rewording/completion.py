"""One-line completion by the language model: a rewritten or translated question."""

from __future__ import annotations

from collections.abc import Sequence

from rag.domain.values import Usage
from rag.models.llm.language_model import Finish, LanguageModel, Message, Token
from rag.runtime.cancellation import Cancellation


def complete_line(
    model: LanguageModel, messages: Sequence[Message], *, max_tokens: int, cancelled: Cancellation
) -> tuple[str, Usage]:
    """The first line of a completion, and the tokens it took; empty where the model did not finish.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelError: the model failed.
    """
    prompt = model.prompt(messages)
    if prompt.length + max_tokens > model.context_tokens:
        return "", Usage()
    text = ""
    for generated in model.generate(prompt, max_tokens=max_tokens, cancelled=cancelled):
        if isinstance(generated, Finish):
            lines = text.strip().splitlines()
            return (lines[0].strip().strip('"') if lines and generated.reason == "stop" else ""), generated.usage
        if isinstance(generated, Token):
            text += generated.text
    raise AssertionError("a generation ends with Finish")
