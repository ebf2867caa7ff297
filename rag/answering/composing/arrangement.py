"""Arrangement of the units of a whole answer: their order, what they need beside them, and their sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final

from rag.answering.claims.language.polarity import introducing_polarity
from rag.answering.composing.comparison import labelled, labels_of
from rag.answering.composing.material import MOST_ITEMS, Composition
from rag.answering.composing.nesting import completed, inlined
from rag.answering.composing.table_view import rows_as_support
from rag.answering.evidence.units import Unit
from rag.answering.grounding import Support, heading_above
from rag.answering.usefulness.announced import enumerates
from rag.answering.usefulness.opposition import introductions_of
from rag.domain.values import Form
from rag.text.sentences import SENTENCE_END

# Forms of which a list is shown whole as soon as one of its items is shown.
WHOLE_LISTS: Final[frozenset[Form]] = frozenset({"how_to", "list", "table"})
FEWEST_ITEMS: Final = 2
# Words of an item that is the title of the text below it, and sentences of this text.
_LONGEST_TITLE: Final = 6
_TEXT_OF_TITLE: Final = 5
# Words of a sentence that is shown because it stands between two that are.
_LONGEST_BETWEEN: Final = 40
# Forms that begin with the unit that answers best, rather than with the first one in the document.
_DIRECT: Final[frozenset[Form]] = frozenset({"explain", "about", "parts", "keyword"})


def arranged(material: Composition, chosen: Collection[int]) -> list[int]:
    """The positions of the chosen units, and of those that they cannot be understood without, as they are shown."""
    chosen = {*chosen, *_texts_of_titles(material, chosen)}
    if material.form != "overview":
        chosen |= completed(material.units, chosen)
    attached = _antecedents(material, chosen) | _introductions(material, chosen) | _between(material, chosen)
    ordered = _in_order(material, attached.union(chosen))
    if material.form == "parts" and material.served.nearest:
        ordered = _by_part(material, ordered, attached)
    return _each_once(material, ordered)


def _each_once(material: Composition, places: Sequence[int]) -> list[int]:
    """The positions without those whose text is shown before.

    A procedure may have the same step twice, and two documents that are compared the same sentence.
    """
    counts = Counter(material.units[place].block for place in places)
    seen: set[tuple[str | None, str]] = set()
    once = []
    for place in places:
        unit = material.units[place]
        key = (unit.place[0] if material.form == "comparison" else None, unit.text)
        is_listed = unit.block is not None and counts[unit.block] > 1
        if is_listed or key not in seen:
            once.append(place)
        seen.add(key)
    return once


def has_lead(form: Form) -> bool:
    """True for a form whose answers begin with the unit that answers best."""
    return form in _DIRECT


def note_on_lists(material: Composition, shown: Sequence[Support]) -> str | None:
    """A sentence for people that says that a list is not all there, or may not be; None where it is.

    Args:
        material: of the answer.
        shown: its sentences.
    """
    if material.form not in WHOLE_LISTS or material.table:
        return None
    places = {(quote.evidence.hit.passage.document.id, quote.span) for item in shown for quote in item.quotes}
    sizes = Counter(unit.block for unit in material.units if unit.block is not None)
    counts = Counter(unit.block for unit in material.units if unit.block is not None and unit.place in places)
    for block, count in counts.items():
        if FEWEST_ITEMS <= count < sizes[block]:
            first = next(unit for unit in material.units if unit.block == block)
            what = "table" if first.row else "list"
            things = "rows" if first.row else "items"
            return f"The {what} on page {first.span.page} has {sizes[block]} {things}; {count} of them are shown."
    has_whole = any(count == sizes[block] and count >= FEWEST_ITEMS for block, count in counts.items())
    has_whole = has_whole or any(enumerates(item.sentence) for item in shown)
    return None if has_whole or material.form != "list" else "The documents may name more."


def _antecedents(material: Composition, chosen: Iterable[int]) -> set[int]:
    """The sentences in front of those that begin with "It" or "These", where they are not chosen themselves."""
    return {place - 1 for place in chosen if material.depends(place) and material.has_antecedent(place)}


def _between(material: Composition, chosen: Collection[int]) -> set[int]:
    """The sentences between two chosen ones of a section: "A cracked one rings for less than 2." is often needed.

    In an overview, sentences need not go on from each other.
    """
    if material.form == "overview":
        return set()
    gaps = (place for place in range(1, len(material.units) - 1) if place not in chosen)
    return {
        place
        for place in gaps
        if place - 1 in chosen
        and place + 1 in chosen
        and len({section_of(one) for one in material.units[place - 1 : place + 2]}) == 1
        and all(one.kind == "sentence" for one in material.units[place - 1 : place + 2])
        and material.is_shown(place)
        and material.length_of([place]) <= _LONGEST_BETWEEN
    }


def _texts_of_titles(material: Composition, chosen: Collection[int]) -> Iterator[int]:
    """For each chosen item that is but the title of the text below it, "2. Send it in", its most useful sentence."""
    for place in chosen:
        if not _is_title(material, place):
            continue
        text = list(_text_below(material, place))
        if not any(one in chosen for one in text):
            useful = filter(material.is_shown, text)
            yield from sorted(useful, key=lambda one: (-material.usefulness[one], one))[:1]


def _is_title(material: Composition, place: int) -> bool:
    """True for a short item of a list whose items have text between them."""
    unit = material.units[place]
    if unit.kind not in ("item", "step") or unit.block is None or SENTENCE_END.search(unit.text):
        return False
    items = material.block(place)
    apart = sum(after - before > 1 for before, after in pairwise(items))
    return material.length_of([place]) <= _LONGEST_TITLE and 2 * apart >= len(items)


def _text_below(material: Composition, place: int) -> Iterator[int]:
    """The positions of the sentences that follow an item, up to the next item or heading."""
    for one, unit in enumerate(material.units[place + 1 : place + 1 + _TEXT_OF_TITLE], place + 1):
        is_text = unit.kind == "sentence" and SENTENCE_END.search(unit.text)
        if not is_text or unit.place[0] != material.units[place].place[0]:
            return
        yield one


def _introductions(material: Composition, chosen: Collection[int]) -> set[int]:
    """The introductions of the lists of which two items are chosen, or one that says nothing without it."""
    counts = Counter(material.units[place].block for place in chosen)
    fragments = {unit.block for unit in map(material.units.__getitem__, chosen) if unit.row is None and _is_part(unit)}
    return {
        place
        for block, place in introductions_of(material.units).items()
        if (material.units[place].kind != "line" and (counts[block] > 1 or block in fragments))
        or (counts[block] and _denies(material.units[place].text))
    }


def _is_part(unit: Unit) -> bool:
    """True for an item that goes on from its introduction: it is no sentence."""
    return unit.block is not None and (unit.text[-1] not in ".!" or unit.text[0].islower())


def _in_order(material: Composition, places: Iterable[int]) -> list[int]:
    """The positions in reading order, the documents by their most useful unit; the direct answer first of all."""
    places = sorted(places)
    best: dict[str, float] = {}
    for place in places:
        document = material.units[place].place[0]
        best[document] = max(best.get(document, 0.0), material.usefulness[place])
    ordered = sorted(places, key=lambda place: (-best[material.units[place].place[0]], place))
    lead = material.lead
    if lead is None and has_lead(material.form):
        lead = max(ordered, key=lambda place: material.usefulness[place], default=None)
        lead = lead if lead is not None and stands_alone(material.units[lead]) else None
    if lead is None:
        return ordered
    # What follows the direct answer in its section goes on from it.
    section = section_of(material.units[lead])
    first = [place for place in ordered if place >= lead and section_of(material.units[place]) == section]
    return [*first, *(place for place in ordered if place not in first)]


def section_of(unit: Unit) -> Hashable:
    """Equal for the units of one section of a document."""
    return unit.place[0], unit.headings


def _by_part(material: Composition, ordered: Sequence[int], attached: Collection[int]) -> list[int]:
    """The positions by the part of the question that they answer, in each part the one that answers it best first.

    What cannot be understood apart stays together. The part of a sentence that is sent already comes first.
    """
    nearest, served = material.served.nearest, material.served.places
    groups = _kept_together(material, ordered, attached)
    parts = [0] * len(groups)
    for number in range(len(groups) - 1, -1, -1):
        best = max(groups[number], key=lambda place: (material.usefulness[place], -place))
        following = parts[number + 1] if number + 1 < len(groups) else 0
        parts[number] = nearest.get(best, following)
    first = next((part for part, group in zip(parts, groups, strict=True) if material.lead in group), None)

    def rank(number: int) -> tuple[bool, int, bool, bool]:
        group = groups[number]
        opens = any(place in served and stands_alone(material.units[place]) for place in group)
        return parts[number] != first, parts[number], material.lead not in group, not opens

    return [place for number in sorted(range(len(groups)), key=rank) for place in groups[number]]


def _kept_together(material: Composition, ordered: Sequence[int], attached: Collection[int]) -> list[list[int]]:
    """The positions in groups: a list with its introduction, and a sentence with the one that it refers to.

    The direct answer begins a group, as it may have been shown already.
    """
    introductions = introductions_of(material.units)
    groups: list[list[int]] = []
    for place in ordered:
        unit, before = material.units[place], groups[-1][-1] if groups else None
        goes_on = before is not None and (
            (before == place - 1 and (before in attached or unit.refers_back))
            or (unit.block is not None and unit.block == material.units[before].block)
            or (unit.block is not None and introductions.get(unit.block) == before)
        )
        if goes_on and place != material.lead:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def stands_alone(unit: Unit) -> bool:
    """True for a sentence that does not refer to the one before it."""
    return unit.kind == "sentence" and not unit.refers_back


def sentences_of(material: Composition, places: Sequence[int]) -> list[Support]:
    """The units as sentences; rows of one table follow its head. In a comparison those of each side are labelled."""
    units = [material.units[place] for place in places]
    is_comparison = material.form == "comparison"
    labels = dict(zip(places, labels_of(material.question, units) if is_comparison else [""] * len(units), strict=True))
    before = ""
    introduced = introductions_of(material.units).keys()
    counts = Counter(unit.block for unit in units)
    supports: list[Support] = []
    within = inlined(material.units, places)
    groups = {place: _group_of(material.units[within.get(place, place)]) for place in places}
    for _, group in groupby(places, key=groups.__getitem__):
        numbers = list(group)
        members = [material.units[place] for place in numbers]
        # An overview has single clauses of a contract, whose numbers tell nothing.
        is_alone = (counts[members[0].block] == 1 or material.form == "overview") and not _is_part(members[0])
        shown = _rows(material, members) if members[0].row else [_joined(members, is_alone=is_alone)]
        shown = _under_negative_heading(members[0], introduced, shown, supports)
        label = labels[numbers[0]]
        supports += labelled(shown, label if label != before else "")
        before = label
    if supports and supports[0].kind == "detail":
        supports[0] = replace(supports[0], kind="lead")
    return supports


def _group_of(unit: Unit) -> Hashable:
    """Equal for the rows of one table."""
    return (unit.block, unit.kind) if unit.kind == "row" else unit.place


def _denies(introduction: str) -> bool:
    return introducing_polarity(introduction).negative


def _under_negative_heading(
    unit: Unit, introduced: Collection[int], shown: list[Support], before: Sequence[Support]
) -> list[Support]:
    """The first of the items under a heading that denies what they say, with this heading in front of it."""
    heading = unit.heading
    is_fragment = unit.kind in ("item", "line") and unit.block not in introduced
    if not is_fragment or not _denies(heading) or _denies(unit.text):
        return shown
    quote = before[-1].quotes[-1] if before else None
    if quote and heading_above(quote.evidence, quote.span) == heading:
        return shown
    first, *others = shown
    return [replace(first, sentence=f"{heading.rstrip(' .:?')}: {first.sentence}", verbatim=False), *others]


def _rows(material: Composition, units: Sequence[Unit]) -> list[Support]:
    size = sum(unit.block == units[0].block for unit in material.units)
    is_whole = len(units) >= min(size, MOST_ITEMS)
    return rows_as_support(material.question, units, is_whole=is_whole, has_parts=material.form == "parts")


def _joined(units: Sequence[Unit], *, is_alone: bool) -> Support:
    """An item as a sentence, with those that are shown in its line."""
    support = _support(units[0], is_alone=is_alone)
    quotes = [quote for unit in units for quote in unit.support().quotes]
    return replace(support, sentence=" ".join(unit.text for unit in units), quotes=tuple(quotes))


def _support(unit: Unit, *, is_alone: bool) -> Support:
    """A unit as a sentence; the introduction of a list leads it, so that its steps are numbered from 1.

    A step that is shown alone has no number.
    """
    if unit.kind == "sentence" and unit.text.endswith(":"):
        return unit.support("lead")
    return unit.support("detail" if is_alone and unit.kind in ("item", "step") else None)
