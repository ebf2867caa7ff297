"""Hits for a question: those of all its searches in one ranking, and of one more in formal words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rag.answering.composing.comparison import names_both
from rag.answering.evidence.quizzes import quizzes_last
from rag.answering.evidence.selection import with_page
from rag.answering.evidence.units import units_of
from rag.answering.run import Run
from rag.domain.values import Form, Hit, Question, Usage
from rag.models.llm.language_model import LanguageModel
from rag.query.rewording.restating import restated
from rag.query.types import UnderstoodQuestion
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.interleaving import interleave
from rag.retrieval.retriever import Retriever, reranker_text
from rag.retrieval.scoring import HIGHEST_LOGIT

# Hits of the whole question that come before those of its parts.
_FIRST: Final = 4
# Documents and aspects of a comparison that are searched.
_MOST_COMPARED: Final = 4
_MOST_ASPECTS: Final = 4
# The reranker's logit of the best passage from which on it is taken to be about the question: of 45 answerable
# questions 41 have one, of 39 that are not 4. Below it a question is searched for in other words: of 54
# open questions 16 are below it, four fewer with these.
NEAR: Final = 2.0
# Hits whose sentences are read one by one where none is near, and most sentences.
_READ_BY_SENTENCE: Final = 6
_MOST_SENTENCES: Final = 80
# What a sentence's logit counts less than that of a passage, which has to be about the question as a whole: with 1.5 or
# 2 the likelihood of "answerable" is highest, of 206 questions of which 131 are.
_LESS_BY_ITSELF: Final = 1.5
_BATCH: Final = 16
# Forms whose searches have their own words.
_NOT_RESTATED: Final[frozenset[Form]] = frozenset({"parts", "overview", "keyword"})


@dataclass(frozen=True)
class QuestionSearch:
    """Search for the passages of a question.

    Attributes:
        cache: retrieval results by question.
        model: restates a question for which nothing near is found; None where it is not to.
    """

    retriever: Retriever
    cache: RetrievalCache
    model: LanguageModel | None = None

    def hits(self, run: Run, limit: int) -> tuple[list[Hit], Usage]:
        """The hits of all searches for a question, best first, and the tokens that restating it took.

        Args:
            run: of the question.
            limit: most hits of each search.

        Raises:
            Cancelled: the run was cancelled.
            ModelError: the model failed.
        """
        hits, usage = self._found(run, limit)
        return quizzes_last(run.question.text, hits), usage

    def _found(self, run: Run, limit: int) -> tuple[list[Hit], Usage]:
        """The same, quizzes among them."""
        found = self._interleaved(run, limit)
        if self._is_far(run, found):
            found = self._read_by_sentence(run, found)
        if self.model is None or _has_own_words(run) or not self._is_far(run, found):
            return found, Usage()
        text, usage = restated(run.understood.searches[0].text, self.model, run.cancelled)
        if text is None:
            return found, usage
        others = self._search(run, replace(run.understood.searches[0], text=text), limit)
        # Hits of several searches are in no order of scores.
        return _merged(found, others) if _is_one_search(run.understood) else interleave([found, others]), usage

    def _is_far(self, run: Run, hits: Sequence[Hit]) -> bool:
        """True where the best passage may not be about the question, and other words may find a better one."""
        logits = [hit.logit for hit in hits if hit.logit is not None]
        may_be = run.understood.language in (None, "English") and not run.understood.unknown_identifiers
        return may_be and bool(logits) and max(logits) < NEAR

    def _read_by_sentence(self, run: Run, hits: Sequence[Hit]) -> list[Hit]:
        """The hits, the first ones each with the highest of its logits for the whole text and for its sentences.

        A passage that speaks of several things seems to be about none of them: "Can I get my deposit back?" has a logit
        of -9 for one that ends with "There is no refund for the deposit", and -0.7 for this sentence.
        """
        reranker, question = self.retriever.reranker, run.understood.searches[0].text
        sentences = [
            (hit.passage.row, text)
            for hit in hits[:_READ_BY_SENTENCE]
            if hit.logit is not None
            for text in _sentences(run, hit)
        ][:_MOST_SENTENCES]
        if reranker is None or not sentences:
            return list(hits)
        best: dict[int, float] = {}
        for first in range(0, len(sentences), _BATCH):
            run.cancelled.check()
            batch = sentences[first : first + _BATCH]
            logits = reranker.logits(question, [text for _, text in batch]).tolist()
            for (row, _), logit in zip(batch, logits, strict=True):
                best[row] = max(best.get(row, logit - _LESS_BY_ITSELF), logit - _LESS_BY_ITSELF)
        raised = [self._raised(hit, best.get(hit.passage.row)) for hit in hits]
        # Hits of several searches are in no order of scores. A sort is stable.
        return sorted(raised, key=lambda hit: -hit.score) if _is_one_search(run.understood) else raised

    def _raised(self, hit: Hit, logit: float | None) -> Hit:
        """The hit with a higher logit, and the score that it has with it."""
        if logit is None or hit.logit is None or logit <= hit.logit:
            return hit
        logit = min(logit, HIGHEST_LOGIT)
        return replace(hit, logit=logit, score=hit.score + self.retriever.weights.reranker * (logit - hit.logit))

    def _search(self, run: Run, question: Question, limit: int) -> Sequence[Hit]:
        return self.cache.hits(self.retriever, run.generation, question, limit, run.cancelled)

    def _interleaved(self, run: Run, limit: int) -> list[Hit]:
        """The hits of all searches, interleaved; a follow-up searches the documents of the conversation first."""
        understood = run.understood
        rankings = [self._search(run, question, limit) for question in understood.searches]
        if understood.topic:
            rankings[0] = interleave([rankings[0], self._search(run, understood.topic, limit)])
        whole = rankings[-1] if understood.form == "comparison" else rankings[0]
        if understood.prior_documents and understood.asked.history and not understood.asked.documents:
            prior = replace(understood.searches[0], documents=understood.prior_documents)
            rankings.insert(0, self._search(run, prior, limit))
        if understood.form == "comparison":
            rankings += [self._search(run, question, limit) for question in _aspects(understood, whole)]
        # The searches for parts and sides are vague by themselves.
        first = _first(understood, whole)
        run.cancelled.check()
        return self._read_for_bare_questions(run, interleave([[*first, *interleave(rankings)]]))

    def _read_for_bare_questions(self, run: Run, hits: Sequence[Hit]) -> list[Hit]:
        """The hits, each with the highest of its logits for the whole text and for the questions in it alone.

        What a person tells beside a question, "We are going abroad.", is in no passage: each seems to be about
        something else then.
        """
        questions, reranker = run.understood.bare_questions, self.retriever.reranker
        if reranker is None or not questions or not hits:
            return list(hits)
        texts = [reranker_text(hit.passage) for hit in hits]
        best = np.max([reranker.logits(question, texts) for question in questions], axis=0)
        run.cancelled.check()
        return [
            hit if hit.logit is None else replace(hit, logit=max(hit.logit, min(float(logit), HIGHEST_LOGIT)))
            for hit, logit in zip(hits, best, strict=True)
        ]


def _has_own_words(run: Run) -> bool:
    """True where the searches are worded otherwise than the question: of a comparison, where it names its sides."""
    return run.form in _NOT_RESTATED or (run.form == "comparison" and not _is_one_search(run.understood))


def _sentences(run: Run, hit: Hit) -> list[str]:
    """The texts of a passage's units that state something."""
    units = units_of([with_page(run.generation, hit)])
    return [unit.text for unit in units if unit.is_statement or unit.is_telling_line]


