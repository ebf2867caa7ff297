"""Style sheets of a web page, as far as they cross out, hide or raise elements by tag, class or id.

Pure. A selector may name elements around the one that it selects; a child is taken for any descendant. Rules for print
and other media than a screen do not count, nor do selectors of siblings, attributes or states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING: Final = r"(?:[^{0}\\\n]|\\.){{0,1000}}"
_TOKEN: Final = re.compile(
    rf""" "{_STRING.format('"')}" | '{_STRING.format("'")}' | [{{}};] | [^"'{{}};]+ | ["'] """, re.DOTALL | re.VERBOSE
)
_SELECTOR: Final = re.compile(r"([a-z][a-z0-9]*|\*?)((?:[.#][\w-]+)*)", re.IGNORECASE)
_COMBINATOR: Final = re.compile(r"\s{0,20}>\s{0,20}|\s{1,20}")
_PART: Final = re.compile(r"[.#][\w-]+")
_SCREEN: Final = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*\Z", re.IGNORECASE)
# Blocks of rules that hold for browsers of today.
_HOLDING: Final = re.compile(r"@layer\b|@supports\s+(?!not\b)", re.IGNORECASE)
# Heights above the line, each with the least that raises text.
_HEIGHT: Final = re.compile(r"(\d{0,4}(?:\.\d{1,6})?)(px|pt|em|ex|rem|%)")
_LEAST_HEIGHTS: Final = {"px": 3.0, "pt": 2.5, "em": 0.2, "ex": 0.4, "rem": 0.2, "%": 15.0}
_RELATIVE: Final = re.compile(r"\bposition\s{0,9}:\s{0,9}relative\b", re.IGNORECASE)
_MOVED_UP: Final = re.compile(r"(?<![\w-])top\s{0,9}:\s{0,9}-[.\d]", re.IGNORECASE)
_NO_DISPLAY: Final = re.compile(r"\bnone\b", re.IGNORECASE)
_NOTHING: Final = re.compile(r"0+(?:\.0*)?(?:px|pt|em|rem|%)?")
_MOST_RULES: Final = 2_000
_MOST_OF_A_PART: Final = 50
_MOST_PARTS: Final = 5
_MOST_COMPOUNDS: Final = 5

# The tag and the attributes of an element.
Element: TypeAlias = tuple[str, Mapping[str, str | None]]


@dataclass(frozen=True)
class Look:
    """An element's look, as far as it matters; None where a style does not say."""

    crossed_out: bool | None = None
    hidden: bool | None = None
    raised: bool | None = None

    def under(self, later: Look) -> Look:
        """The look after a later style."""
        return Look(
            self.crossed_out if later.crossed_out is None else later.crossed_out,
            self.hidden if later.hidden is None else later.hidden,
            self.raised if later.raised is None else later.raised,
        )


_PLAIN: Final = Look()


def look_of(declarations: str) -> Look:
    """The look that declarations give, such as "color: red; text-decoration: line-through"."""
    look = Look()
    for declaration in declarations.split(";"):
        name, _, value = declaration.partition(":")
        look = look.under(_declared(name.strip().lower(), value.replace("!important", "").strip().lower()))
    is_up = _RELATIVE.search(declarations) and _MOVED_UP.search(declarations)
    return look.under(Look(raised=True)) if is_up else look


def _declared(name: str, value: str) -> Look:
    if name in ("text-decoration", "text-decoration-line"):
        return Look(crossed_out="line-through" in value)
    if name == "display":
        return Look(hidden=bool(_NO_DISPLAY.search(value)))
    if name == "vertical-align":
        return Look(raised=value in ("super", "text-top") or _is_high(value))
    if name == "visibility":
        return Look(hidden=value in ("hidden", "collapse"))
    if name in ("font-size", "opacity") and _NOTHING.fullmatch(value):
        return Look(hidden=True)
    return Look()


def _is_high(height: str) -> bool:
    """True if text at this height above its line is raised."""
    found = _HEIGHT.fullmatch(height)
    return found is not None and bool(found[1]) and float(found[1]) >= _LEAST_HEIGHTS[found[2]]


