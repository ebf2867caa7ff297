"""Regular expressions of the project: where they are, which methods they are used with, and texts that blow them up."""

from __future__ import annotations

import ast
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as sre  # type: ignore[import-not-found]
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from time import thread_time
from types import FunctionType, ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
METHODS: Final = frozenset({"match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn"})
# Those that go on behind a match.
_REPEATING: Final = frozenset({"finditer", "findall", "split", "sub", "subn"})

# For twice the length: 2 if the time is linear, 4 if it is quadratic.
GROWTH: Final = 2.5
# What is searched for the worst texts, and the lengths at which these are measured: each twice the one before.
# Steps are short at first, so that work of the fourth power is found before it takes seconds.
_SCREENED: Final = (16, 20, 30, 60, 120, 500, 2_000)
# Seconds that no linear work takes for one of the first of these lengths, on any machine.
_TOO_LONG: Final = 2e-3
_SHORTEST_TEXT: Final = 60
_MEASURED: Final = tuple(125 * 2**step for step in range(11))
# Where a text seemed to take too long among those that are searched, these are enough to see that it does.
_MEASURED_OF_SUSPECTS: Final = _MEASURED[:8]
# The exponent of the length: 1 if the time is linear, 2 if it is quadratic.
_SUSPECT_EXPONENT: Final = 1.35
# Seconds below which the clock says nothing.
_SHORT: Final = 2e-5
# Those above which one run says enough.
_LONG: Final = 0.05
# Those at which a text that has grown too fast so far is not made longer.
_SURE: Final = 1.0
_WORST: Final = 2


@dataclass(frozen=True)
class FoundPattern:
    """A compiled pattern of a module, and the methods it is called with, "search" or "finditer" among them."""

    name: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


@dataclass(frozen=True)
class Attack:
    """A text by its parts: what is repeated, and what stands before and after it."""

    before: str
    repeated: str
    after: str

    def text(self, length: int) -> str:
        """The text with about ``length`` characters."""
        times = max(length - len(self.before) - len(self.after), 0) // len(self.repeated) + 1
        return self.before + self.repeated * times + self.after


# Found in the modules -------------------------------------------------------------------------------------------------


@cache
def sources() -> Mapping[str, Path]:
    """The modules of ``rag`` and ``ingest`` by name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("rag", "ingest")
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def tree_of(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(sources()[module].read_text(encoding="utf-8"))


@cache
def modules_with_patterns() -> tuple[str, ...]:
    """The modules that import :mod:`re`."""
    return tuple(name for name in sources() if any(_imports_re(node) for node in ast.walk(tree_of(name))))


def _imports_re(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in ("re", "regex") for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module in ("re", "regex")


def patterns_of(module: str) -> list[FoundPattern]:
    """The compiled patterns in the variables and class attributes of a module, however deep in containers."""
    imported = import_module(module)
    found: dict[str, FoundPattern] = {}
    for name, value in vars(imported).items():
        if isinstance(value, ModuleType | FunctionType) or name.startswith("__"):
            continue
        for address, pattern in _inside(value, name, module, set()):
            if (module, name) not in _imported_names():
                found.setdefault(address, FoundPattern(f"{module}:{address}", pattern, methods_of(module, address)))
    return [*found.values(), *_inline(module)]


def _inline(module: str) -> Iterator[FoundPattern]:
    """The patterns that are written where they are used: ``re.sub(r"...", ...)``."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and _is_call_of_re(node.func) and _is_literal(node):
            assert isinstance(node.func, ast.Attribute)
            flags = [each for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr.isupper()]
            pattern = re.compile(ast.literal_eval(node.args[0]), sum(getattr(re, flag.attr) for flag in flags))
            if node.func.attr != "compile":
                yield FoundPattern(f"{module}:{node.lineno}", pattern, frozenset({node.func.attr}))


def _is_literal(node: ast.Call) -> bool:
    return bool(node.args) and isinstance(node.args[0], ast.Constant)


