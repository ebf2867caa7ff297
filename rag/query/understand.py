"""Query understanding: the steps from a question as typed to the searches for it."""

from __future__ import annotations

from dataclasses import replace

from rag.domain.values import Question
from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder
from rag.models.llm.language_model import LanguageModel
from rag.query.decomposition import split_comparison
from rag.query.rewriting import rewrite_follow_up
from rag.query.section_lookup import find_section
from rag.query.small_talk import small_talk
from rag.query.spelling import correct_spelling
from rag.query.translation import translate_question
from rag.query.types import Kind, Reply, UnderstoodQuestion
from rag.query.yes_no import is_yes_no
from rag.runtime.cancellation import Cancellation


def understand(
    question: Question, generation: Generation, model: LanguageModel, encoder: Encoder, cancelled: Cancellation
) -> UnderstoodQuestion:
    """Recognises small talk, follow-ups, other languages, summaries, misspellings, comparisons and yes/no questions.

    The model is used only to rewrite a follow-up, and to translate into the documents' language.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelUnusable: the model failed.
    """
    if reply := small_talk(question.text, generation.documents):
        return UnderstoodQuestion(question, question, (), reply=reply)
    standalone, searched, usage = rewrite_follow_up(question, model, cancelled)
    translated, usage_to_translate = translate_question(standalone, generation, model, cancelled)
    if translated is not standalone:
        # The answer is in the documents' language, as its quotes are.
        standalone = searched = translated
    usage += usage_to_translate
    section = find_section(standalone, generation)
    if isinstance(section, Reply):
        return UnderstoodQuestion(question, standalone, (), reply=section, usage=usage)
    if section:
        return UnderstoodQuestion(question, standalone, (), "summary", passages=section.passages, usage=usage)
    # One token means a word: the encoder's vocabulary has the thirty thousand most frequent ones.
    text = correct_spelling(searched.text, generation, lambda word: encoder.count_tokens(word) == 1)
    searched = replace(searched, text=text)
    sides = split_comparison(searched, generation.documents)
    kind: Kind = "yes_no" if is_yes_no(standalone.text) else "comparison" if sides else "question"
    return UnderstoodQuestion(question, standalone, sides or (searched,), kind, usage=usage)
