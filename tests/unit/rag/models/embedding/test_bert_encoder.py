"""The OpenVINO encoder on a tiny BERT with random weights, against numpy; and the folders that it does not take."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import rag.models.embedding.encoder
from rag.errors import ModelUnusable
from rag.models.embedding.bert_config import BertConfig, UnsupportedModel
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.bert_network import batches
from rag.models.embedding.encoder import open_text_encoder
from tests.processes import default_sigint
from tests.unit.rag.models.embedding.bert_oracle import oracle
from tests.unit.rag.models.embedding.tiny_bert import WORDS, copy, tiny_bert, write

ROOT = Path(__file__).parents[5]
TEXTS = ["fog", "", "The lamp, the wick: OIL!", "tide " * 5, "boat mast keeper horn signal", "boat " * 40]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> BertEncoder:
    return fast(folder)


def fast(folder: Path) -> BertEncoder:
    encoder = open_text_encoder(folder, name="tiny", digest="0" * 64, threads=2)
    assert isinstance(encoder, BertEncoder)
    return encoder


def test_vectors_are_those_of_the_paper(folder: Path, encoder: BertEncoder) -> None:
    weights = load_file(folder / "model.safetensors")
    number = {word: position for position, word in enumerate(WORDS)}
    split = [text.lower().replace(",", " ,").replace(":", " :").replace("!", " !").split()[:14] for text in TEXTS]
    ids = [[2, *(number.get(word, 1) for word in words), 3] for words in split]
    expected = np.array([oracle(weights, text) for text in ids])
    found = encoder.encode(TEXTS)
    assert found.shape == (6, 32)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(6), abs=1e-6)
    assert (found * expected).sum(axis=1).min() > 0.999
    # It could tell: no two of the texts are that near.
    assert (expected @ expected.T - 2 * np.eye(6)).max() < 0.995


def test_a_text_has_its_vector_whatever_the_others_are(encoder: BertEncoder) -> None:
    together = encoder.encode(TEXTS * 50)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert (together * np.tile(alone, (50, 1))).sum(axis=1).min() > 0.999
    assert np.array_equal(together, encoder.encode(TEXTS * 50))


def test_several_threads_encode_at_once(folder: Path) -> None:
    encoder, found = fast(folder), dict[int, npt.NDArray[np.float32]]()

    def work(number: int) -> None:
        found[number] = encoder.encode(TEXTS * 20)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(vectors, found[0]) for vectors in found.values())


def test_tokens_are_counted_without_the_files_own_padding_and_truncation(encoder: BertEncoder) -> None:
    assert [encoder.count_tokens(text) for text in ("", "fog", "fog " * 50)] == [0, 1, 50]
    assert encoder.max_tokens == 14


def test_no_texts_have_no_vectors(encoder: BertEncoder) -> None:
    assert encoder.encode([]).shape == (0, 32)


@given(st.lists(st.integers(2, 256), max_size=200))
def test_every_text_is_in_one_batch_that_is_small_enough(lengths: list[int]) -> None:
    found = batches(lengths, 1024)
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    assert all(len(rows) * max(lengths[row] for row in rows) <= 1024 for rows in found)


def test_the_network_is_loaded_by_the_first_text_and_reports_nothing(folder: Path, tmp_path: Path) -> None:
    """In a fresh process: without torch, without a connection, and with nothing kept in the home directory.

    openvino would report as soon as it is imported, from a thread that the interpreter waits for when it ends.
    """
    code = f"""
import sys
from pathlib import Path
from rag.models.embedding.encoder import open_text_encoder
sys.addaudithook(lambda event, about: print(event, about) if event.startswith("socket.") else None)
encoder = open_text_encoder(Path({str(folder)!r}), name="tiny", digest="0", threads=1)
print(encoder.identity["dimension"], encoder.max_tokens, encoder.count_tokens("fog horn"))
print("openvino" in sys.modules, encoder.encode(["fog"]).shape, "openvino" in sys.modules)
print(sys.modules.keys() & {{"torch", "transformers", "sentence_transformers", "openvino_telemetry.main"}})
"""
    environment = {"HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["32 14 2", "False (1, 32) True", "set()"]
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())


ENDED_IN_ORDER = """
import gc, os, signal, sys
from pathlib import Path
from rag.models.embedding.encoder import open_text_encoder
encoders = [open_text_encoder(Path(sys.argv[1]), name="tiny", digest="0" * 64, threads=1) for _ in range(2)]
for encoder in encoders:
    encoder.encode(["fog"])
