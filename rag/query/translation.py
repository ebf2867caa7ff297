"""Questions in another language than the documents': told by their small words, and translated for the search."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Final

from rag.domain.values import Question, Usage
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.completion import complete_line
from rag.runtime.cancellation import Cancellation

# The most frequent small words, without those that two of these languages share.
_SMALL_WORDS: Final = {
    "English": "the of and to is that for it with as was on are by this be from or have an at not which how what "
    "when where who why does do did can much many long often should must will if there",
    "German": "der die das und ist nicht ein eine einen einem einer mit auf für von dem den wie viel viele was wann "
    "wo wer warum welche welcher welches wird werden kann muss darf bei zum zur über nach gibt sich auch "
    "oder ich wir sind hat",
    "French": "le les des est et une pour dans que qui quel quelle quels quelles combien quand où pourquoi comment "
    "sur au aux avec il elle nous vous sont être doit peut ce cette du par ne pas faut je",
    "Spanish": "el los las una del qué cuánto cuánta cuántos cuántas cuándo dónde cómo quién cuál por para con es "
    "son está se puede debe hay al y lo su más cada tiene hace durante",
    "Italian": "il gli che è di della delle dei degli nel nella quanto quanta quanti quante quando dove come chi "
    "quale per con sono può deve si una ogni dopo ha",
    "Dutch": "het een van en is niet dat op te zijn voor met hoe veel wat wanneer waar wie waarom welke wordt "
    "worden kan moet mag bij naar ook er ik wij hebben heeft",
    "Portuguese": "o os uma dos das do da não que quanto quanta quantos quantas quando onde como quem qual para com é "
    "são está pode deve há ao mais cada tem em",
}
_SETS: Final = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(r"\d+")
# Not the first word, which is in capitals anyhow.
_NAME: Final = re.compile(r"(?<=\s)[^\W\d_a-zß-öø-ÿ][^\W_]{2,}")
# So many small words, and so many more than of any other language.
_FEWEST: Final = 2
_SAMPLED: Final = 24
_MAX_TOKENS: Final = 64

TRANSLATE: Final = """\
Translate the question into {language}. Keep names and numbers as they are. Do not answer it. \
Reply with the translation alone."""


def language_of(text: str) -> str | None:
    """The English name of the language that a text is in; None where its small words do not tell."""
    said = Counter(word.casefold() for word in _WORD.findall(text))
    counts = {language: sum(said[word] for word in small) for language, small in _SETS.items()}
    (best, most), (_, second) = Counter(counts).most_common(2)
    return best if most >= _FEWEST and most > second else None


def translate_question(
    question: Question, generation: Generation, model: LanguageModel, cancelled: Cancellation
) -> tuple[Question, Usage]:
    """The question in the documents' language, and the tokens that it took; as it is where that is its own.

    A translation that lacks a number of the question is not taken; names that it lost are put behind it.
    """
    asked = language_of(question.text)
    if asked is None:
        return question, Usage()
    written = _language_of_documents(generation)
    if written in (None, asked):
        return question, Usage()
    messages = [Message("system", TRANSLATE.format(language=written)), Message("user", question.text)]
    text, usage = complete_line(model, messages, max_tokens=_MAX_TOKENS, cancelled=cancelled)
    numbers = set(_NUMBER.findall(question.text))
    if not text or not numbers <= set(_NUMBER.findall(text)) or language_of(text) not in (written, None):
        return question, usage
    # A model takes names for words: those that the documents have are searched for as they are.
    lost = [name for name in _NAME.findall(question.text) if generation.knows(name) and not _has(text, name)]
    return replace(question, text=" ".join([text, *lost])), usage


def _has(text: str, name: str) -> bool:
    return name.casefold() in text.casefold()


def _language_of_documents(generation: Generation) -> str | None:
    """That of most of some passages, taken evenly."""
    rows = range(0, len(generation), max(1, len(generation) // _SAMPLED))
    found = Counter(language_of(passage.chunk.text) for passage in generation.passages(list(rows)))
    return found.most_common(1)[0][0] if found else None
