"""Requests made from the OpenAPI schema by schemathesis, against the service over stand-ins for the models.

    python -m tests.soak.contract --cases 5000

Without keys, and with them; each response must be as the schema says, no request may be answered with a 5xx, and what
the schema forbids must be refused. Two checks of schemathesis are left out: that each request which the schema allows
is accepted (it cannot say which documents there are, or that a chat has a question), and that a request with one right
key and one wrong one is refused (either header will do).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.soak.service import fake_service

ADMIN_KEY: Final = "an-admin-key"
_LEFT_OUT: Final = "positive_data_acceptance,ignored_auth"
# What schemathesis makes of a schema without chance, for each run; the rest is fuzzing, shared by the operations.
_SYSTEMATIC_CASES: Final = 560
_OPERATIONS: Final = 18


def explored(url: str, cases: int, key: str | None = None, seed: int = 1) -> tuple[int, str]:
    """Runs schemathesis; returns the number of cases, and its report if it found a fault, else an empty string.

    Args:
        url: of the service.
        cases: about so many, and not fewer than those that it makes without chance.
        key: sent with each request.
        seed: of what is made by chance.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/openapi.json",
        "--phases", "coverage,fuzzing", "--continue-on-failure", "--generation-database", "none",
        "--exclude-checks", _LEFT_OUT, "--seed", str(seed),
        "--max-examples", str(max(1, (cases - _SYSTEMATIC_CASES) // _OPERATIONS)),
        *(["--header", f"X-API-Key: {key}"] if key else []),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    made = re.search(r"(\d+) generated", done.stdout)
    return int(made[1]) if made else 0, "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    """Prints the number of cases of each run, and what failed; 1 where something did."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.contract")
    parser.add_argument("--cases", type=int, default=5000, help="of each run: without keys, and with them")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for name, settings, key in (
        ("without keys", {"RAG_ADMIN_KEYS": ADMIN_KEY}, ADMIN_KEY),
        ("with keys", {"RAG_ADMIN_KEYS": ADMIN_KEY, "RAG_API_KEYS": "an-access-key"}, ADMIN_KEY),
    ):
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, fake_service(Path(folder), settings) as service:
            cases, report = explored(service.url, options.cases, key, options.seed)
        failed |= bool(report)
        sys.stdout.write(
            f"{report}{name}: {cases} cases in {time.monotonic() - start:.0f} s, {'faults' * bool(report)}\n"
        )
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
