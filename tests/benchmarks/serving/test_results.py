"""Order of measurements, tables and choice of the best settings, on made-up loads; and sizes from a GGUF header."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.decoding import Pair, Written, copied_share, operations_of_prompt, rates_compared
from benchmarks.gguf import read_gguf
from benchmarks.serving.finding import fastest, find_best, soonest, write_best
from benchmarks.serving.free_wording import FreeWording
from benchmarks.serving.load import Load, Served
from benchmarks.serving.measuring import Measured, measure
from benchmarks.serving.plot import write_plot
from benchmarks.serving.results import cells, first_tokens, tables, throughput, to_json
from benchmarks.serving.schedule import Cell, Run, schedule
from benchmarks.serving.systems import System, read_best, server_choices
from benchmarks.serving.workloads import Conversation
from rag.models.llm.language_model import Finish, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel

CELL = Cell("W1", 2)
USAGE = {"prompt_tokens": 100, "cached_tokens": 50, "completion_tokens": 8}
OURS, PEER = System("ours", "ours"), System("peer", "locked")


def served(number: int, first: float | None, seconds: float, **changed: object) -> Served:
    made = Served(number, 0, "?", first, seconds, 3, first is not None, "Two.", dict(USAGE))
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def measured(system: str, number: int, *firsts: float | None, seconds: float) -> Measured:
    run = Run(CELL, number, [("?",)] * len(firsts), [(row % 2 == 1,) for row in range(len(firsts))])
    answers = [served(row, first, 2.0) for row, first in enumerate(firsts)]
    return Measured(system, run, Load(seconds, answers, [0.001] * 99 + [0.5]))


MEASURED = [
    measured("ours", 0, 1.0, 2.0, seconds=4.0),
    measured("peer", 0, 2.0, 4.0, seconds=8.0),
    measured("peer", 1, 2.0, 4.0, None, seconds=12.0),
    measured("ours", 1, 1.0, 2.0, None, seconds=6.0),
]


class TestTables:
    def test_ratios(self) -> None:
        peer = cells(MEASURED)[CELL]["peer"]
        assert peer.estimated(throughput) == (0.25, 0.25, 0.25)
        assert peer.compared(throughput) == (2.0, 2.0, 2.0)
        assert peer.compared(first_tokens) == pytest.approx((0.5, 0.5, 0.5))

    def test_table(self) -> None:
        rows = dict(line.strip("| ").split(" | ", 1) for line in tables(MEASURED).splitlines())
        assert rows["W1, 2 clients: 5 questions, 2 rounds"] == "ours | peer"
        assert rows["answers per second"] == "0.500 (0.500–0.500) | 0.250 (0.250–0.250)"
        assert rows["**ours / it**"] == "– | 2.00 (2.00–2.00)"
        assert rows["first token, questions put before"] == "2.00 (2.00–2.00) | 4.00 (4.00–4.00)"
        assert rows["without a token"] == "20% | 20%"
        assert rows["of these cached"] == "50% | 50%"
        assert rows["prompts as long as ours"] == "100% | 100%"
        assert rows["failed"] == "0 | 0"

    def test_what_failed_is_no_answer(self) -> None:
        one = measured("ours", 0, 1.0, 1.0, seconds=4.0)
        one.load.served[0].error = "503"
        assert one.throughput == 0.25
        assert "| failed | 1 |" in tables([one])

    def test_all_abstained(self) -> None:
        table = tables([measured("ours", 0, None, None, seconds=4.0), measured("peer", 0, None, None, seconds=4.0)])
        assert "| seconds to the first token, median | – | – |" in table

    def test_as_json(self) -> None:
        summary = to_json({}, MEASURED)["summaries"][1]
        assert (summary["cell"], summary["system"]) == ("W1:2", "peer")
        assert summary["ours_over_it"]["throughput"] == (2.0, 2.0, 2.0)

    def test_plot(self, tmp_path: Path) -> None:
        write_plot(tmp_path / "plot.svg", "a note & more", MEASURED)
        drawn = (tmp_path / "plot.svg").read_text()
        assert drawn.count("<rect") == 1 + 4 + 2  # the ground, the bars, the legend
        assert 'height="180.0"' in drawn
        assert "a note &amp; more" in drawn


class Log:
    """What was done to the systems, in its order."""

    def __init__(self, firsts: dict[str, float] | None = None) -> None:
        self.done: list[str] = []
        self.firsts = firsts or {}

    def start(self, system: System) -> FakeProcess:
        self.done.append(f"start {system.name}")
        return FakeProcess(system.name, self)


class FakeProcess:
    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log

    def loaded(self, clients: int, conversations: Sequence[Conversation]) -> Load:
        assert clients > 0
        self.log.done.append(f"{self.name} {len(conversations)}")
        first = self.log.firsts.get(self.name, 1.0)
        return Load(2 * first, [served(row, first, first) for row in range(len(conversations))], [])

    def stop(self) -> None:
        self.log.done.append(f"stop {self.name}")


class TestMeasure:
    def test_in_turns_and_afresh_for_w2(self) -> None:
        plan = schedule(
            {"a": ["1", "2"]}, ["x", "y", "z"], [CELL, Cell("W2", 1)], rounds=2, per_client=1, seed=0, warm_up=3
        )
        log = Log()
        made = list(measure([OURS, PEER], plan, log.start, lambda *_: None))
        fresh = [[f"start {name}", f"{name} 1", f"{name} 2", f"stop {name}"] for name in ("ours", "peer")]
        assert log.done == [
            *["start ours", "ours 3", "start peer", "peer 3"],
            *["ours 12", "peer 12", *fresh[0], *fresh[1]],
            *["peer 12", "ours 12", *fresh[1], *fresh[0]],
            *["stop peer", "stop ours"],
        ]
        assert [(each.system, each.run.round) for each in made[:2]] == [("ours", 0), ("peer", 0)]


class TestFindBest:
    def test_what_is_good_is_tried_with_more(self, tmp_path: Path) -> None:
        slow, quick = server_choices(2, 4096)[:2]
        log = Log({slow.name: 3.0, quick.name: 2.0, f"{quick.name} --cache-reuse 128": 1.0, f"{quick.name} x": 0.1})
        log.firsts |= {f"{quick.name} {extra}": 5.0 for extra in ("first apart", "--cache-ram 0")}
        log.firsts[f"{quick.name} --cache-reuse 128"] = 5.0
        tried = find_best([slow, quick], [("?",)], [("?",)] * 4, log.start, lambda *_: None)
        assert len(tried) == 6
        assert fastest(tried) is soonest(tried) is tried[3]
        assert tried[3].throughput == 2.0
        write_best(tmp_path / "best.json", tried)
        (best,) = read_best(tmp_path / "best.json", "llama-server")
        assert best.name == "best llama-server (throughput and first token)"
        assert best.options == tried[3].system.options

    def test_nothing_was_looked_for(self, tmp_path: Path) -> None:
        assert read_best(tmp_path / "none.json", "locked") == []


def test_a_system_as_json() -> None:
    system = server_choices(2, 4096)[0]
    assert System.of_json(system.to_json()) == system
    assert system.options["arguments"][:4] == ["-np", "8", "-c", "32768"]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def make_gguf(path: Path, *, tied: bool) -> None:
    """Two layers of width 8 with 4 heads, 2 of them for keys and values; f32."""
    numbers = {"embedding_length": 8, "block_count": 2, "attention.head_count": 4, "attention.head_count_kv": 2}
    shapes = {"token_embd.weight": (8, 10), "blk.0.w": (8, 8), "blk.1.w": (8, 8)}
    if not tied:
        shapes["output.weight"] = (8, 10)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(numbers) + 2)
    header += text("general.architecture") + struct.pack("<I", 8) + text("tiny")
    header += text("tiny.words") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    for name, number in numbers.items():
        header += text(f"tiny.{name}") + struct.pack("<II", 4, number)
    offset = 0
    for name, (columns, rows) in shapes.items():
        header += text(name) + struct.pack("<IQQIQ", 2, columns, rows, 0, offset)
        offset += 4 * columns * rows
    path.write_bytes(header + bytes(-len(header) % 32 + offset))


class TestGguf:
    @pytest.mark.parametrize("tied", [True, False])
    def test_what_a_token_takes(self, tied: bool, tmp_path: Path) -> None:
        make_gguf(tmp_path / "tiny.gguf", tied=tied)
        file = read_gguf(tmp_path / "tiny.gguf")
        assert file.metadata["tiny.words"] == ["a", "b"]
        # Of an embedding that is not the head as well only one row is read.
        assert file.bytes_per_token == 4 * (2 * 64 + 80)
        assert (file.body_elements, file.head_elements) == (128, 80)
        # Keys and values, two bytes each, two layers, two heads of width 2.
        assert file.cache_bytes_per_token == 2 * 2 * 2 * 2 * 2
        # 2·128·3 + 2·80 + 4·3²·8·2 / 2
        assert operations_of_prompt(file, 3) == 768 + 160 + 288

    def test_no_gguf(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"PDF" + bytes(40))
        with pytest.raises(ValueError, match="no GGUF"):
            read_gguf(tmp_path / "file")


class TestCopying:
    @pytest.mark.parametrize(
        ("answer", "share"),
        [
            pytest.param("at least two miles", 1.0, id="all"),
            pytest.param("it is at least two", 0.6, id="three of five words"),
            pytest.param("two least at", 0.0, id="the words, but not in their order"),
            pytest.param("two miles", 0.0, id="too short for a run"),
            pytest.param("", 0.0, id="nothing"),
        ],
    )
    def test_copied_share(self, answer: str, share: float) -> None:
        assert copied_share(answer, "visibility of at least two miles, always at least two miles") == share

    def test_rates_are_of_sums(self) -> None:
        """20 tokens in 3 s with copying, in 6 s without."""
        pairs = [
            Pair(1.0, Written("a", 10, 1.0, 0.1), Written("a", 10, 4.0, 0.1)),
            Pair(0.0, Written("b", 10, 2.0, 0.1), Written("b", 10, 2.0, 0.1)),
        ]
        assert rates_compared(pairs).value == 2.0


def test_free_wording() -> None:
    model = ScriptedModel(["one two"])
    free = FreeWording(model)
    made = free.generate(Prompt((1,)), max_tokens=5, cancelled=Cancellation(), vocabulary="one", refusal="no")
    assert [type(each) for each in made] == [RefusalProbability, Token, Token, Finish]
    assert model.wordings == [None]
    assert free.chance(Prompt((1,)), ("Yes",), ("No",), Cancellation()) == model.assent
