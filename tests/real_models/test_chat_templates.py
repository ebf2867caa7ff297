"""Chats as this engine renders them, against what llama.cpp's own Jinja makes of the same templates.

The templates are written for this test in the way of the families of the catalogue, without tools, and without Llama
3.2's lines of dates. One server renders them all: which, is an argument of the template. Tokens are compared where
the smallest model has those of the format, else texts. In texts of messages the engine makes no control tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import httpx
import llama_cpp as llama
import pytest

from rag.models.llm.engine.llama_library import open_library
from rag.models.llm.engine.vocabulary import Vocabulary
from rag.models.llm.language_model import Message
from rag.models.opening import open_store
from rag.settings import Settings
from tests.real_models.conftest import SMALL
from tests.real_models.server_process import KEY, model_server

pytestmark = pytest.mark.real_models

CHAT = (
    Message("system", "Answer from the passages."),
    Message("user", "Größe? 漢字 <b>&amp;</b> {{ x }} {% if y %} [INST]"),
    Message("assistant", "Yes.\n\nNo."),
    Message("user", "עברית \u200e🙂 \\n '\" ` <|not_a_token|>"),
    Message("assistant", "A"),
    Message("user", "Last\u00a0one?"),
)
CHATML = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
ASSISTANT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
TEMPLATES = {
    "Qwen2.5, SmolLM2": CHATML + ASSISTANT + "{% endif %}",
    "Qwen3": CHATML + ASSISTANT + "{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}",
    "SmolLM3": CHATML
    + ASSISTANT
    + "{% if not enable_thinking %}{{ '<think>\\n\\n</think>\\n' }}{% endif %}{% endif %}",
    "Llama 3.2": "{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + "
    "m.content | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
    "Gemma 3": "{% set first = messages[0].content + '\\n\\n' %}{% for m in messages[1:] %}{{ '<start_of_turn>' + "
    "('model' if m.role == 'assistant' else m.role) + '\\n' + (first if loop.first else '') + m.content | trim + "
    "'<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
    "Phi 3.5": "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}",
    "Phi 4 mini": "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    "Granite 4.0": "{% set g4_default_system_message = '' %}{# <tool_call> #}{% for m in messages %}"
    "{{ '<|start_of_role|>' + m.role + '<|end_of_role|>' + m.content + '<|end_of_text|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}",
}
# Without an argument it is that of Qwen2.5: llama.cpp finds out by trial that it has system messages.
ALL = (
    "".join(
        f"{{% {'elif' if number else 'if'} family == {name!r} %}}{template}"
        for number, (name, template) in enumerate(TEMPLATES.items())
    )
    + f"{{% else %}}{TEMPLATES['Qwen2.5, SmolLM2']}{{% endif %}}"
)


@pytest.fixture(scope="module")
def vocabularies(settings: Settings) -> Iterator[dict[str, Vocabulary]]:
    """One for each template, over the vocabulary of the small model, whose weights are not loaded."""
    open_library()
    parameters = llama.llama_model_default_params()
    parameters.vocab_only = True
    model = llama.llama_model_load_from_file(str(open_store(settings).locate(SMALL).file).encode(), parameters)
    yield {name: Vocabulary(model, name, template) for name, template in TEMPLATES.items()}
    llama.llama_model_free(model)


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    weights = open_store(settings).locate(SMALL).file
    with model_server(weights, name=SMALL, context_tokens=512, slots=1, template=ALL) as address:
        yield address.removesuffix("/v1")


def rendered(address: str, family: str, chat: Sequence[Message]) -> str:
    """The chat as llama.cpp renders it with its Jinja, without thinking."""
    body = {
        "messages": [{"role": message.role, "content": message.text} for message in chat],
        "chat_template_kwargs": {"family": family, "enable_thinking": False},
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{address}/apply-template", json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["prompt"])


@pytest.mark.parametrize("family", TEMPLATES)
def test_a_chat_is_that_of_llama_cpps_jinja(address: str, vocabularies: dict[str, Vocabulary], family: str) -> None:
    vocabulary = vocabularies[family]
    expected = rendered(address, family, CHAT)
    assert all(message.text in expected for message in CHAT)
    tokens = vocabulary.prompt(CHAT).tokens
    if TEMPLATES[family].startswith(CHATML):
        assert list(tokens) == vocabulary.tokens(expected, control=True, begin=True)
    else:
        # The small model has no control tokens for these marks; they are text to it.
        assert b"".join(map(vocabulary.piece, tokens)).decode() == expected


@pytest.mark.parametrize("family", TEMPLATES)
def test_the_sequence_begins_once(vocabularies: dict[str, Vocabulary], family: str) -> None:
    tokens = vocabularies[family].prompt(CHAT).tokens
    assert all(one != other for one, other in pairwise(tokens[:3]))
