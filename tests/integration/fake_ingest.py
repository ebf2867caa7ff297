"""``python -m tests.integration.fake_ingest DOCUMENTS INDEX``: the ingest job of a service, with a fake encoder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ingest.discovery import discover
from ingest.reporting.json_lines import json_lines
from rag.errors import IndexBusy
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job


def main(documents: Path, index: Path) -> int:
    with json_lines(sys.stdout, 0.01) as tally:
        try:
            report = ingest_job(index, BagOfWordsEncoder(), progress=tally).run(discover([documents]))
        except IndexBusy:
            return 75
    sys.stdout.write(f"{json.dumps({'report': report.to_json()})}\n")
    return 3 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
