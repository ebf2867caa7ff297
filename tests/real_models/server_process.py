"""llama.cpp's own server in a process of its own: two copies of libllama in one process would clash.

``python -m tests.real_models.server_process MODEL.gguf`` prints its address, and serves until its input ends.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEY = "sesame"


@contextmanager
def model_server(weights: Path, *, name: str, context_tokens: int, slots: int, template: str = "") -> Iterator[str]:
    """The address of its API, while the context is open.

    Args:
        weights: a GGUF file.
        name: the id of the model.
        context_tokens: of each slot.
        slots: how many requests it answers at a time.
        template: of its chats, in Jinja; that of the file where it is empty.
    """
    command = [sys.executable, "-m", __name__, str(weights), name, str(context_tokens), str(slots), template]
    # Its input is a pipe, so that it ends with this process, however that ends.
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        yield f"{address}/v1"
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _serve(weights: str, name: str, context_tokens: str, slots: str, template: str) -> None:
    import xllamacpp

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = weights
    parameters.model_alias = [name]
    parameters.api_keys = [KEY]
    parameters.n_parallel = int(slots)
    parameters.n_ctx = int(context_tokens) * int(slots)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 2
    # It checks between two batches whether the client is still connected.
    parameters.n_batch = 128
    parameters.port = port
    if template:
        parameters.use_jinja, parameters.chat_template = True, template
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
