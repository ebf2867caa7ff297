"""Render worker, ``python -m rag.pdf.render_worker``: renders one page after the other, within time and memory.

Each line of standard input is a request in JSON: ``path``, ``number``, ``boxes``, ``scale``, and ``seconds``, the time
limit, at which the process ends with SIGALRM. The response on standard output is a line of JSON with the number
of ``bytes`` of a PNG, and then these; or with ``status`` and ``reason`` of a page that cannot be rendered.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any, Final

from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.document import render_page

# Address space in bytes. A page of 16 million pixels takes about 300 MiB, with its highlights.
_MEMORY: Final = 1 << 30


def main() -> None:
    """Serves requests until standard input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if most < 0 else min(_MEMORY, most), most))
    # Not a Python handler, which would run only once pdfium has returned: the kernel ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request.pop("seconds"))
        head, data = _respond(**request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + data)
        sys.stdout.buffer.flush()


def _respond(path: str, number: int, boxes: list[list[float]], scale: float) -> tuple[dict[str, Any], bytes]:
    try:
        data = render_page(Path(path), number, [Box(*box) for box in boxes], scale=scale)
    except FileFault as fault:
        return _fault(fault.status, fault.reason)
    except MemoryError:
        return _fault("out_of_memory", f"drawing page {number} takes more than {_MEMORY >> 20} MiB")
    except OSError as error:  # pypdfium2's own has no errno
        return _fault("unreadable", error.strerror or "the file is not there any more")
    return {"bytes": len(data)}, data


def _fault(status: str, reason: str) -> tuple[dict[str, Any], bytes]:
    return {"status": status, "reason": reason}, b""


if __name__ == "__main__":
    main()
