from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unlearn_job import tiny
from unlearn_job.encoder import EncoderMismatchError, ModelUnreadableError
from unlearn_job.tokenizers import check_same_tokenizer, load_tokenizer

pytestmark = pytest.mark.torch
TEXTS = ("captain comet", "a photo of a cat")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.tokenizer().save_pretrained(tmp_path)
    return tmp_path


def test_a_tokenizer_equals_its_copy(folder: Path) -> None:
    check_same_tokenizer(tiny.tokenizer(), load_tokenizer(folder, "CLIPTokenizer"), TEXTS)


def test_another_length_is_told(folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "model_max_length": 8}))
    with pytest.raises(EncoderMismatchError, match=r"lengths \(\d+ and 8 tokens\)"):
        check_same_tokenizer(tiny.tokenizer(), load_tokenizer(folder, "CLIPTokenizer"), TEXTS)


def test_another_vocabulary_is_told() -> None:
    other = load_changed(more_tokens=True)
    with pytest.raises(EncoderMismatchError, match="vocabularies"):
        check_same_tokenizer(tiny.tokenizer(), other, TEXTS)


def test_another_split_of_a_name_is_told() -> None:
    other = load_changed(more_tokens=False)
    with pytest.raises(EncoderMismatchError, match="tokens of 'captain comet'"):
        check_same_tokenizer(tiny.tokenizer(), other, TEXTS)


@pytest.mark.parametrize("name", ["Nonsense", "CLIPTextModel"])
def test_a_class_that_is_no_tokenizer_is_refused(name: str, folder: Path) -> None:
    with pytest.raises(ModelUnreadableError, match="no tokenizer of transformers"):
        load_tokenizer(folder, name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadableError):
        load_tokenizer(tmp_path / "nothing", "CLIPTokenizer")


def load_changed(*, more_tokens: bool) -> object:
    import copy

    from tokenizers.normalizers import Replace

    other = copy.deepcopy(tiny.tokenizer())
    if more_tokens:
        other.add_tokens(["newword"])
    else:
        other.backend_tokenizer.normalizer = Replace("comet", "cat")
    return other
