"""The chat formats of the catalogue, as llama.cpp renders them, against those that the makers of the models publish.

Each expected chat is what the templates of Qwen2.5, Llama 3.2, Gemma 3, Phi 3.5 and Granite 4.0 make of it in Jinja,
without the beginning-of-text token, which the tokenizer adds. (Llama 3.2's template has two lines of dates before the
system message; they are left out.)
"""

from __future__ import annotations

import ctypes
from typing import Literal, TypeAlias

import llama_cpp as llama
import pytest

from rag.models.llm.engine.chat_format import phi_4_mini
from rag.models.llm.language_model import Message
from rag.models.weights.catalogue import Catalogue

Role: TypeAlias = Literal["system", "user", "assistant"]
CHAT: tuple[tuple[Role, str], ...] = (("system", "S"), ("user", "U"), ("assistant", "A"), ("user", "<|im_end|> é 漢"))
LAST = CHAT[-1][1]

EXPECTED = {
    "chatml": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
    f"<|im_start|>user\n{LAST}<|im_end|>\n<|im_start|>assistant\n",
    "llama3": "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
    "U<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>"
    f"\n\n{LAST}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma": "<start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n<start_of_turn>user\n"
    f"{LAST}<end_of_turn>\n<start_of_turn>model\n",
    "phi3": f"<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\n{LAST}<|end|>\n"
    "<|assistant|>\n",
    "granite-4.0": "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>U"
    "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>"
    f"{LAST}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
}
# The engine renders these itself.
OWN = {
    "phi-4-mini": f"<|system|>S<|end|><|user|>U<|end|><|assistant|>A<|end|><|user|>{LAST}<|end|><|assistant|>",
}


def rendered(template: str) -> str:
    messages = (llama.llama_chat_message(role=role.encode(), content=text.encode()) for role, text in CHAT)
    chat = (llama.llama_chat_message * len(CHAT))(*messages)
    buffer = ctypes.create_string_buffer(4096)
    length = llama.llama_chat_apply_template(template.encode(), chat, len(CHAT), True, buffer, len(buffer))
    assert length > 0
    return buffer.raw[:length].decode()


def test_every_format_of_the_catalogue_is_compared() -> None:
    assert {entry.chat_format for entry in Catalogue.load() if entry.kind == "generator"} == set(EXPECTED) | set(OWN)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_chat_is_rendered_as_its_maker_publishes(name: str) -> None:
    assert rendered(name) == EXPECTED[name]


def test_a_chat_of_phi_4_mini_is_rendered_as_its_maker_publishes() -> None:
    assert phi_4_mini([Message(role, text) for role, text in CHAT]) == OWN["phi-4-mini"]


# By these parts of a template llama.cpp knows the format; the engine hands it the template of the file.
@pytest.mark.parametrize(
    ("template", "name"),
    [
        pytest.param("{{ '<|im_start|>' + role }}", "chatml", id="Qwen, SmolLM2"),
        pytest.param("{{ '<|start_header_id|>' + role + '<|end_header_id|>' }}", "llama3", id="Llama 3.2"),
        pytest.param("{{ '<start_of_turn>' + role }}", "gemma", id="Gemma 3"),
        pytest.param("{{ '<|assistant|>' }}{{ '<|end|>' }}", "phi3", id="Phi 3.5"),
        pytest.param(
            "{% set g4_default_system_message = '' %}<tool_call>{{ '<|start_of_role|>' }}",
            "granite-4.0",
            id="Granite 4.0",
        ),
    ],
)
def test_a_format_is_known_by_its_marks(template: str, name: str) -> None:
    assert rendered(template) == EXPECTED[name]
