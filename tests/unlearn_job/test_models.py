from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import T5Config, T5EncoderModel

from tests.unlearn_job import folders, tiny
from unlearn_job.contract.document import Device, JobInput
from unlearn_job.contract.sources import BaseModels
from unlearn_job.encoder import EncoderMismatchError, save_encoder, tensor_digest
from unlearn_job.memory import MemoryOptions, NoLeanerPlanError, Offload, Plan, Precision
from unlearn_job.models import NoGpuError, choose_device, load_models

pytestmark = pytest.mark.torch


@pytest.fixture
def copied(tiny_models: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_models, tmp_path / "models")
    return tmp_path / "models"


def document(models: Path, tmp_path: Path, **more: object) -> JobInput:
    return folders.document(models, f"file://{tmp_path / 'releases'}", **more)


def test_everything_a_job_computes_with_is_loaded(tiny_models: Path, tmp_path: Path) -> None:
    models = load_models(document(tiny_models, tmp_path, device=Device.CPU), tmp_path / "cache")
    assert models.surrogate is not None
    assert models.surrogate.text_encoder is models.pipeline.text_encoder is models.base_encoder
    assert models.start_encoder is not models.base_encoder
    assert tensor_digest(models.start_encoder) == models.base_sha256 == tensor_digest(tiny.encoder())
    for encoder in (models.base_encoder, models.start_encoder):
        assert not encoder.training
        assert encoder.dtype == torch.float32
        assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert (models.device.type, models.dtype, models.encoder_name) == ("cpu", torch.float32, "text_encoder")
    assert len(models.tokenizer) == len(tiny.tokenizer())


def test_another_encoder_is_used_inside_and_gone_outside(tiny_models: Path, tmp_path: Path) -> None:
    models = load_models(document(tiny_models, tmp_path), tmp_path / "cache")
    other = tiny.encoder(seed=1)

    def broken() -> None:
        with models.using(models.pipeline, other) as pipeline:
            assert pipeline.text_encoder is other
            _ = 1 // 0

    with pytest.raises(ZeroDivisionError):
        broken()
    assert models.pipeline.text_encoder is models.base_encoder


def test_a_surrogate_may_be_left_out(tiny_models: Path, tmp_path: Path) -> None:
    base = BaseModels(pipeline=f"file://{tiny_models / 't2v'}")
    assert load_models(document(tiny_models, tmp_path, base=base), tmp_path / "cache").surrogate is None


def test_the_files_precision_is_remembered(copied: Path, tmp_path: Path) -> None:
    save_encoder(tiny.encoder(), copied / "t2v" / "text_encoder", torch.float16)
    models = load_models(document(copied, tmp_path), tmp_path / "cache")
    assert models.stored_dtype == torch.float16
    assert models.base_encoder.dtype == torch.float32


def test_an_encoder_that_does_not_match_is_refused(copied: Path, tmp_path: Path) -> None:
    save_encoder(tiny.encoder(seed=1), copied / "t2i" / "text_encoder", torch.float32)
    with pytest.raises(EncoderMismatchError, match="an erasure in one would not be one in the other"):
        load_models(document(copied, tmp_path), tmp_path / "cache")


def test_a_tokenizer_that_does_not_match_is_refused(copied: Path, tmp_path: Path) -> None:
    path = copied / "t2i" / "tokenizer" / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": 8}))
    with pytest.raises(EncoderMismatchError, match="tokenizers"):
        load_models(document(copied, tmp_path), tmp_path / "cache")


def test_a_gpu_that_is_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the driver says is the input here, on machines with a GPU and without.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(Device.AUTO) == choose_device(Device.CPU) == torch.device("cpu")
    with pytest.raises(NoGpuError, match="shows no GPU"):
        choose_device(Device.CUDA)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device(Device.AUTO) == choose_device(Device.CUDA) == torch.device("cuda")
    assert choose_device(Device.CPU) == torch.device("cpu")


def test_another_precision_and_plan_by_options(tiny_models: Path, tmp_path: Path) -> None:
    options = MemoryOptions(dtype=Precision.BFLOAT16, attention_slicing=True)
    models = load_models(document(tiny_models, tmp_path), tmp_path / "cache", options)
    assert models.dtype == models.pipeline.unet.dtype == torch.bfloat16
    assert models.base_encoder.dtype == torch.float32
    assert str(models.plan) == "bfloat16, attention slicing"
    served = models.served(models.base_encoder)
    assert served.dtype == torch.bfloat16
    assert served is not models.base_encoder


def test_a_leaner_plan_after_an_attempt_that_ran_out_of_memory(tiny_models: Path, tmp_path: Path) -> None:
    models = load_models(document(tiny_models, tmp_path), tmp_path / "cache", thrift=1)
    assert str(models.plan) == "float32, vae slicing, gradient checkpointing"
    with pytest.raises(NoLeanerPlanError):
        load_models(document(tiny_models, tmp_path), tmp_path / "cache", thrift=9)


def test_what_transformers_keeps_in_fp32_beside_fp16_stays_so() -> None:
    """T5's `wo` overflows in fp16: a copy that halves it would draw other pictures than the service."""
    config = T5Config(vocab_size=20, d_model=8, d_ff=16, d_kv=4, num_layers=1, num_heads=2)
    models = dataclasses.replace(tiny.models(), dtype=torch.float16)
    half = models.served(T5EncoderModel(config))
    kept = {name for name, parameter in half.named_parameters() if parameter.dtype == torch.float32}
    assert kept == {"encoder.block.0.layer.1.DenseReluDense.wo.weight"}
    bfloat = dataclasses.replace(models, dtype=torch.bfloat16).served(T5EncoderModel(config))
    assert {parameter.dtype for parameter in bfloat.parameters()} == {torch.bfloat16}


def test_an_offloaded_pipeline_gets_a_copy() -> None:
    """The hooks of an offload move what they are given, and the Job's own encoder stays where it is."""
    models = dataclasses.replace(tiny.models(), plan=Plan(offload=Offload.MODEL))
    assert models.served(models.base_encoder) is not models.base_encoder
    assert tiny.models().dtype == models.served(models.base_encoder).dtype
