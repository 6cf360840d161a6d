from __future__ import annotations

from pathlib import Path

import pytest
from transformers import VideoMAEConfig, VideoMAEModel, ViTImageProcessorPil

from bench.testbed import MODELS
from tests.unlearn_job import folders
from unlearn_job.contract.sources import Features
from unlearn_job.quality.features import BrokenFeaturesError, FeatureModels, open_features

pytestmark = pytest.mark.torch

CLIP, RESNET = (f"file://{MODELS / name}" for name in ("judge-clip", "judge-classifier"))


def opened(tmp_path: Path, features: Features | None) -> FeatureModels:
    return open_features(folders.document(tmp_path, "file:///releases", features=features), tmp_path, "cpu")


def test_nothing_is_loaded_where_nothing_is_named(tmp_path: Path) -> None:
    assert opened(tmp_path, None) == opened(tmp_path, Features()) == FeatureModels()


def test_models_say_in_a_report_where_they_come_from(tmp_path: Path) -> None:
    found = opened(tmp_path, Features(clip=CLIP, style=RESNET))
    assert found.clip is not None
    assert found.style is not None
    assert "features.clip" in found.clip.features_of
    assert "features.clip" in found.clip.maps_of
    assert "features.style" in found.style.maps_of


def test_a_model_that_cannot_look_at_a_picture_is_found_when_it_is_loaded(tmp_path: Path) -> None:
    """One of videos: it says that it reads pixels."""
    config = VideoMAEConfig(
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
        num_frames=4,
    )
    VideoMAEModel(config).save_pretrained(tmp_path)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    with pytest.raises(BrokenFeaturesError, match=r"features\.style: no vision model in"):
        opened(tmp_path, Features(style=f"file://{tmp_path}"))


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (Features(clip=RESNET), r"features\.clip: no CLIP model in judge-classifier: "),
        (Features(style=f"file://{MODELS / 't2i' / 'unet'}"), r"features\.style: no vision model in unet: "),
        (Features(style=f"file://{MODELS / 't2i' / 'text_encoder'}"), "a CLIPTextModel reads input_ids"),
    ],
)
def test_another_model_is_refused_in_one_line(tmp_path: Path, features: Features, sentence: str) -> None:
    with pytest.raises(BrokenFeaturesError, match=sentence) as caught:
        opened(tmp_path, features)
    assert "\n" not in str(caught.value)
