"""Query understanding: the steps from a question as typed to its form, its parts and the searches for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rag.domain.values import Document, Form, Question, Usage
from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder
from rag.models.llm.language_model import LanguageModel
from rag.query.capabilities import impossible_request, refused
from rag.query.collection import collection_reply
from rag.query.decomposition import split_comparison
from rag.query.english.clauses import asks_of, own_questions, plain
from rag.query.english.request_subjects import request_subject
from rag.query.form import form_of_question
from rag.query.identifiers import missing_identifiers
from rag.query.lookup.document_names import searched_documents
from rag.query.lookup.prior_documents import prior_documents
from rag.query.lookup.similar_documents import left_out
from rag.query.lookup.topic import topic_of
from rag.query.multilingual.question_language import language_of_question
from rag.query.parts import attributes_of, parts_of
from rag.query.relative_dates import needs_today
from rag.query.rewording.rewriting import rewrite_follow_up
from rag.query.rewording.translation import language_shares, translate_question
from rag.query.section_lookup import find_section
from rag.query.small_talk import small_talk
from rag.query.spelling import correct_spelling, is_known_word
from rag.query.types import Reply, UnderstoodQuestion
from rag.runtime.cancellation import Cancellation
from rag.text.sentences import sentence_spans

_MOST_SEARCHES: Final = 4
_MOST_BARE_QUESTIONS: Final = 2
# Characters in which questions are looked for: of a longer text, as many at its beginning and at its end.
_LONGEST: Final = 500


def understand(
    question: Question, generation: Generation, model: LanguageModel, encoder: Encoder, cancelled: Cancellation
) -> UnderstoodQuestion:
    """Recognises small talk, follow-ups, other languages, the form of answer, and what a question is made of.

    The model is used only to rewrite a follow-up, and to translate into the documents' language. The rules read at most
    the first and the last 500 characters of a text; what is between them is searched for, too. Each step takes a few
    milliseconds, and the cancellation is checked before each.

    Raises:
        Cancelled: ``cancelled`` was called.
        ModelUnusable: the model failed.
    """
    understood = _understood(question, generation, model, encoder, cancelled)
    return replace(understood, language=language_of_question(question.text, language_shares(generation)))


def _understood(
    question: Question, generation: Generation, model: LanguageModel, encoder: Encoder, cancelled: Cancellation
) -> UnderstoodQuestion:
    asked = _brief(question).text
    cancelled.check()
    if reply := small_talk(asked) or impossible_request(asked):
        return UnderstoodQuestion(question, question, (), reply.form, (question.text,), reply=reply)
    cancelled.check()
    prior = prior_documents(question, generation)
    standalone, searched, usage = rewrite_follow_up(question, model, cancelled)
    translation = translate_question(standalone, generation, model, cancelled)
    if translation.question is not standalone:
        # The answer is found in the documents' language, as its quotes are.
        standalone = searched = translation.question
    usage += translation.usage
    brief = _brief(standalone)
    cancelled.check()
    if found := _looked_up(question, brief, generation, prior, usage):
        return replace(found, standalone=standalone, parts=_whole(found.parts, standalone))
    cancelled.check()
    if len(searched.text) <= 2 * _LONGEST:
        languages = language_shares(generation)
        text = correct_spelling(
            searched.text, generation, lambda word: is_known_word(word, encoder, languages), cancelled=cancelled
        )
        searched = replace(searched, text=text)
    parts, refusal = _parts(brief.text)
    cancelled.check()
    documents = searched_documents(standalone, generation.documents)
    form = form_of_question(brief.text, language_of_question(brief.text, language_shares(generation)))
    cancelled.check()
    searches = _searches(searched, form, generation)
    if translation.further and form != "comparison":
        searches = (*searches, translation.further)
    cancelled.check()
    return UnderstoodQuestion(
        question,
        standalone,
        searches,
        form,
        _whole(parts, standalone),
        attributes_of(brief.text),
        missing_identifiers(brief.text, generation, documents, cancelled),
        needs_today(brief.text),
        prior,
        usage=usage,
        scope_note=refusal,
        bare_questions=_bare_questions(brief.text),
        # Where one value is asked for, the whole question finds its passage.
        topic=None if form in ("fact", "yes_no", "comparison") else topic_of(_brief(searched), generation),
    )


def _brief(question: Question) -> Question:
    """The question with the beginning and the end of a long text, cut between sentences, or else between words."""
    text = question.text
    if len(text) <= 2 * _LONGEST:
        return question
    first, last = text[:_LONGEST], text[-_LONGEST:]
    # Half a sentence could look like a question.
    begun, ended = (list(sentence_spans(part)) for part in (first, last))
    first = first[: begun[-1][0]] if len(begun) > 1 else first.rpartition(" ")[0] or first
    last = last[ended[1][0] :] if len(ended) > 1 else last.partition(" ")[2] or last
    return replace(question, text=f"{first.rstrip()} ... {last}")


def _whole(parts: tuple[str, ...], question: Question) -> tuple[str, ...]:
    """The parts of a question; the one part of a long text is all of it."""
    return (question.text,) if len(parts) == 1 and len(question.text) > 2 * _LONGEST else parts


def _looked_up(
    question: Question, standalone: Question, generation: Generation, prior: Sequence[str], usage: Usage
) -> UnderstoodQuestion | None:
    """The question with a reply from the index, or with the passages that it names; None where it needs a search."""
    found = collection_reply(standalone, generation, prior) or find_section(standalone, generation, prior)
    if found is None:
        return None
    is_reply = isinstance(found, Reply)
    return UnderstoodQuestion(
        question,
        standalone,
        (),
        found.form if isinstance(found, Reply) else "overview",
        (standalone.text,) if is_reply else parts_of(standalone.text),
        prior_documents=tuple(prior),
        reply=found if isinstance(found, Reply) else None,
        passages=() if isinstance(found, Reply) else found.passages,
        usage=usage,
        scope_note=None if isinstance(found, Reply) else found.note,
    )


def _parts(text: str) -> tuple[tuple[str, ...], str | None]:
    """The parts of a question that can be answered, and the sentence that refuses the others, if there are any."""
    parts = parts_of(text)
    questions = own_questions(asks_of(plain(text)).questions)
    if len(parts) != len(questions):
        return parts, None
    refusals = [refused(ask) for ask in questions]
    note = next((refusal.text.partition(". ")[0] + "." for refusal in refusals if refusal), None)
    return tuple(part for part, refusal in zip(parts, refusals, strict=True) if not refusal), note


def _bare_questions(text: str) -> tuple[str, ...]:
    asks = asks_of(plain(text))
    own = own_questions(asks.questions) if asks.questions and asks.statements else ()
    return tuple(f"{ask.text}{'.' if ask.is_order else '?'}" for ask in own[:_MOST_BARE_QUESTIONS])


def _without_similar(question: Question, documents: Sequence[Document]) -> Question:
    """The question, put to all documents but those that are like one that it names."""
    out = {one.id for one in left_out(question.text, documents)} if not question.documents else ()
    return replace(question, documents=tuple(one.name for one in documents if one.id not in out)) if out else question


def _searches(question: Question, form: Form, generation: Generation) -> tuple[Question, ...]:
    """The searches for a question: itself, with the sides of a comparison before it or its parts after it.

    But for a comparison, documents that are like one that it names are left out, and of a request its subject is
    searched for.
    """
    brief = _brief(question)
    if sides := split_comparison(brief, generation.documents):
        # A document that compares both sides need not be called like either of them.
        return (*sides, question)
    if form == "comparison":
        return (question,)
    question = _without_similar(question, generation.documents)
    question = replace(question, text=request_subject(question.text))
    parts = parts_of(brief.text) if form == "parts" else ()
    if len(parts) < 2:
        return (question,)
    own = [*parts[: _MOST_SEARCHES - 2], " ".join(parts[_MOST_SEARCHES - 2 :])]
    return (question, *(replace(question, text=request_subject(part)) for part in own if part))
