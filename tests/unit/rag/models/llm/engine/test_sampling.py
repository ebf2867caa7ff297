"""Sampling and scoring from hand-made logits."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Usage
from rag.models.llm.engine.context import Logits
from rag.models.llm.engine.sampling import Sampler, Scorer
from rag.models.llm.language_model import Finish, Generated, RefusalProbability, Token
from tests.unit.rag.models.llm.engine.fake_context import END, SIZE, FakeVocabulary

values = st.lists(st.floats(-60, 60, width=32), min_size=SIZE, max_size=SIZE)


def logits_of(likely: dict[int, float]) -> Logits:
    logits = np.zeros(SIZE, dtype=np.float32)
    for token, value in likely.items():
        logits[token] = value
    return logits


def softmax(values: list[float], token: int, temperature: float = 1.0) -> float:
    """In double precision, with a sum that loses nothing."""
    most = max(values)
    return math.exp((values[token] - most) / temperature) / math.fsum(
        math.exp((value - most) / temperature) for value in values
    )


def sampled(
    steps: list[Logits],
    *,
    max_tokens: int = 10,
    vocabulary_mask: list[int] | None = None,
    banned_first_token: int | None = None,
    pieces: dict[int, bytes] | None = None,
) -> list[Generated]:
    emitted: list[Generated] = []
    sampler = Sampler(
        FakeVocabulary(pieces),
        emitted.append,
        prompt_tokens=7,
        max_tokens=max_tokens,
        vocabulary_mask=None if vocabulary_mask is None else np.array(vocabulary_mask),
        banned_first_token=banned_first_token,
    )
    sampler.begin(4)
    for logits in steps:
        if sampler.advance(logits) is None:
            break
    return emitted


def text_of(emitted: list[Generated]) -> str:
    return "".join(each.text for each in emitted if isinstance(each, Token))


def test_greedy_sampling_until_the_end_token() -> None:
    emitted = sampled([logits_of({3: 2}), logits_of({5: 2}), logits_of({END: 2})])
    assert text_of(emitted) == "3 5 "
    assert emitted[-1] == Finish("stop", Usage(7, 4, 2))


def test_no_more_than_max_tokens() -> None:
    emitted = sampled([logits_of({3: 2})] * 5, max_tokens=3)
    assert text_of(emitted) == "3 3 3 "
    assert emitted[-1] == Finish("length", Usage(7, 4, 3))


@pytest.mark.parametrize("max_tokens", [0, 1])
def test_it_ends_at_once_where_there_is_no_room_for_more(max_tokens: int) -> None:
    assert isinstance(sampled([logits_of({3: 2})] * 5, max_tokens=max_tokens)[-1], Finish)


@given(values)
def test_the_probability_is_what_the_model_gave_among_all(likely: list[float]) -> None:
    emitted = sampled([np.array(likely, dtype=np.float32)], max_tokens=1, vocabulary_mask=[4, 9])
    token = 4 if likely[4] >= likely[9] else 9
    assert isinstance(emitted[0], Token)
    assert emitted[0].text == f"{token} "
    assert emitted[0].probability == pytest.approx(softmax(likely, token), rel=1e-4, abs=1e-30)


@given(values, st.integers(0, SIZE - 1))
def test_the_banned_first_token_is_not_sampled_and_its_probability_is_emitted(
    likely: list[float], banned_first_token: int
) -> None:
    first = np.array(likely, dtype=np.float32)
    emitted = sampled([first, logits_of({banned_first_token: 5})], banned_first_token=banned_first_token)
    assert isinstance(emitted[0], RefusalProbability)
    assert emitted[0].refusal_probability == pytest.approx(softmax(likely, banned_first_token), rel=1e-4, abs=1e-30)
    assert len([each for each in emitted if isinstance(each, RefusalProbability)]) == 1
    others = [value for token, value in enumerate(likely) if token != banned_first_token]
    token = likely.index(max(others)) if likely.index(max(others)) != banned_first_token else None
    if token not in (None, END):
        assert text_of(emitted).startswith(
            f"{token} " + (f"{banned_first_token} " if banned_first_token != END else "")
        )


@pytest.mark.parametrize(
    ("pieces", "texts"),
    [
        pytest.param([b"\xe2\x82", b"\xac!"], ["€!"], id="character-in-two"),
        pytest.param([b"\xf0\x9f", b"\x98", b"\x80"], ["😀"], id="character-in-three"),
        pytest.param([b"a\xc3", b"\xa9b"], ["a", "éb"], id="with-letters-beside"),
        pytest.param([b"a", b"\xe2\x82"], ["a", "�"], id="cut-off-at-the-end"),
        pytest.param([b"\xff", b"a"], ["�", "a"], id="never-a-character"),
        pytest.param([b"", b"a"], ["a"], id="of-nothing"),
    ],
)
@pytest.mark.parametrize("ending", ["stop", "length"])
def test_only_whole_characters_are_emitted(pieces: list[bytes], texts: list[str], ending: str) -> None:
    steps = [logits_of({token: 3}) for token in range(1, len(pieces) + 1)]
    most = len(pieces) if ending == "length" else 10
    emitted = sampled([*steps, logits_of({END: 3})], pieces=dict(enumerate(pieces, start=1)), max_tokens=most)
    assert [each.text for each in emitted if isinstance(each, Token)] == texts
    assert isinstance(emitted[-1], Finish)
    assert (emitted[-1].reason, emitted[-1].usage.completion_tokens) == (ending, len(pieces))


def texts_at(likely: list[float], temperature: float, seed: int, many: int) -> list[str]:
    emitted: list[Generated] = []
    sampler = Sampler(
        FakeVocabulary(), emitted.append, prompt_tokens=1, max_tokens=many, temperature=temperature, seed=seed
    )
    for _ in range(many):
        sampler.advance(np.array(likely, dtype=np.float32))
    return [each.text for each in emitted if isinstance(each, Token)]


def test_samples_follow_the_temperature_and_the_seed_repeats_them() -> None:
    likely = [-50.0, 1.0, 2.0, 3.0, *[-50.0] * (SIZE - 4)]
    found = texts_at(likely, 2.0, seed=3, many=4000)
    shares = Counter(found)
    for token in (1, 2, 3):
        assert shares[f"{token} "] / 4000 == pytest.approx(softmax(likely, token, 2.0), abs=0.03)
    assert found == texts_at(likely, 2.0, seed=3, many=4000)
    assert found != texts_at(likely, 2.0, seed=4, many=4000)
    assert set(texts_at(likely, 0.01, seed=3, many=50)) == {"3 "}


@given(values)
def test_a_score_is_the_share_of_yes_among_yes_and_no(likely: list[float]) -> None:
    emitted: list[float] = []
    scorer = Scorer(FakeVocabulary(), emitted.append, ["3", "5 9", "3"], ["4", "6"])
    scorer.begin(0)
    scorer.advance(np.array(likely, dtype=np.float32))
    yes, no = (sum(softmax(likely, token) for token in tokens) for tokens in ((3, 5), (4, 6)))
    if yes + no > 1e-40:
        assert emitted == [pytest.approx(yes / (yes + no), rel=1e-6, abs=1e-12)]


@pytest.mark.parametrize(("yes", "no", "chance"), [(300.0, -300.0, 1.0), (-300.0, 300.0, 0.0), (-9e4, -9e4, 0.5)])
def test_a_score_of_next_to_impossible_words(yes: float, no: float, chance: float) -> None:
    emitted: list[float] = []
    Scorer(FakeVocabulary(), emitted.append, ["3"], ["4"]).advance(logits_of({3: yes, 4: no, 7: 0.0}))
    assert emitted == [pytest.approx(chance, abs=1e-9)]
