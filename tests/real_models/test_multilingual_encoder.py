"""The real multilingual encoder: translations are near each other, and far from sentences about something else."""

from __future__ import annotations

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.token_counter import token_counter
from rag.models.opening import open_encoder, open_store, tokenizer_file
from rag.settings import Settings

pytestmark = pytest.mark.real_models

# The same three sentences in each language.
SENTENCES = {
    "en": ["Dogs are not allowed in the flat.", "The invoice is due in 30 days.", "The lighthouse lamp burns oil."],
    "de": ["Hunde sind in der Wohnung nicht erlaubt.", "Die Rechnung ist in 30 Tagen fällig.",
           "Die Lampe des Leuchtturms brennt mit Öl."],
    "es": ["No se permiten perros en el piso.", "La factura vence en 30 días.", "La lámpara del faro quema aceite."],
    "ru": ["Собаки в квартире запрещены.", "Счёт нужно оплатить за 30 дней.", "Лампа маяка горит на масле."],
    "zh": ["公寓内不允许养狗。", "发票在30天内到期。", "灯塔的灯烧油。"],
    "ar": ["لا يسمح بالكلاب في الشقة.", "تستحق الفاتورة خلال 30 يوما.", "مصباح المنارة يحرق الزيت."],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> Settings:
    settings = Settings(profile="multilingual")
    try:
        open_store(settings).locate(settings.encoder, "encoder")
    except ModelError as error:
        pytest.skip(str(error))
    return settings


def test_translations_are_nearer_than_other_sentences(settings: Settings) -> None:
    encoder = open_encoder(settings)
    assert isinstance(encoder, BertEncoder)
    assert encoder.identity["dimension"] == 384
    english = encoder.encode(SENTENCES["en"])
    for language, sentences in SENTENCES.items():
        cosines = encoder.encode(sentences) @ english.T
        same = np.diag(cosines)
        others = cosines[~np.eye(3, dtype=bool)]
        # Its cosines are high: those of sentences about other things are about 0.7.
        assert same.min() > others.max() + 0.05, language


def test_questions_find_the_passage_in_another_language(settings: Settings) -> None:
    encoder = open_encoder(settings)
    questions = ["Darf ich einen Hund halten?", "¿Cuándo hay que pagar la factura?", "灯塔的灯用什么燃料？"]
    found = encoder.encode_questions(questions) @ encoder.encode(SENTENCES["en"]).T
    assert found.argmax(axis=1).tolist() == [0, 1, 2]


def test_ingest_counts_tokens_as_the_encoder_does(settings: Settings) -> None:
    encoder, count = open_encoder(settings), token_counter(tokenizer_file(settings))
    for text in [text for sentences in SENTENCES.values() for text in sentences]:
        assert count(text) == encoder.count_tokens(text) > 3
    assert encoder.max_tokens == 300