def _inside(value: object, address: str, module: str, seen: set[int]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Patterns within a value, with their addresses."""
    if isinstance(value, re.Pattern):
        yield address, value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        parts: Iterable[tuple[str, object]] = ((f"{address}[{key!r}]", each) for key, each in value.items())
    elif isinstance(value, tuple | list | set | frozenset):
        parts = ((f"{address}[{number}]", each) for number, each in enumerate(value))
    elif isinstance(value, type):
        parts = ((f"{address}.{key}", each) for key, each in vars(value).items()) if value.__module__ == module else ()
    elif is_dataclass(value):
        parts = ((f"{address}.{each.name}", getattr(value, each.name)) for each in fields(value))
    else:
        return
    for place, part in parts:
        yield from _inside(part, place, module, seen)


@cache
def _imported_names() -> Mapping[tuple[str, str], str]:
    """The module that defines a name, by the module that imports it and the name there."""
    return {
        (module, alias.asname or alias.name): node.module
        for module in sources()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and node.module and node.module in sources()
        for alias in node.names
    }


def methods_of(module: str, address: str) -> frozenset[str]:
    """The methods that a pattern is called with, by its address: those in its module, and where it is imported.

    A pattern in a container, or one that is handed to a function, may be called with each method that is called there
    on anything but another variable of the module; one in a field, with those that are called on such a field.
    """
    name, _, field = re.sub(r"\[.*?\]", "", address).partition(".")
    users = [module, *(user for (user, alias), home in _imported_names().items() if home == module and alias == name)]
    found: set[str] = set()
    for user in users:
        calls = _calls(user)
        direct = calls.get(f".{field}", set()) if field else calls.get(name, set())
        found |= direct - {""}
        if "" in direct:
            found |= calls.get("", set())
    return frozenset(found & METHODS) or frozenset({"match"})


def _calls_in_loops(statement: ast.stmt, called: Mapping[int, str]) -> Iterator[tuple[ast.Name, set[str]]]:
    """Names that are looped over, with the methods that are called on the variables of the loop."""
    for loop in ast.walk(statement):
        if not isinstance(loop, ast.For | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
            continue
        for part in [loop] if isinstance(loop, ast.For) else loop.generators:
            targets = {node.id for node in ast.walk(part.target) if isinstance(node, ast.Name)}
            methods = {
                called[id(node)]
                for node in ast.walk(loop)
                if isinstance(node, ast.Name) and node.id in targets and id(node) in called
            }
            if methods:
                yield from ((node, methods) for node in ast.walk(part.iter) if isinstance(node, ast.Name))


@cache
def _calls(module: str) -> Mapping[str, set[str]]:
    """The methods called on each name of a module, on each field (".sides"), and on any other name ("").

    "" among them says that a name is handed on.
    """
    tree = tree_of(module)
    own: dict[str, set[str]] = {}
    called = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS | {"pattern", "flags"}:
            called[id(node.value)] = node.attr
    variables = _variables(tree) | {name for user, name in _imported_names() if user == module}
    for statement in tree.body:
        is_assignment = isinstance(statement, ast.Assign | ast.AnnAssign)
        looped = {id(node): methods for node, methods in _calls_in_loops(statement, called)}
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute):
                own.setdefault(f".{node.attr}", set()).update({called[id(node)]} if id(node) in called else ())
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                method = called.get(id(node))
                if node.id not in variables:
                    # Of a string there is only one of these methods.
                    own.setdefault("", set()).update({method} - {"split"} if method and node.id != "re" else ())
                elif id(node) in looped:
                    own.setdefault(node.id, set()).update(looped[id(node)])
                elif method or not is_assignment:
                    own.setdefault(node.id, set()).add(method or "")
    return own


def _variables(tree: ast.Module) -> set[str]:
    return {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name)
    }


def compiled_unseen(module: str) -> list[str]:
    """Places where a module uses :mod:`re` so that :func:`patterns_of` would not see the pattern.

    Seen are patterns that are compiled for a variable of the module or a class attribute, directly or by a function
    that is called nowhere else, and those that are written where they are used.
    """
    tree = tree_of(module)
    seen = set(_addresses(module))
    return [
        f"{module}:{node.lineno}"
        for statement in tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and _is_call_of_re(node.func)
        and not (_is_literal(node) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS)
        and not _is_seen(statement, tree, seen)
    ]


def _addresses(module: str) -> Iterator[str]:
    for found in patterns_of(module):
        yield re.split(r"[.\[]", found.name.partition(":")[2])[0]


def _is_call_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "re"
        and node.attr in METHODS | {"compile", "template"}
    )


def _is_seen(statement: ast.stmt, tree: ast.Module, seen: set[str]) -> bool:
    if isinstance(statement, ast.FunctionDef):
        return _is_called_only_by_variables(statement.name, tree)
    if isinstance(statement, ast.ClassDef):
        inside = [node for node in statement.body if isinstance(node, ast.FunctionDef)]
        return statement.name in seen and not any(_is_call_of_re(each) for node in inside for each in ast.walk(node))
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return all(isinstance(target, ast.Name) and target.id in seen for target in targets)
    return False


def _is_called_only_by_variables(function: str, tree: ast.Module) -> bool:
    def uses(statement: ast.stmt) -> bool:
        return any(isinstance(node, ast.Name) and node.id == function for node in ast.walk(statement))

    users = [statement for statement in tree.body if uses(statement)]
    return bool(users) and all(isinstance(user, ast.Assign | ast.AnnAssign) for user in users)


# Texts ----------------------------------------------------------------------------------------------------------------

_COMMON: Final = " a1A?.,-\n'(é_"
_REPEATS: Final = (
    *_COMMON, "\t", '"', "[", "|", "/", ":", "*", "a b ", "aA", "a1", "A1 ", "1,", "1. ", "1 ", "a, ", "a. ", "a-",
    " ,", "? ", "and ", "of ", "is ", "(a) ", "Aa ", "\n ", "a\n", "'s ", "\n\n", "1 May ", "<a ",
)  # fmt: skip
_ENDS: Final = ("\x01", "\n\x01")
_MOST_PUMPS: Final = 8
_REPEAT_OPS: Final = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_FEWEST_TO_PUMP: Final = 8


def attacks_on(pattern: re.Pattern[Any]) -> list[Attack]:
    """Texts that may take a pattern long: common repeats, and for each of its own repeats what leads to it, pumped."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    parsed = sre.parse(
        source, pattern.flags & ~re.DEBUG if isinstance(pattern.pattern, str) else pattern.flags | re.UNICODE
    )
    found: dict[Attack, None] = {Attack("", repeated, after): None for repeated in _REPEATS for after in ("", "\x01")}
    letters = "".join(dict.fromkeys(_COMMON + "".join(_literals(parsed))))
    for before, body in _repeats(parsed, ""):
        pumps = _pumps(body, letters)
        found |= {Attack(before, pump, after): None for pump in pumps for after in _ENDS}
        # Each place where the pattern could begin.
        if before:
            found |= {Attack("", before + pump, "\n\x01"): None for pump in ("", *pumps[:2])}
    if whole := _sample(parsed):
        found |= {Attack("", repeated, "\x01"): None for repeated in (whole, whole + " ", whole[:-1] or whole)}
    return list(found)


