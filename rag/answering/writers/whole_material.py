"""Material of a whole answer: the units of its passages, with what is known of them before and after the drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.composing.comparison import comparing_units, sides_of
from rag.answering.composing.material import Composition
from rag.answering.evidence.page_breaks import with_torn_sentences
from rag.answering.evidence.relevance import unit_relevance
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Support
from rag.answering.run import Run
from rag.answering.usefulness.announced import announced_block, raised
from rag.answering.usefulness.fitness import fitness_of
from rag.answering.usefulness.model import USEFULNESS_MODEL, unit_features
from rag.answering.usefulness.named_section import outside_named_section
from rag.answering.usefulness.pointers import Pointer, followed_list
from rag.answering.usefulness.rival_lists import RivalLists, rival_lists
from rag.answering.usefulness.targets import Target
from rag.domain.values import Hit
from rag.models.embedding.interfaces import Reranker
from rag.query.decomposition import asks_for_definitions

# Parts of a question, or aspects of a comparison, that are looked after; documents in which those are.
_MOST_TARGETS: Final = 4
_MOST_SIDES: Final = 2


@dataclass(frozen=True)
class WholeMaterial:
    """Material of a whole answer that does not depend on the draft.

    Attributes:
        hits: that the evidence was chosen from.
        evidence: the passages.
        units: of the evidence.
        relevance: a logit for each unit.
        outside: positions of the units outside of the section whose heading the question has.
        rivals: of procedures, those whose condition of quantity holds for what was asked, and those whose does not.
        fitness: a factor of each unit's usefulness, 0..1: 0 for one that is about something else than was asked.
        table: the rows of the form, where a table was asked for and a rule finds them.
        sides: positions of the units of each side of a comparison.
        comparing: positions of the units of passages that compare the two sides.
    """

    hits: Sequence[Hit]
    evidence: Sequence[Evidence]
    units: Sequence[Unit]
    relevance: Sequence[float]
    outside: frozenset[int]
    rivals: RivalLists
    fitness: Sequence[float]
    table: Sequence[Support]
    sides: Sequence[frozenset[int]]
    comparing: frozenset[int]


def gather(
    run: Run,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    reranker: Reranker | None,
    table: Sequence[Support] = (),
) -> WholeMaterial:
    """The material of an answer from some of the hits; without a reranker all units are as relevant.

    Args:
        run: of the question.
        hits: of the search, best first.
        evidence: passages whose units may be shown.
        reranker: tells how relevant each unit is.
        table: see :class:`WholeMaterial`.

    Raises:
        Cancelled: the run was cancelled.
    """
    question, units = run.question.text, units_of(with_torn_sentences(run.generation, evidence))
    outside = outside_named_section(question, units)
    return WholeMaterial(
        hits,
        evidence,
        units,
        unit_relevance(question, units, reranker, run.cancelled) if reranker else [0.0] * len(units),
        outside,
        rival_lists(question, units) if run.form == "how_to" else RivalLists(),
        fitness_of(question, units, hits, _named(run), outside),
        table,
        _sides(run, units),
        comparing_units(run.understood.searches, units) if run.form == "comparison" else frozenset(),
    )


def composition_of(run: Run, material: WholeMaterial, drafts: Sequence[Sequence[Pointer]]) -> Composition:
    """The units with their usefulness, by what the drafts point to; the first of these is the answer's own.

    Of that one nothing is followed that is outside of the section which the question names.
    """
    question, units = run.question, material.units
    followed = [one for one in drafts[0] if not one.units or not material.outside.issuperset(one.units)]
    meant = material.rivals.only
    if meant is not None:
        followed = [one for one in followed if all(units[place].block in (None, meant) for place in one.units)]
    features = list(unit_features(question.text, units, material.relevance, drafts, material.hits))
    others = _of_other_procedures(run, material, followed, meant)
    fitness = [0.0 if other else factor for factor, other in zip(material.fitness, others, strict=True)]
    useful = [factor * USEFULNESS_MODEL.probability(one) for factor, one in zip(fitness, features, strict=True)]
    announced = announced_block(question.text, run.form, units, features, fitness) if meant is None else meant
    return Composition(
        question.text,
        run.form,
        followed,
        units,
        raised(run.form, units, features, useful, announced),
        question.length,
        material.sides,
        material.comparing,
        table=material.table,
        features=features,
        fitness=fitness,
        announced=announced,
    )


def _of_other_procedures(
    run: Run, material: WholeMaterial, pointers: Sequence[Pointer], meant: int | None
) -> list[bool]:
    """True for each unit of another list than the one procedure that is asked for, or that a draft follows.

    Args:
        run: of the question.
        material: with the units of the evidence.
        pointers: of the draft.
        meant: number of the list that the quantity of the question asks for; None where it asks for none.
    """
    units, failing = material.units, material.rivals.failing
    if run.form != "how_to":
        return [False] * len(units)
    followed = followed_list(pointers, units) if meant is None else meant
    kinds = {unit.kind for unit in units if followed is not None and unit.block == followed}
    return [
        (unit.kind in kinds and unit.block != followed)
        or (unit.block is not None and (unit.block in failing or place in material.outside))
        for place, unit in enumerate(units)
    ]


def targets_of(run: Run, composition: Composition) -> list[Target]:
    """The parts of a question; of a comparison, what the two sides are compared in, in each of two documents.

    Of "What is the difference between A and B?", what each of the two is.
    """
    understood = run.understood
    if run.form == "parts" and len(understood.parts) > 1:
        return [Target(part) for part in understood.parts[:_MOST_TARGETS]]
    if run.form != "comparison":
        return []
    if not understood.attributes and asks_for_definitions(understood.searches):
        return [Target(side.text) for side in understood.searches[:_MOST_SIDES]]
    documents = _documents(composition)[:_MOST_SIDES]
    aspects = understood.attributes[:_MOST_TARGETS]
    return [Target(aspect, frozenset({one})) for aspect in aspects for one in documents]


def _documents(composition: Composition) -> list[str]:
    """The ids of the documents that the units are from, the best first."""
    return list(dict.fromkeys(unit.place[0] for unit in composition.units))


def _named(run: Run) -> frozenset[str]:
    """The ids of the documents that the question names."""
    topic = run.understood.topic
    names = set(topic.documents) if topic else set()
    return frozenset(one.id for one in run.generation.documents if not names.isdisjoint(one.names))


def _sides(run: Run, units: Sequence[Unit]) -> list[frozenset[int]]:
    ids = {name: one.id for one in run.generation.documents for name in one.names}
    return sides_of(run.understood.searches, units, ids) if run.form == "comparison" else []
