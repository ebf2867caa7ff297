"""The encoder of 4-bit E5 weights on a tiny file with random ones, against numpy; and files that are damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelUnusable
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.e5_encoder import e5_tokenizer
from rag.models.embedding.e5_file import FILE_NAME, E5File
from rag.models.embedding.encoder import open_text_encoder
from rag.models.embedding.token_counter import token_counter
from rag.models.opening import open_encoder, tokenizer_file
from rag.settings import Settings
from tests.unit.rag.models.embedding.bert_oracle import oracle
from tests.unit.rag.models.embedding.tiny_e5 import PIECES, POSITIONS, VOCABULARY, tiny_e5

NUMBER = {piece: number for number, piece in enumerate(PIECES)}
_PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e5")
    tiny_e5(folder / FILE_NAME)
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> BertEncoder:
    encoder = open_text_encoder(folder, name="tiny", digest="0" * 64, threads=2)
    assert isinstance(encoder, BertEncoder)
    return encoder


def by_bert_names(tensors: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    found = {
        "embeddings.word_embeddings.weight": tensors["emb.word"],
        "embeddings.position_embeddings.weight": tensors["emb.pos"],
        "embeddings.token_type_embeddings.weight": tensors["emb.type"],
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for name, values in tensors.items():
        if name.startswith("l"):
            layer, part, kind = name[1:].split(".")
            found[f"encoder.layer.{layer}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"] = values
    return found


class TestVectors:
    @pytest.mark.parametrize(("prefix", "is_question"), [("▁passage", False), ("▁query", True)])
    def test_they_are_those_of_bert_over_the_exact_weights(
        self, encoder: BertEncoder, tmp_path: Path, prefix: str, is_question: bool
    ) -> None:
        weights = by_bert_names(tiny_e5(tmp_path / FILE_NAME))
        inner = [["▁fog", "▁horn"], [], ["▁lamp"] * 90, ["▁Nebel", ":", "▁霧"]]
        texts = ["fog horn", "", "lamp " * 90, "Nebel: 霧"]
        ids = [[0, NUMBER[prefix], NUMBER[":"], *[NUMBER[piece] for piece in one][:36], 2] for one in inner]
        expected = np.array([oracle(weights, one) for one in ids])
        found = encoder.encode_questions(texts) if is_question else encoder.encode(texts)
        assert found.shape == (4, 32)
        assert (found * expected).sum(axis=1).min() > 0.999
        # It could tell: no two of the texts are that near.
        assert (expected @ expected.T - 2 * np.eye(4)).max() < 0.999

    def test_questions_differ_from_passages(self, encoder: BertEncoder) -> None:
        question, passage = encoder.encode_questions(["fog"]), encoder.encode(["fog"])
        assert float((question * passage).sum()) < 0.9999

    def test_the_identity_and_the_longest_text(self, encoder: BertEncoder) -> None:
        assert encoder.identity == {
            "name": "tiny", "sha256": "0" * 64, "dimension": 32, "max_tokens": POSITIONS, "normalised": True,
        }  # fmt: skip
        assert encoder.max_tokens == POSITIONS - 4
        assert encoder.cosine_scale > 1


class TestTokens:
    @pytest.mark.parametrize(
        ("text", "pieces"),
        [
            ("fog  horn", ["▁fog", "▁horn"]),
            (" fog", ["▁fog"]),
            ("ｆｏｇ", ["▁fog"]),  # full width
            ("fo~", ["▁", "<unk>", "o", "~"]),
            ("o～o", ["▁", "o", "～", "o"]),  # which NFKC would make a tilde
        ],
    )
    def test_text_is_normalized_as_sentencepiece_does(self, folder: Path, text: str, pieces: list[str]) -> None:
        tokenizer = e5_tokenizer(E5File.read(folder / FILE_NAME))
        found = tokenizer.encode(text, add_special_tokens=False).ids
        assert [list(PIECES)[token] for token in found] == pieces

    def test_ingest_counts_as_the_encoder_does(self, encoder: BertEncoder, folder: Path, tmp_path: Path) -> None:
        settings = Settings(encoder=str(folder), models=tmp_path)
        count = token_counter(tokenizer_file(settings))
        for text in ("fog horn lamp", "", "o～o", "zzz " * 50):
            assert count(text) == encoder.count_tokens(text)
        assert open_encoder(settings).identity["name"] == folder.name


class TestTheFile:
    def test_weights_are_exact(self, tmp_path: Path) -> None:
        tensors = tiny_e5(tmp_path / FILE_NAME)
        file = E5File.read(tmp_path / FILE_NAME)
        assert file.pieces[5] == ("▁query", -6.0)
        for name, values in tensors.items():
            assert np.array_equal(file.floats(name, *values.shape), values)
        levels, scales = file.blocks("emb.word", VOCABULARY, 32)
        assert levels.min() >= -8
        assert levels.max() <= 7
        assert scales.shape == (VOCABULARY, 1)

    @pytest.mark.parametrize("change", [{"magic": b"GGUF"}, {"block": 64}, {"vocabulary": 3}, {"vocabulary": -1}])
    def test_another_format(self, tmp_path: Path, change: dict[str, object]) -> None:
        tiny_e5(tmp_path / FILE_NAME, **change)  # type: ignore[arg-type]
        with pytest.raises(ModelUnusable, match=r"e5-small-q4\.bin is not an encoder of 4-bit weights: "):
            open_text_encoder(tmp_path, name="tiny", digest="0", threads=1)

    def test_a_file_that_ends_too_early(self, tmp_path: Path) -> None:
        tiny_e5(tmp_path / FILE_NAME)
        whole = (tmp_path / FILE_NAME).read_bytes()
        for length in (0, 3, 40, 200, 600):
            (tmp_path / FILE_NAME).write_bytes(whole[:length])
            with pytest.raises(ModelUnusable, match="is not an encoder of 4-bit weights"):
                E5File.read(tmp_path / FILE_NAME)
        (tmp_path / FILE_NAME).write_bytes(whole[:-1])
        encoder = open_text_encoder(tmp_path, name="tiny", digest="0", threads=1)
        with pytest.raises(ModelUnusable, match="ends before its weights do"):
            encoder.encode([])

    def test_a_tensor_that_is_not_there(self, folder: Path) -> None:
        file = E5File.read(folder / FILE_NAME)
        for name, shape in (("l9.q.w", (32, 32)), ("emb.ln.w", (31,))):
            with pytest.raises(ModelUnusable, match="has no "):
                file.floats(name, *shape)
        with pytest.raises(ModelUnusable, match="does not have 4-bit weights"):
            file.blocks("emb.pos", POSITIONS, 32)

    @given(place=st.integers(0, 700), value=st.integers(0, 255))
    @settings(max_examples=50, deadline=None)
    def test_damage_is_an_error_of_its_own(
        self, tmp_path_factory: pytest.TempPathFactory, place: int, value: int
    ) -> None:
        path = tmp_path_factory.mktemp("damaged") / FILE_NAME
        tiny_e5(path)
        data = bytearray(path.read_bytes())
        data[place] = value
        path.write_bytes(data)
        try:
            file = E5File.read(path)
            file.floats("emb.ln.w", 32)
        except ModelUnusable:
            pass
