from __future__ import annotations

from pathlib import Path

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.encoder import ModelUnreadableError
from unlearn_job.tokenizers import load_tokenizer

pytestmark = pytest.mark.torch


def test_a_clip_tokenizer_comes_back(tmp_path: Path) -> None:
    tiny.tokenizer().save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path, "CLIPTokenizer")
    assert loaded("a photo of a cat").input_ids == tiny.tokenizer()("a photo of a cat").input_ids


@pytest.mark.parametrize("class_name", ["T5Tokenizer", "T5TokenizerFast"])
def test_a_t5_tokenizer_is_read_from_its_sentencepiece_file_alone(class_name: str, tmp_path: Path) -> None:
    expected = texts.t5_tokenizer(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["spiece.model"]
    ids = load_tokenizer(tmp_path, class_name)("a photo of captain comet").input_ids
    assert ids == expected("a photo of captain comet").input_ids
    assert ids[-1] == expected.eos_token_id == 1


@pytest.mark.parametrize("name", ["Nonsense", "CLIPTextModel"])
def test_a_class_that_is_no_tokenizer_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadableError, match="no tokenizer of transformers"):
        load_tokenizer(tmp_path, name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadableError):
        load_tokenizer(tmp_path / "nothing", "CLIPTokenizer")
