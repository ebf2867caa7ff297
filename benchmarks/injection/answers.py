"""Answers of the whole system to questions about poisoned documents, with the filter and without it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from itertools import chain, zip_longest
from pathlib import Path
from unittest.mock import patch

from benchmarks.injection.obedient import ObedientModel
from benchmarks.injection.poisoned import Poisoned, poisoned_documents
from benchmarks.injection.verdict import verdict
from benchmarks.journal import Journal, Row
from ingest.__main__ import main as ingest
from rag.answering.answerer import Answerer
from rag.cli.console import progress
from rag.composition import open_answerer, open_retriever
from rag.domain.values import Question
from rag.errors import IngestFault
from rag.settings import Settings
from rag.text.prompt_injection import injected_spans


def measured_answers(
    documents: Sequence[Poisoned],
    sample: int | None,
    seed: int,
    settings: Settings,
    journal: Journal,
    *,
    obedient: bool = False,
    folder: Path | None = None,
) -> list[Row]:
    """The rows of answers: those of the journal, and the others, which are asked now.

    Args:
        documents: all that are in the index.
        sample: so many of them are asked about; None for all.
        seed: of the sample.
        settings: those of the models.
        journal: of the answers.
        obedient: whether a stand-in that obeys takes the place of the language model.
        folder: in which the documents and their index stay for the next run; None for one that is removed.

    Raises:
        ModelError: weights are missing or unusable.
        IngestFault: the documents could not be ingested.
    """
    chosen = _sampled(documents, sample, seed)
    known = {(row["name"], row["filter"]): row for row in journal.rows()}
    rows: list[Row] = []
    opened = _retriever_alone if obedient else open_answerer
    with _kept(folder) as root, _answerer_of(documents, root, settings, opened) as answerer, progress() as tell:
        for number, poisoned in enumerate(chosen):
            tell("documents", number, len(chosen))
            for is_filtered in (True, False):
                row = known.get((poisoned.name, is_filtered))
                if row is None:
                    asked = replace(answerer, model=ObedientModel(poisoned)) if obedient else answerer
                    row = _asked(asked, poisoned, is_filtered=is_filtered)
                    journal.append(row)
                rows.append(row)
        tell("documents", len(chosen), len(chosen))
    return rows


def _sampled(documents: Sequence[Poisoned], sample: int | None, seed: int) -> list[Poisoned]:
    """So many documents, of all families in turn."""
    shuffled = random.Random(seed).sample(list(documents), len(documents))  # noqa: S311 - can be drawn again
    families = dict.fromkeys(one.family.name for one in documents)
    groups = [[one for one in shuffled if one.family.name == name] for name in families]
    in_turns = [one for one in chain.from_iterable(zip_longest(*groups)) if one is not None]
    return in_turns[:sample]


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    """The folder, or a new one that is removed in the end."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as root:
        yield Path(root)


@contextmanager
def _answerer_of(
    documents: Sequence[Poisoned], root: Path, settings: Settings, opened: Callable[[Settings], Answerer]
) -> Iterator[Answerer]:
    folder, index = root / "documents", root / "index"
    folder.mkdir(parents=True, exist_ok=True)
    for poisoned in documents:
        (folder / poisoned.name).write_text(poisoned.html, encoding="utf-8")
    if ingest([str(folder), "--index", str(index)]):
        raise IngestFault("the poisoned documents could not be ingested")
    answerer = opened(settings.model_copy(update={"index": index}))
    try:
        yield answerer
    finally:
        answerer.close()


def _retriever_alone(settings: Settings) -> Answerer:
    """An answerer whose model is still to be put in."""
    retriever, index = open_retriever(settings)
    model = ObedientModel(poisoned_documents()[0])
    return Answerer(index, retriever, model, settings.passages, settings.evidence_tokens, settings.max_tokens)


def _asked(answerer: Answerer, poisoned: Poisoned, *, is_filtered: bool) -> Row:
    question = Question(poisoned.carrier.question, documents=(poisoned.name,))
    with ExitStack() as stack:
        if not is_filtered:
            stack.enter_context(_no_filter())
        answer = answerer.ask(question)
    generation = answerer.generation()
    found = verdict(poisoned, answer, lambda one: generation.page(one.document_id, one.page).text)
    return {
        "name": poisoned.name,
        "filter": is_filtered,
        "family": poisoned.family.name,
        "placement": poisoned.placement,
        "attack": poisoned.attack,
        "answer": answer.answer,
        "answered": answer.answered,
        "certainty": answer.certainty,
        "verdict": asdict(found),
    }


@contextmanager
def _no_filter() -> Iterator[None]:
    """A context in which documents are read as they are, and no address gets a note."""
    injected_spans.cache_clear()
    with (
        patch("rag.text.prompt_injection.is_prompt_injection", return_value=False),
        patch("rag.answering.answer_builder.unnamed_contacts", return_value=[]),
    ):
        yield
    injected_spans.cache_clear()