def _pumps(body: Any, letters: str) -> list[str]:
    """Texts that the body of a repeat matches."""
    if len(body) == 1 and body[0][0] in (op.IN, op.LITERAL, op.NOT_LITERAL, op.ANY):
        return [letter for letter in letters if _takes(body[0], letter)][:_MOST_PUMPS]
    whole = _sample(body)
    singles = [letter for letter in letters if any(_takes(node, letter) for node in _leaves(body))][:_MOST_PUMPS]
    return list(dict.fromkeys(filter(None, [whole, *singles])))


def _leaves(parsed: Any) -> Iterator[Any]:
    for node in parsed:
        if node[0] in (op.IN, op.LITERAL, op.NOT_LITERAL, op.ANY):
            yield node
        for part in _parts(node):
            yield from _leaves(part)


def _parts(node: Any) -> Sequence[Any]:
    """The patterns within a node of a parsed pattern."""
    kind, value = node
    if kind in _REPEAT_OPS:
        return (value[2],)
    if kind is op.BRANCH:
        return tuple(value[1])
    if kind is op.SUBPATTERN:
        return (value[3],)
    if kind is op.ATOMIC_GROUP:
        return (value,)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return (value[1],)
    if kind is op.GROUPREF_EXISTS:
        return tuple(part for part in value[1:] if part is not None)
    return ()


