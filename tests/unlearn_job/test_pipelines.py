from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.encoder import ModelUnreadableError
from unlearn_job.pipelines import PipelineIndex

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(tiny_models: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_models / "t2v", tmp_path / "t2v")
    return tmp_path / "t2v"


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("name", "class_name"), [("t2i", "StableDiffusionPipeline"), ("t2v", "TextToVideoSDPipeline")]
)
def test_a_pipeline_is_loaded_with_a_given_encoder(name: str, class_name: str, tiny_models: Path) -> None:
    index = PipelineIndex(tiny_models / name)
    assert index.class_name == class_name
    assert index.class_of("text_encoder") == "CLIPTextModel"
    encoder = tiny.encoder(seed=5)
    pipeline = index.load(torch.float32, text_encoder=encoder)
    assert pipeline.text_encoder is encoder
    assert getattr(pipeline, "safety_checker", None) is None
    assert pipeline._progress_bar_config == {"disable": True}


def test_a_missing_component_is_named(tiny_models: Path) -> None:
    with pytest.raises(ModelUnreadableError, match="no component text_encoder_2"):
        PipelineIndex(tiny_models / "t2v").class_of("text_encoder_2")


@pytest.mark.parametrize("name", ["MyPipeline", "UNet2DConditionModel", ["my_module", "MyPipeline"], None])
def test_a_class_outside_diffusers_is_refused(name: object, folder: Path) -> None:
    edit(folder, _class_name=name)
    with pytest.raises(ModelUnreadableError, match="code from a model is never run"):
        PipelineIndex(folder)


def test_a_component_with_code_of_its_own_is_refused(folder: Path) -> None:
    (folder / "unet" / "mine.py").write_text("raise SystemExit('the code ran')")
    edit(folder, unet=["mine", "Unet"])
    with pytest.raises(ModelUnreadableError, match=r"mine\.Unet; code from a model is never run"):
        PipelineIndex(folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelUnreadableError, match="cannot be loaded as TextToVideoSDPipeline") as caught:
        PipelineIndex(folder).load(torch.float32)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_folder_without_an_index_is_no_pipeline(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "model_index.json").write_text(text)
    with pytest.raises(ModelUnreadableError):
        PipelineIndex(tmp_path)
