"""Formats that llama.cpp's marks do not tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.chat_format import empty_thought, is_phi_4_mini, phi_4_mini
from rag.models.llm.language_model import Message

CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
SWITCHED = (
    CHATML + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% if enable_thinking is false %}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"
)


@pytest.mark.parametrize(
    ("template", "thought"),
    [
        pytest.param(CHATML + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}", "", id="no thoughts"),
        pytest.param(SWITCHED, "<think>\n\n</think>\n\n", id="a switch"),
        pytest.param(SWITCHED.replace("</think>\\n\\n", "</think>\\n"), "<think>\n\n</think>\n", id="another spelling"),
        pytest.param(
            CHATML + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}",
            "<think>\n\n</think>\n\n",
            id="always opened",
        ),
        pytest.param(
            "{{ m.content.split('</think>')[-1] }}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}",
            "",
            id="only earlier thoughts are left out",
        ),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_empty_thought_of_a_template(template: str, thought: str) -> None:
    assert empty_thought(template) == thought


@pytest.mark.parametrize(
    ("template", "is_it"),
    [
        pytest.param("{{ '<|' + role + '|>' + text + '<|end|>' }}{{ '<|assistant|>' }}", True, id="Phi 4 mini"),
        pytest.param("{{ '<|user|>\\n' + text + '<|end|>\\n' }}{{ '<|assistant|>\\n' }}", False, id="Phi 3.5"),
        pytest.param("{{ '<|im_start|>user<|im_sep|>' + text }}{{ '<|end|><|assistant|>' }}", False, id="Phi 4"),
        pytest.param(CHATML, False, id="ChatML"),
    ],
)
def test_phi_4_mini_is_told_from_the_others(template: str, *, is_it: bool) -> None:
    assert is_phi_4_mini(template) is is_it


def test_a_chat_of_phi_4_mini() -> None:
    messages = [Message("system", "S"), Message("user", "U\n"), Message("assistant", "A"), Message("user", "V")]
    assert (
        phi_4_mini(messages) == "<|system|>S<|end|><|user|>U\n<|end|><|assistant|>A<|end|><|user|>V<|end|><|assistant|>"
    )


@given(st.text(alphabet="<think>/\\n{} add_generation_prompt", max_size=200))
def test_any_template(template: str) -> None:
    thought = empty_thought(template)
    assert thought == "" or (thought.startswith("<think>") and "</think>" in thought)