def _literals(parsed: Any) -> Iterator[str]:
    for node in parsed:
        if node[0] in (op.LITERAL, op.NOT_LITERAL):
            yield chr(node[1])
        elif node[0] is op.IN:
            for kind, value in node[1]:
                if kind is op.LITERAL:
                    yield chr(value)
                elif kind is op.RANGE:
                    yield chr(value[0])
        for part in _parts(node):
            yield from _literals(part)


def _repeats(parsed: Any, before: str) -> Iterator[tuple[str, Any]]:
    """The bodies of the repeats in a parsed pattern, each with a text that leads to it."""
    for node in parsed:
        kind, value = node
        if kind in _REPEAT_OPS and (value[1] is op.MAXREPEAT or value[1] >= _FEWEST_TO_PUMP):
            yield before, value[2]
        for part in _parts(node):
            yield from _repeats(part, before)
        before += _sample([node])


def _sample(parsed: Any) -> str:
    """A short text that a parsed pattern matches, but for what it looks ahead at."""
    text = ""
    for kind, value in parsed:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind in (op.NOT_LITERAL, op.ANY, op.IN):
            text += next((letter for letter in "a1 A.é?-,\n" if _takes((kind, value), letter)), _first(kind, value))
        elif kind in _REPEAT_OPS:
            text += _sample(value[2]) * max(value[0], 1 if kind is not op.MIN_REPEAT and value[1] > 1 else 0)
        elif kind is op.BRANCH:
            text += _sample(value[1][0])
        elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            text += _sample(value[3] if kind is op.SUBPATTERN else value)
        elif (kind is op.ASSERT and value[0] < 0) or kind is op.GROUPREF_EXISTS:
            text += _sample(value[1])
    return text


def _first(kind: Any, value: Any) -> str:
    """The first letter of a class that has none of the usual ones."""
    if kind is op.IN:
        for name, what in value:
            if name is op.LITERAL:
                return chr(what)
            if name is op.RANGE:
                return chr(what[0])
    return "~"


_CATEGORIES: Final[Mapping[Any, Callable[[str], bool]]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda letter: not letter.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    op.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
    op.CATEGORY_NOT_WORD: lambda letter: not (letter.isalnum() or letter == "_"),
}


def _takes(node: Any, letter: str) -> bool:
    """True if a node that stands for one character matches it."""
    kind, value = node
    if kind is op.ANY:
        return letter != "\n"
    if kind is op.LITERAL:
        return bool(ord(letter) == value)
    if kind is op.NOT_LITERAL:
        return bool(ord(letter) != value)
    is_negated, is_in = False, False
    for name, what in value:
        if name is op.NEGATE:
            is_negated = True
        elif name is op.LITERAL:
            is_in |= ord(letter) == what
        elif name is op.RANGE:
            is_in |= what[0] <= ord(letter) <= what[1]
        elif name is op.CATEGORY:
            is_in |= _CATEGORIES[what](letter)
    return is_in != is_negated


# Times ----------------------------------------------------------------------------------------------------------------


