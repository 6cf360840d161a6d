from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

from bench.testbed import MODELS
from unlearn_job.quality.style import StyleModel

pytestmark = pytest.mark.torch

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def test_a_cnn_gives_the_maps_of_its_stages() -> None:
    model = StyleModel.load(MODELS / "judge-classifier", "cpu")
    maps = model.maps(IMAGES)
    # 64 x 64 pixels, halved twice by the first layers and once by each further stage.
    assert [tuple(depth.shape) for depth in maps] == [
        (3, 32, 16 * 16),
        (3, 64, 8 * 8),
        (3, 96, 4 * 4),
        (3, 128, 2 * 2),
    ]
    assert model.maps_of == "hidden layers of the ResNetModel given as features.style"
    assert torch.equal(maps[0], model.maps(IMAGES)[0])


def test_a_transformer_gives_its_tokens(tmp_path: Path) -> None:
    config = ViTConfig(
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=6,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
    )
    ViTModel(config).save_pretrained(tmp_path)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    maps = StyleModel.load(tmp_path, "cpu").maps(IMAGES)
    assert [tuple(depth.shape) for depth in maps] == [(3, 8, 1 + 4)] * 4
