"""RAG_ENCODER as the path of a folder: OpenVINO or sentence-transformers, its digest, and faults."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from rag.composition import model_digests
from rag.errors import ModelUnknown, ModelUnusable
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.sentence_transformer_encoder import SentenceTransformerEncoder
from rag.models.embedding.token_counter import token_counter
from rag.models.opening import open_encoder, tokenizer_file
from rag.settings import Settings
from tests.unit.rag.models.embedding.tiny_bert import (
    cls_pooling,
    copy,
    dense_layer,
    tiny_bert,
    unigram_tokenizer,
    write,
)

ROOT = Path(__file__).parents[5]
TEXTS = ["fog signal", "the keeper's lamp", "tide " * 30, ""]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def folder(plain: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "my-encoder"
    directory.mkdir()
    return copy(plain, directory)


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    return Settings(encoder=str(folder), models=tmp_path / "models")


class TestAFolder:
    def test_plain_bert_runs_in_openvino(self, settings: Settings, folder: Path) -> None:
        encoder = open_encoder(settings)
        assert isinstance(encoder, BertEncoder)
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        assert encoder.identity["name"] == "my-encoder"
        assert encoder.identity["sha256"] == digest
        assert encoder.encode(TEXTS).shape == (4, 32)

    @pytest.mark.parametrize(("change", "dimension"), [(cls_pooling, 32), (dense_layer, 8)])
    def test_other_folders_run_in_sentence_transformers(
        self, settings: Settings, folder: Path, change: Callable[[Path], None], dimension: int
    ) -> None:
        change(folder)
        encoder = open_encoder(settings)
        assert isinstance(encoder, SentenceTransformerEncoder)
        assert encoder.identity["dimension"] == dimension
        assert encoder.identity["max_tokens"] == 16
        assert encoder.max_tokens == 14
        assert encoder.count_tokens("fog " * 50) == 50
        vectors = encoder.encode(TEXTS)
        assert vectors.shape == (4, dimension)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)

    def test_a_multilingual_folder(self, settings: Settings, folder: Path) -> None:
        """BERT with the tokenizer of XLM-RoBERTa, as the E5 family has it; ingest counts tokens as it does."""
        plain = open_encoder(settings)
        unigram_tokenizer(folder)
        encoder = open_encoder(settings)
        assert isinstance(encoder, SentenceTransformerEncoder)
        count = token_counter(tokenizer_file(settings))
        assert [count(text) for text in ("fog signal", "", "tide " * 30)] == [2, 0, 31]
        assert encoder.count_tokens("fog signal") == 2
        vectors = encoder.encode(["fog signal", "mast", "tide " * 30])
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
        assert vectors.shape == plain.encode(["fog"] * 3).shape

    def test_prompts_of_a_folder_tell_questions_from_passages(self, settings: Settings, folder: Path) -> None:
        """As multilingual encoders have them, such as the E5 family."""
        plain = open_encoder(settings)
        write(
            folder / "config_sentence_transformers.json",
            {"prompts": {"query": "fog ", "document": "horn "}, "default_prompt_name": None},
        )
        encoder = open_encoder(settings)
        assert isinstance(encoder, SentenceTransformerEncoder)
        assert encoder.identity == plain.identity | {"prompts": '{"document": "horn ", "query": "fog "}'}
        assert encoder.max_tokens == 13
        for found, text in ((encoder.encode_questions(["mast"]), "fog mast"), (encoder.encode(["mast"]), "horn mast")):
            assert float((found * plain.encode([text])).sum()) > 0.999
        assert float((found * plain.encode(["mast"])).sum()) < 0.99

    def test_the_dense_layer_is_applied_to_the_mean(self, settings: Settings, folder: Path) -> None:
        means = open_encoder(settings).encode(TEXTS)
        dense_layer(folder)
        weights = load_file(folder / "2_Dense" / "model.safetensors")
        # The length of the mean, which the plain folder normalizes, matters because of the bias: any may be right.
        lengths = np.linspace(0.1, 20, 20_000)[:, None]
        for mean, vector in zip(means, open_encoder(settings).encode(TEXTS), strict=True):
            projected = lengths * (weights["linear.weight"] @ mean) + weights["linear.bias"]
            cosines = projected @ vector / np.linalg.norm(projected, axis=1)
            assert cosines.max() > 0.999

    def test_a_relative_path_without_a_slash_is_one(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        settings = Settings(encoder="my-encoder", models=tmp_path / "models")
        assert open_encoder(settings).identity["name"] == "my-encoder"
        assert tokenizer_file(settings) == folder / "tokenizer.json"

    def test_its_digest_is_that_of_an_older_weight_file(self, settings: Settings, folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        model = folder.parent / "model.gguf"
        model.write_bytes(b"GGUF")
        settings = settings.model_copy(update={"model": str(model), "trust_model": "yes", "reranker": ""})
        digest = hashlib.sha256((folder / "pytorch_model.bin").read_bytes()).hexdigest()
        assert model_digests(settings) == (hashlib.sha256(b"GGUF").hexdigest(), digest)


class TestFaults:
    @pytest.mark.parametrize("path", ["/nowhere/encoder", "./nowhere"])
    def test_no_such_folder(self, path: str, tmp_path: Path) -> None:
        with pytest.raises(ModelUnknown, match=r"^there is no folder .*nowhere.*; known models: all-minilm-l6-v2, "):
            open_encoder(Settings(encoder=path, models=tmp_path))

    def test_a_file(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(ModelUnknown, match=r"config\.json is not a folder; known models"):
            open_encoder(Settings(encoder=str(folder / "config.json"), models=tmp_path))

    def test_a_folder_without_weights(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnknown, match=r"it holds no model\.safetensors or pytorch_model\.bin or e5-"):
            open_encoder(Settings(encoder=str(tmp_path), models=tmp_path))

    @pytest.mark.parametrize("name", ["", "no-such-encoder"])
    def test_neither_a_name_nor_a_folder(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ModelUnknown, match=f"^'{name}' is neither a known model nor a folder; known models: all-"):
            open_encoder(Settings(encoder=name, models=tmp_path))

    def test_no_tokenizer_for_ingest(self, settings: Settings, folder: Path) -> None:
        (folder / "tokenizer.json").unlink()
        with pytest.raises(ModelUnusable, match=r"there is no .*tokenizer\.json.*save_pretrained"):
            tokenizer_file(settings)

    def test_what_sentence_transformers_cannot_load(self, settings: Settings, folder: Path) -> None:
        cls_pooling(folder)
        (folder / "model.safetensors").write_bytes(b"no weights")
        with pytest.raises(ModelUnusable, match=r"^encoder my-encoder in .* cannot be loaded: "):
            open_encoder(settings)

    def test_sentence_transformers_is_not_installed(self, settings: Settings, folder: Path) -> None:
        """As in a container image that was built without it; what runs in OpenVINO needs it as little as ever."""
        code = """
import sys
from pathlib import Path
sys.modules.update(dict.fromkeys(["torch", "transformers", "sentence_transformers"]))
from rag.models.opening import open_encoder
from rag.errors import ModelUnusable
from rag.settings import Settings
try:
    print(open_encoder(Settings(encoder=sys.argv[1], models=Path(sys.argv[2]))).encode(["fog"]).shape)
except ModelUnusable as error:
    print(error)
"""

        def run() -> str:
            command = [sys.executable, "-c", code, settings.encoder, str(settings.models)]
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

        assert run() == "(1, 32)\n"
        cls_pooling(folder)
        message = run()
        assert message.startswith("encoder my-encoder needs sentence-transformers, which is not installed (")
        assert "requirements.txt, or build the image with --build-arg ENCODERS=all" in message