class _Compound(NamedTuple):
    """A selector of one element; the tag may be empty."""

    tag: str
    parts: frozenset[str]

    def fits(self, tag: str, parts: frozenset[str]) -> bool:
        return self.tag in ("", tag) and self.parts <= parts


@dataclass(frozen=True)
class _Rule:
    """A rule for an element within others, of which the nearest is the first."""

    element: _Compound
    around: Sequence[_Compound]
    look: Look

    def is_within(self, ancestors: Iterable[Element]) -> bool:
        left = list(reversed(self.around))
        for tag, attributes in ancestors if left else ():
            if left[-1].fits(tag, _parts_of(attributes)):
                left.pop()
                if not left:
                    return True
        return not left


class Stylesheet:
    """Rules of a page's style sheets; of those that fit an element, a later one goes before an earlier one."""

    def __init__(self, sheets: Iterable[str]) -> None:
        self._rules: dict[str, list[tuple[int, _Rule]]] = {}
        rules = (rule for sheet in sheets for rule in _rules(sheet))
        for order, rule in zip(range(_MOST_RULES), rules, strict=False):
            # Under one of its parts, so that an element looks at few rules.
            found = self._rules.setdefault(min(rule.element.parts, default=rule.element.tag), [])
            found.append((order, rule))
            del found[:-_MOST_OF_A_PART]

    @property
    def tags(self) -> frozenset[str]:
        """The tags that rules name alone."""
        return frozenset(key for key in self._rules if key[:1] not in (".", "#"))

    @property
    def hides(self) -> bool:
        """True if a rule hides elements."""
        return any(rule.look.hidden for rules in self._rules.values() for _, rule in rules)

    @cached_property
    def raises(self) -> bool:
        """True if a rule raises elements."""
        return any(rule.look.raised for rules in self._rules.values() for _, rule in rules)

    def look(
        self, tag: str, attributes: Mapping[str, str | None], ancestors: Callable[[], Iterable[Element]] = tuple
    ) -> Look:
        """The look of an element by its tag, class and id, and those of the elements around it, the nearest first."""
        if not self._rules:
            return _PLAIN
        parts = _parts_of(attributes)
        found = [numbered for key in (tag, *parts) for numbered in self._rules.get(key, ())]
        look = Look()
        for _, rule in sorted(found, key=lambda numbered: numbered[0]):
            if rule.element.fits(tag, parts) and (not rule.around or rule.is_within(ancestors())):
                look = look.under(rule.look)
        return look


def _parts_of(attributes: Mapping[str, str | None]) -> frozenset[str]:
    """The classes and the id of an element, as selectors write them."""
    parts = {f".{name}" for name in (attributes.get("class") or "").split()}
    if key := attributes.get("id"):
        parts.add(f"#{key}")
    return frozenset(parts)


def _rules(sheet: str) -> Iterator[_Rule]:
    for selectors, declarations in _blocks(_COMMENT.sub(" ", sheet)):
        look = look_of(declarations)
        if look == Look():
            continue
        for selector in selectors.split(","):
            compounds = [_compound(one) for one in _COMBINATOR.split(selector.strip(), _MOST_COMPOUNDS)]
            *around, element = compounds
            if element and all(compounds) and element != _Compound("", frozenset()):
                yield _Rule(element, [one for one in reversed(around) if one], look)


def _compound(selector: str) -> _Compound | None:
    found = _SELECTOR.fullmatch(selector)
    parts = _PART.findall(found.group(2)) if found else ()
    if not found or not selector or len(parts) > _MOST_PARTS:
        return None
    return _Compound(found.group(1).lower().strip("*"), frozenset(parts))


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of each rule that holds on a screen."""
    open_: list[str] = []  # what is before the braces that are open
    text: list[str] = []
    for piece in _TOKEN.findall(sheet):
        if piece == "{":
            open_.append("".join(text).strip())
            text = []
        elif piece == "}" and open_:
            before = open_.pop()
            if not before.startswith("@") and _holds(open_):
                yield before, "".join(text)
            text = []
        elif piece == ";" and not open_:
            text = []  # @import and @charset
        else:
            text.append(piece)


def _holds(around: Sequence[str]) -> bool:
    return all(_SCREEN.match(one) or _HOLDING.match(one) for one in around)