def blow_up(pattern: re.Pattern[Any], methods: frozenset[str]) -> str | None:
    """The text and the times by which a pattern is more than linear; None where none was found.

    Of many short texts the suspects are measured up to 16,000 characters, and the worst up to 128,000. Only ratios
    count, of the best of several runs each, so that the speed of the machine does not.
    """
    works = [_work(pattern, method) for method in _representatives(methods)]
    slowest: list[tuple[float, int, Attack, Callable[[str], object]]] = []
    for attack in attacks_on(pattern):
        for work in works:
            suspect, took = _screened(work, attack)
            if suspect <= _SHORTEST_TEXT and took > _TOO_LONG:
                # It may be exponential: twice the length would take years.
                return f"{attack}: {suspect} characters take {took:.6f} s"
            if suspect < _SCREENED[-1] + 1 and (said := _superlinear(work, attack, _MEASURED_OF_SUSPECTS)):
                return f"{attack}: {said}"
            slowest.append((took, len(slowest), attack, work))
    for _, _, attack, work in sorted(slowest, key=lambda each: each[:2])[-_WORST:]:
        if said := _superlinear(work, attack, _MEASURED):
            return f"{attack}: {said}"
    return None


def _screened(work: Callable[[str], object], attack: Attack) -> tuple[int, float]:
    """The length at which the time seems to grow too fast, or a larger one, and the seconds for the longest text."""
    seconds, before = 0.0, 0.0
    for shorter, length in pairwise(_SCREENED):
        before, seconds = seconds, _seconds(work, attack.text(length), tries=1)
        if _is_suspect(before, seconds, length / shorter):
            before, seconds = _seconds(work, attack.text(shorter), 2), _seconds(work, attack.text(length), 2)
            if _is_suspect(before, seconds, length / shorter):
                return length, seconds
    return _SCREENED[-1] + 1, seconds


def _is_suspect(before: float, seconds: float, times: float) -> bool:
    return seconds > _SHORT and seconds > max(before, _SHORT / 10) * times**_SUSPECT_EXPONENT


def _representatives(methods: frozenset[str]) -> list[str]:
    repeating = sorted(methods & _REPEATING)
    return [*(["finditer"] if repeating else []), *sorted(methods - _REPEATING - ({"search"} if repeating else set()))]


def _work(pattern: re.Pattern[Any], method: str) -> Callable[[str], object]:
    encoded = isinstance(pattern.pattern, bytes)

    def work(text: Any) -> object:
        given = text.encode() if encoded else text
        if method == "finditer":
            return sum(1 for _ in pattern.finditer(given))
        return getattr(pattern, method)(given)

    return work


def _superlinear(work: Callable[[str], object], attack: Attack, lengths: Sequence[int]) -> str | None:
    """Lengths and seconds where the time grows more than ``GROWTH``-fold for twice the length, again and again."""
    before = _seconds(work, attack.text(lengths[0] // 2), tries=3)
    for length in lengths:
        seconds = _seconds(work, attack.text(length), tries=3 if before < _LONG else 1)
        if seconds > 10 * _SHORT and seconds > GROWTH * before:
            for _ in range(3):
                tries = 7 if seconds < _LONG else 2
                before = _seconds(work, attack.text(length // 2), tries)
                seconds = _seconds(work, attack.text(length), tries)
                if seconds <= GROWTH * before:
                    break
            else:
                # A cache that is full makes one small step, and so does a gap of at most so many characters in a text
                # that is hardly longer; what is not linear grows as fast in the next ones. These are not waited for
                # where this step is too large for that.
                is_sure = seconds > GROWTH**2 * before
                if not is_sure and not _grows_on(work, attack, length, seconds):
                    before = seconds
                    continue
                return f"{length // 2} characters take {before:.6f} s, {length} take {seconds:.6f} s"
        before = seconds
    return None


def _grows_on(work: Callable[[str], object], attack: Attack, length: int, seconds: float) -> bool:
    """True if the time grows as fast for two to sixteen times the length, which took ``seconds``.

    Memory that is asked for anew, where a match keeps its way back, makes two or three steps of linear work too large.
    """
    for step in range(1, 5):
        before, seconds = seconds, _seconds(work, attack.text(length << step), tries=3 if seconds < _LONG else 1)
        if seconds <= GROWTH * before:
            return False
        if seconds > _SURE:
            break
    return True


def _seconds(work: Callable[[str], object], text: str, tries: int) -> float:
    """The shortest of several runs, in seconds of this thread."""
    best = float("inf")
    for _ in range(tries):
        start = thread_time()
        work(text)
        best = min(best, thread_time() - start)
    return best