del encoder
while encoders:
    del encoders[0]
    gc.collect()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_after_two_encoders_have_ended(folder: Path) -> None:
    """The second to end must not restore the signal stack that was freed with the first."""
    command = [sys.executable, "-c", ENDED_IN_ORDER, str(folder)]
    with default_sigint():
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "interrupted\n")


def changed(file: str, **changes: object) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        write(directory / file, json.loads((directory / file).read_text()) | changes)

    return change


def without(file: str) -> Callable[[Path], None]:
    return lambda directory: (directory / file).unlink()


def modules(*kinds: str) -> Callable[[Path], None]:
    listed = [{"path": "1_Pooling" if kind.endswith("Pooling") else "", "type": kind} for kind in kinds]
    return lambda directory: write(directory / "modules.json", listed)


OLD = "sentence_transformers.models."


@pytest.mark.parametrize(
    "change",
    [
        changed("config.json", model_type="roberta"),
        changed("config.json", hidden_act="gelu_new"),
        changed("config.json", position_embedding_type="relative_key"),
        changed("config.json", is_decoder=True),
        changed("config.json", num_attention_heads=5),
        changed("config.json", hidden_size="many"),
        changed("1_Pooling/config.json", pooling_mode_cls_token=True),
        changed("1_Pooling/config.json", pooling_mode_mean_tokens=False),
        changed("1_Pooling/config.json", pooling_mode="lasttoken"),
        changed("1_Pooling/config.json", pooling_mode=["mean", "max"]),
        changed("1_Pooling/config.json", pooling_mode_of_tomorrow=3),
        changed("sentence_bert_config.json", max_seq_length=None),
        changed("sentence_bert_config.json", max_seq_length=21),
        changed("sentence_bert_config.json", do_lower_case=True),
        changed("sentence_bert_config.json", modality="image"),
        changed("tokenizer_config.json", do_lower_case=False),
        changed("tokenizer_config.json", tokenizer_class="XLMRobertaTokenizer"),
        changed("tokenizer.json", normalizer={"type": "NFC"}),
        lambda directory: write(directory / "config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
        without("modules.json"),
        without("tokenizer.json"),
        without("model.safetensors"),
        modules(OLD + "Transformer", OLD + "Pooling"),
        modules(OLD + "Transformer", OLD + "Pooling", OLD + "Dense", OLD + "Normalize"),
        modules(OLD + "Transformer", "elsewhere.Pooling", OLD + "Normalize"),
    ],
)
def test_what_would_give_other_vectors_runs_in_sentence_transformers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    directory = copy(folder, tmp_path)
    change(directory)
    with pytest.raises(UnsupportedModel):
        BertConfig.read(directory)
    asked: list[Any] = []
    monkeypatch.setattr(
        rag.models.embedding.encoder, "SentenceTransformerEncoder", lambda *args, **_: asked.append(args)
    )
    open_text_encoder(directory, name="tiny", digest="0", threads=1)
    assert asked == [(directory,)]


@pytest.mark.parametrize("pooling", [{"embedding_dimension": 32, "pooling_mode": "mean", "include_prompt": True}])
def test_folders_of_newer_versions_are_read(folder: Path, tmp_path: Path, pooling: Mapping[str, object]) -> None:
    directory = copy(folder, tmp_path)
    write(directory / "1_Pooling" / "config.json", pooling)
    modules(
        "sentence_transformers.base.modules.transformer.Transformer",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
        "sentence_transformers.base.modules.normalize.Normalize",
    )(directory)
    assert BertConfig.read(directory).max_length == 16


def damaged(directory: Path) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])


def other(directory: Path) -> None:
    weights = load_file(directory / "model.safetensors")
    weights["embeddings.LayerNorm.bias"] = np.zeros(31, dtype=np.float32)
    save_file(weights, directory / "model.safetensors")


def fewer(directory: Path) -> None:
    save_file({"x": np.zeros(3, dtype=np.float32)}, directory / "model.safetensors")


@pytest.mark.parametrize("change", [damaged, other, fewer, without("model.safetensors")])
def test_weights_that_are_not_those_described_are_refused(
    folder: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    directory = copy(folder, tmp_path)
    encoder = fast(directory)
    change(directory)
    with pytest.raises(ModelUnusable, match=r"model\.safetensors"):
        encoder.encode(["fog"])


def test_a_tokenizer_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    directory = copy(folder, tmp_path)
    write(directory / "tokenizer.json", {"normalizer": {"type": "BertNormalizer", "lowercase": True}})
    with pytest.raises(ModelUnusable, match=r"tokenizer\.json"):
        fast(directory)
