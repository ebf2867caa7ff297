"""Ingest on a Ray cluster: what further nodes of one processor are worth, on this machine.

The nodes are started here, each with one processor as Ray counts them, so there should be a core for each of them, and
one for the run itself. Numbers of nodes take turns, each time with a new cluster. What counts are the seconds of the
run, without the start of the interpreter and the connection; those of the whole command stand beside them. The index is
checked to have the same number of passages each time.

    python -m benchmarks.cluster FOLDER --nodes 1 2 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from benchmarks.machine import processor_line

_ROOT: Final = Path(__file__).resolve().parent.parent
_STORE_BYTES: Final = 200 << 20


@contextmanager
def nodes(count: int) -> Iterator[str]:
    """A cluster of a head without processors, and so many nodes of one processor; yields its address."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
        yield str(cluster.address)
    finally:
        cluster.shutdown()


def ingested(folder: Path, index: Path, *options: str) -> tuple[float, dict[str, Any]]:
    """Seconds of an ingest from nothing, with the interpreter's start, and its report."""
    command = [sys.executable, "-m", "ingest", str(folder), "--index", str(index), "--json", *options]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    start = perf_counter()
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - start
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return seconds, json.loads(done.stdout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the seconds of each number of nodes, and how many times as fast that is as the first number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="documents")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2], metavar="N", help="nodes (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, of which the median counts (default: 3)")
    options = parser.parse_args(arguments)
    times: dict[int, list[float]] = {count: [] for count in options.nodes}
    whole: dict[int, list[float]] = {count: [] for count in options.nodes}
    chunks: set[int] = set()
    for _ in range(options.rounds):
        for count in options.nodes:
            with nodes(count) as address, tempfile.TemporaryDirectory() as scratch:
                index = Path(scratch) / "index"
                seconds, report = ingested(options.folder, index, "--engine", "ray", "--address", address)
            times[count].append(report["seconds"])
            whole[count].append(seconds)
            chunks.add(report["chunks"])
    print(f"{processor_line()}; load {os.getloadavg()[0]:.1f}; medians of {options.rounds}")
    first = median(times[options.nodes[0]])
    for count, some in times.items():
        every = ", ".join(f"{each:.1f}" for each in some)
        speed = f"{first / median(some):.2f} times as fast"
        print(f"{count} nodes: {median(some):.1f} s ({every}), {speed}; {median(whole[count]):.1f} s with the start")
    if len(chunks) > 1:
        sys.exit(f"the indexes differ: {sorted(chunks)} passages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