def _is_one_search(understood: UnderstoodQuestion) -> bool:
    return len(understood.searches) == 1 and not understood.topic and not understood.prior_documents


def _merged(hits: Sequence[Hit], others: Sequence[Hit]) -> list[Hit]:
    """The hits of two searches for the same thing, each with its higher score, in the order of these."""
    best: dict[int, Hit] = {}
    for hit in (*hits, *others):
        before = best.get(hit.passage.row)
        if before is None or hit.score > before.score:
            best[hit.passage.row] = hit
    # A sort is stable.
    return sorted(best.values(), key=lambda hit: -hit.score)


def _aspects(understood: UnderstoodQuestion, hits: Sequence[Hit]) -> list[Question]:
    """A search for each aspect of a comparison, in the documents that the comparison is found in."""
    documents = tuple(dict.fromkeys(hit.passage.document.name for hit in hits))[:_MOST_COMPARED]
    aspects = understood.attributes[:_MOST_ASPECTS]
    return [replace(understood.standalone, text=aspect, documents=documents, history=()) for aspect in aspects]


def _first(understood: UnderstoodQuestion, whole: Sequence[Hit]) -> Sequence[Hit]:
    """The hits of the whole question that come before those of parts and sides: first those that name both sides."""
    if understood.form == "comparison":
        # A sort is stable: the others stay as they are.
        whole = sorted(whole, key=lambda hit: -(hit.logit or 0.0) if names_both(understood.searches, hit) else math.inf)
    return whole[:_FIRST] if understood.form in ("parts", "comparison") else ()
