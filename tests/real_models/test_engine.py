"""The engine over a real model: caching, cancelling and batching change no answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

from rag.errors import Cancelled
from rag.models.llm.language_model import Finish, Message, RefusalProbability, Token
from rag.models.llm.local_model import LlamaCppModel
from rag.models.llm.tuning.parameters import Tuning
from rag.models.opening import open_store
from rag.runtime.cancellation import Cancellation
from rag.settings import Settings
from tests.real_models.conftest import ROOT, SMALL

pytestmark = [pytest.mark.real_models, pytest.mark.timeout(1200)]

REQUESTS = 60
# Other sequences change where a prompt's cells are in the pool, and so the rounding: a tenth of a logit and more.
BESIDE_OTHERS = 0.1


def model_of(settings: Settings, *, cache_bytes: int) -> LlamaCppModel:
    return LlamaCppModel(
        open_store(settings).locate(SMALL).file,
        name=SMALL,
        context_tokens=1024,
        tuning=Tuning(threads=2, batch_threads=2),
        cache_bytes=cache_bytes,
        cached_generations=0,
        # The length of a draft depends on how long steps took, and so would the shape of a step.
        prompt_lookup=False,
    )


@pytest.fixture(scope="module")
def cached(settings: Settings) -> Iterator[LlamaCppModel]:
    model = model_of(settings, cache_bytes=1 << 26)
    yield model
    model.close()


@pytest.fixture(scope="module")
def fresh(settings: Settings) -> Iterator[LlamaCppModel]:
    model = model_of(settings, cache_bytes=0)
    yield model
    model.close()


def questions(many: int, seed: int = 5) -> list[list[Message]]:
    """About a few passages, some of which are asked about much more often than others."""
    words = (ROOT / "LICENSE").read_text().split()  # a text that stays as it is
    chance = random.Random(seed)
    passages = [" ".join(words[start : start + chance.randint(20, 45)]) for start in range(0, 800, 80)]
    system = Message("system", "You answer from the passages, as briefly as possible.")
    return [
        [
            system,
            Message(
                "user",
                "\n\n".join(passages[min(int(chance.paretovariate(1)) - 1, 9)] for _ in range(2))
                + f"\n\nQuestion: what is said of {chance.choice(words)}?",
            ),
        ]
        for _ in range(many)
    ]


def said_by(
    model: LlamaCppModel, chat: list[Message], max_tokens: int = 4, cancelled: Cancellation | None = None
) -> tuple[str, float, int]:
    """The text, the refusal probability of "The", and how many tokens of the prompt were cached."""
    generated = list(
        model.generate(model.prompt(chat), max_tokens=max_tokens, cancelled=cancelled or Cancellation(), refusal="The")
    )
    begun, finish = generated[0], generated[-1]
    assert isinstance(begun, RefusalProbability)
    assert isinstance(finish, Finish)
    text = "".join(each.text for each in generated if isinstance(each, Token))
    return text, begun.refusal_probability, finish.usage.cached_tokens


def test_one_after_the_other_each_gets_the_same_as_without_a_cache(cached: LlamaCppModel, fresh: LlamaCppModel) -> None:
    cached_tokens = 0
    for chat in questions(REQUESTS):
        text, refusal_probability, tokens = said_by(cached, chat)
        assert said_by(fresh, chat) == (text, refusal_probability, 0)
        cached_tokens += tokens
    assert cached_tokens > 20 * REQUESTS


def test_a_yes_or_no_in_between_changes_no_answer(cached: LlamaCppModel, fresh: LlamaCppModel) -> None:
    for chat in questions(8, seed=9):
        cached.chance(cached.prompt([*chat, Message("user", "Is it so?")]), ["Yes"], ["No"], Cancellation())
        assert said_by(cached, chat)[:2] == said_by(fresh, chat)[:2]


def test_eight_at_once_some_of_them_cancelled(cached: LlamaCppModel) -> None:
    """The others end with nearly the same numbers; afterwards all is as before."""
    chats = questions(32, seed=7)
    before = [said_by(cached, chat) for chat in chats]
    found: dict[int, tuple[str, float, int]] = {}
    gone: set[int] = set()
    chance = random.Random(1)

    def ask(numbers: range) -> None:
        for number in numbers:
            cancellation = Cancellation()
            timer = threading.Timer(chance.uniform(0, 0.3), cancellation.cancel)
            if number % 3 == 0:
                timer.start()
            try:
                found[number] = said_by(cached, chats[number], 16 if number % 3 == 0 else 4, cancellation)
            except Cancelled:
                gone.add(number)
            timer.cancel()

    threads = [threading.Thread(target=ask, args=(range(start, 32, 8),)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.keys() | gone == set(range(32))
    assert all(number % 3 == 0 for number in gone)
    for number, (text, refusal_probability, _) in found.items():
        assert text
        assert refusal_probability == pytest.approx(before[number][1], abs=BESIDE_OTHERS)
    for number in range(0, 32, 5):
        assert said_by(cached, chats[number])[:2] == before[number][:2]


def test_cancelling_stops_within_a_step_of_prefill(cached: LlamaCppModel) -> None:
    expected = said_by(cached, questions(1)[0])
    # Two texts that share no prefix: the first shows how long the whole takes here and now.
    start = time.perf_counter()
    said_by(cached, [Message("user", "north light " * 400)], 1)
    whole = time.perf_counter() - start
    cancellation = Cancellation()
    threading.Timer(whole / 50, cancellation.cancel).start()
    start = time.perf_counter()
    with pytest.raises(Cancelled):
        said_by(cached, [Message("user", "fog signal " * 400)], 200, cancellation)
    assert time.perf_counter() - start < 0.8 * whole
    assert said_by(cached, questions(1)[0])[:2] == expected[:2]


def test_a_prompt_shares_a_prefix_that_was_computed_while_it_waited(cached: LlamaCppModel) -> None:
    passage = " ".join(f"signal {number}" for number in range(150))
    ends = [" What is this?", " And how many are there of them, if one may ask that of such a thing?"]
    found: dict[str, int] = {}

    def ask(end: str) -> None:
        found[end] = said_by(cached, [Message("user", passage + end)])[2]

    threads = [threading.Thread(target=ask, args=(end,)) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Of the first one only the head of the chat was cached.
    assert min(found.values()) < 32
    assert max(found.values()) > 200
