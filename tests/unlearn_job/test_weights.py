from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoModel, ResNetConfig, ResNetModel

from unlearn_job.weights import load_whole

pytestmark = pytest.mark.torch

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1])).save_pretrained(tmp_path)
    return tmp_path


def drop(folder: Path, prefix: str) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file(
        {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)},
        folder / WEIGHTS,
        metadata={"format": "pt"},
    )


def test_a_whole_model_is_loaded(folder: Path) -> None:
    assert isinstance(load_whole(AutoModel, folder), ResNetModel)


def test_what_a_file_lacks_is_not_made_up(folder: Path) -> None:
    drop(folder, "embedder.embedder.convolution")
    with pytest.raises(ValueError, match=r"it lacks tensors of ResNetModel \(1, such as embedder"):
        load_whole(AutoModel, folder)
    assert load_whole(AutoModel, folder, spare="embedder")


def test_pickled_weights_are_not_read(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load_whole(AutoModel, folder)
