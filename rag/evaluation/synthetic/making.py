"""The loop: a fact, a prompt, a question, kept or thrown away."""

from __future__ import annotations

from collections.abc import Iterator

from rag.evaluation.synthetic.filters import is_new, rejection_reason
from rag.evaluation.synthetic.prompt import MAX_TOKENS, messages, parse
from rag.evaluation.synthetic.sampling import sampled_facts
from rag.evaluation.synthetic.types import Fact, SyntheticQuestion
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel, Token
from rag.runtime.cancellation import Cancellation
from rag.text.sentences import words


def make_questions(
    generation: Generation, model: LanguageModel, count: int, seed: int = 0
) -> Iterator[SyntheticQuestion]:
    """Up to ``count`` questions, spread over documents and pages; fewer where the documents do not hold so many facts.

    The same index, model and seed give the same questions. Nothing is chosen by how well it is retrieved or answered,
    for that is what the questions are to measure.

    Raises:
        ModelUnusable: the model failed.
    """
    asked: list[frozenset[str]] = []
    for fact in sampled_facts(generation, seed):
        if len(asked) == count:
            return
        question = question_about(fact, model)
        if question and is_new(question.question, asked):
            asked.append(frozenset(words(question.question)))
            yield question


def question_about(fact: Fact, model: LanguageModel) -> SyntheticQuestion | None:
    """The model's question about one fact; None where it is not worth keeping."""
    said = ""
    prompt = model.prompt(messages(fact))
    for token in model.generate(prompt, max_tokens=MAX_TOKENS, cancelled=Cancellation()):
        said += token.text if isinstance(token, Token) else ""
        if "?" in said:
            break  # a generation that nobody reads on ends here
    question = parse(said)
    return SyntheticQuestion(question, fact, fact.form) if question and not rejection_reason(question, fact) else None
