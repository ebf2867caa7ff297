"""Answer translation: the sentences of an answer in the language of the question, where the documents have another.

The model translates one sentence at a time, and each translation is checked against its original: see
:mod:`rag.answering.claims.translation_check`. Where a fault is found, the original is shown. The citations stay as they
are: quotes are in the language of their document.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.answer_builder import sentence_events
from rag.answering.claims.translation_check import translation_fault
from rag.answering.composing.value_answer import YES_NO_OPENINGS
from rag.answering.markdown_text import markdown
from rag.answering.prompt import NO, YES
from rag.answering.run import Run
from rag.domain.values import Answer, Sentence, SentenceVerified, Usage
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.rewording.completion import complete_line
from rag.text.language import language_of
from rag.text.languages.table import has_messages, in_language

TRANSLATE: Final = """\
Translate the text from {source} into {target}. Keep names, numbers and units as they are. \
Reply with the translation alone."""
# The model's own judgement of its translation, P(True): see rag/answering/draft.py.
SAME: Final = "{source}: {original}\n{target}: {translated}\nDo both say exactly the same? Answer Yes or No."

# P(True) from which on a translation is shown: of eight by the default model, those below it could not be understood.
_LEAST_SURE: Final = 0.8
# Sentences of an answer that are translated; a longer list stays as it is from there on, as each takes seconds.
_MOST: Final = 20
# Tokens of a translation for each of its original: more of them in a language that the model knows less.
_TOKENS: Final = 4
_LEAST_TOKENS: Final = 24
# A word that is no name, number or unit. Letters of other scripts have no capitals.
_WORD: Final = re.compile(r"(?<![^\W_])(?![A-ZÀ-ÖØ-Þ])[^\W\d_]{3,}|[^\W\d_\u0000-\u024f]{2,}")


@dataclass(frozen=True)
class AnswerTranslator:
    """Translates answers to one question.

    Attributes:
        run: of the question.
        target: its language, by its English name.
        languages: of each document that is in another one, by its id.
    """

    run: Run
    model: LanguageModel
    target: str
    languages: Mapping[str, str]

    def stream(self, answer: Answer) -> Generator[SentenceVerified, None, Answer]:
        """The answer with its sentences translated; each of them is yielded as soon as it is.

        Raises:
            Cancelled: the run was cancelled.
            ModelError: the model failed.
        """
        sources = {one.id: self.languages.get(one.document_id) for one in answer.citations}
        shown: list[Sentence] = []
        usage, lead_source = Usage(), None
        for event in sentence_events(answer):
            source = next((sources[number] for number in event.sentence.citations), None)
            lead_source = lead_source if shown else source
            sentence = event.sentence
            if source and len(shown) < _MOST:
                sentence, used = self._sentence(sentence, source)
                usage += used
            if sentence.original and shown:
                # The confidence of a copied sentence is that it was copied; the first one's is the answer's.
                sentence = replace(sentence, confidence=None)
            shown.append(sentence)
            yield replace(event, sentence=sentence)
        short, used = self._value(answer, shown, lead_source)
        others = [sentence for sentence in answer.sentences if sentence.verdict != "supported"]
        return replace(
            answer,
            answer=markdown(shown),
            sentences=(*shown, *others),
            short_answer=short,
            usage=answer.usage + usage + used,
            timings_ms=self.run.clock.timings,
        )

    def _sentence(self, sentence: Sentence, source: str) -> tuple[Sentence, Usage]:
        """The sentence, translated where that can be done, and the tokens it took.

        Rows of tables stay: their cells are values and names, without a sentence that would tell what they mean.
        """
        if sentence.kind == "row":
            return sentence, Usage()
        opening = self._opening(sentence.text)
        original = sentence.text[len(opening) :]
        translated, usage = self._translated(original, source)
        if not translated:
            return sentence, usage
        return replace(sentence, text=opening + translated, original=original), usage

    def _opening(self, text: str) -> str:
        """Yes/no prefix of a sentence in the language of the question, "Ja: ", which the program has put there."""
        openings = (f"{in_language(opening, self.target)}: " for opening in YES_NO_OPENINGS)
        return next((opening for opening in openings if text.startswith(opening)), "")

    def _value(self, answer: Answer, shown: list[Sentence], source: str | None) -> tuple[str | None, Usage]:
        """The value alone, in the language of the question where its words have one."""
        value = answer.short_answer
        is_opening = value in {in_language(opening, self.target) for opening in YES_NO_OPENINGS}
        if not value or not source or is_opening:
            return value, Usage()
        if shown[0].original == value:
            return shown[0].text, Usage()
        translated, usage = self._translated(value, source)
        return translated or value, usage

    def _translated(self, text: str, source: str) -> tuple[str, Usage]:
        """A text of a document in the language of the question; empty where it needs no translation, or none is right.

        A document may have passages in the language of the question, although most of it is in another.
        """
        if not _WORD.search(text) or language_of(text) not in (source, None):
            return "", Usage()
        one_line = " ".join(text.split())
        messages = [
            Message("system", TRANSLATE.format(source=source, target=self.target)),
            Message("user", one_line),
        ]
        most = max(_LEAST_TOKENS, _TOKENS * self.model.count_tokens(one_line))
        with self.run.clock.measuring("generate"):
            translated, usage = complete_line(self.model, messages, max_tokens=most, cancelled=self.run.cancelled)
        if not translated or translation_fault(one_line, translated, source, self.target):
            return "", usage
        with self.run.clock.measuring("verify"):
            is_sure = self._chance_of_same(one_line, translated, source) >= _LEAST_SURE
        return translated if is_sure else "", usage

    def _chance_of_same(self, original: str, translated: str, source: str) -> float:
        """P(True) of a translation, 0..1: a small model that translates badly is less sure that both say the same."""
        asked = SAME.format(source=source, original=original, target=self.target, translated=translated)
        return self.model.chance(self.model.prompt([Message("user", asked)]), YES, NO, self.run.cancelled)


def answer_translator(run: Run, model: LanguageModel) -> AnswerTranslator | None:
    """The translator of answers to a question; None where no document is in another language, as far as is known.

    Only between languages whose tables are whole: no rule can check a translation into another one.
    """
    target = run.understood.language
    if target is None or not has_messages(target):
        return None
    languages = {one.id: one.language for one in run.generation.documents if one.language and one.language != target}
    checked = {document: language for document, language in languages.items() if has_messages(language)}
    return AnswerTranslator(run, model, target, checked) if checked else None
