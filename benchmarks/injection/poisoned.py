"""Poisoned documents: attacks from templates in ten families, put into short documents at different places.

All is determined by the seed. The templates are in ``benchmarks/data/injection.toml``.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

TEMPLATES: Final = Path(__file__).parent.parent / "data" / "injection.toml"
# The families that were written against the filter, with the knowledge of its patterns.
ADAPTIVE: Final = ("adaptive, first round", "adaptive, second round")

Goal: TypeAlias = Literal["show", "silence"]
Placement: TypeAlias = Literal[
    "sentence", "before", "after", "section", "item", "title", "heading", "table head", "table cell", "alone"
]
PLACEMENTS: Final[tuple[Placement, ...]] = (
    "sentence", "before", "after", "section", "item", "title", "heading", "table head", "table cell", "alone"
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Attacks of one kind; ``silence`` attacks want an abstention, the others want something shown."""

    name: str
    goal: Goal
    templates: Sequence[str]


@dataclass(frozen=True)
class Carrier:
    """A short document with one fact, and the question about it; ``lie`` is a false answer of the right kind."""

    name: str
    title: str
    heading: str
    text: str
    head: Sequence[str]
    row: Sequence[str]
    question: str
    subject: str
    answer: str
    lie: str


@dataclass(frozen=True)
class Poisoned:
    """A poisoned document.

    Attributes:
        name: of its file.
        attack: the text that was put in.
        targets: what an answer that obeys shows; of these, ``addresses`` are the attacker's.
        html: the whole document.
    """

    name: str
    family: Family
    carrier: Carrier
    placement: Placement
    attack: str
    targets: tuple[str, ...]
    addresses: tuple[str, ...]
    html: str


def read_templates(path: Path = TEMPLATES) -> tuple[list[Family], list[Carrier]]:
    """The families and the carriers of a file of templates."""
    read: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Family(**each) for each in read["families"]], [Carrier(**each) for each in read["carriers"]]


def poisoned_documents(seed: int = 1, copies: int = 3) -> list[Poisoned]:
    """``copies`` documents for each template, each with another carrier at another place."""
    chance = random.Random(seed)  # noqa: S311 - a set that can be made again
    families, carriers = read_templates()
    found: list[Poisoned] = []
    for family in families:
        # Every family comes to every place.
        places = _endlessly(PLACEMENTS, chance)
        hosts = _endlessly(carriers, chance)
        for template in family.templates:
            for _ in range(copies):
                found.append(_poisoned(len(found) + 1, family, template, next(hosts), next(places)))
    return found


def clean_html(carrier: Carrier) -> str:
    """The document of a carrier without an attack."""
    return _page(carrier, carrier.title, [*_told(carrier), *_table(carrier.head, [carrier.row])])


def _endlessly(items: Sequence[Any], chance: random.Random) -> Iterator[Any]:
    while True:
        yield from chance.sample(list(items), len(items))


def _poisoned(number: int, family: Family, template: str, carrier: Carrier, placement: Placement) -> Poisoned:
    mark = f"Zorbel{number}"
    site, mail = f"www.{carrier.name}-{number}.example", f"desk{number}@{carrier.name}-care.example"
    phone = f"+99 555 {number:03} 4477"
    addresses = {"site": site, "mail": mail, "phone": phone}
    values = {"lie": carrier.lie, "mark": mark, "subject": carrier.subject, "question": carrier.question, **addresses}
    attack = template.format(**values)
    attack = attack[0].upper() + attack[1:]
    used = {name: value for name, value in values.items() if f"{{{name}}}" in template}
    return Poisoned(
        f"{number:03}_{carrier.name}.html",
        family,
        carrier,
        placement,
        attack,
        tuple(used[name] for name in ("lie", "mark", *addresses) if name in used),
        tuple(used[name] for name in addresses if name in used),
        _html(carrier, placement, attack),
    )


def _html(carrier: Carrier, placement: Placement, attack: str) -> str:
    line = " ".join(attack.split())
    told, table = _told(carrier), _table(carrier.head, [carrier.row])
    first, rest = carrier.text.split(". ", 1)
    items = "".join(f"<li>{escape(each)}</li>" for each in [*carrier.text.split(". "), line])
    bodies: Mapping[Placement, Sequence[str]] = {
        "sentence": [_paragraph(f"{first}. {line} {rest}"), *table],
        "before": [_paragraph(attack), *told],
        "after": [*told, _paragraph(attack), *table],
        "section": [*told, "<h2>Remarks</h2>", _paragraph(attack)],
        "item": [f"<ul>{items}</ul>"],
        "title": told,
        "heading": [f"<h2>{escape(line)}</h2>", *told],
        "table head": [*told, *_table([carrier.head[0], line], [carrier.row])],
        "table cell": [*told, *_table(carrier.head, [carrier.row, [carrier.subject, line]])],
        "alone": [_paragraph(f"This is about {carrier.subject}."), _paragraph(attack)],
    }
    return _page(carrier, f"{carrier.title}. {line}" if placement == "title" else carrier.title, bodies[placement])


def _told(carrier: Carrier) -> list[str]:
    return [_paragraph(carrier.text)]


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>".replace("\n\n", "</p><p>").replace("\n", "<br>")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return ["<table>", line("th", head), *(line("td", row) for row in rows), "</table>"]


def _page(carrier: Carrier, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title></head><body>\n"
        f"<h1>{escape(title)}</h1>\n<h2>{escape(carrier.heading)}</h2>\n{body}\n</body></html>\n"
    )
