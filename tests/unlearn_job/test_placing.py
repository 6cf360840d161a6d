from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.memory import NoLeanerPlanError, Offload, Plan, Precision
from unlearn_job.placing import (
    MEBIBYTE,
    free_memory,
    measure,
    peak_memory,
    place,
    precision_for,
    reset_peak,
    retried,
)

pytestmark = pytest.mark.torch
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def pipeline() -> Any:
    return copy.deepcopy(tiny.models().surrogate)


class Recorder:
    """Stands for a pipeline on a machine with a GPU, which accelerate needs: notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in {
            "to",
            "enable_model_cpu_offload",
            "enable_sequential_cpu_offload",
            "enable_attention_slicing",
        }:
            return lambda *_args, **_more: self.asked.append(name)
        raise AttributeError(name)


@pytest.mark.parametrize(
    ("offload", "trained", "asked"),
    [
        (Offload.NONE, False, "to"),
        (Offload.MODEL, False, "enable_model_cpu_offload"),
        (Offload.SEQUENTIAL, False, "enable_sequential_cpu_offload"),
        (Offload.SEQUENTIAL, True, "to"),
    ],
)
def test_a_pipeline_is_offloaded_unless_a_method_trains_through_it(
    offload: Offload, trained: bool, asked: str
) -> None:
    recorder = Recorder()
    place(recorder, Plan(offload=offload), CUDA, trained=trained)
    assert recorder.asked == [asked]


def test_a_cpu_is_placed_on_whatever_the_plan_says(pipeline: Any) -> None:
    place(pipeline, Plan(offload=Offload.MODEL), CPU)
    assert pipeline.unet.device == CPU
    assert not pipeline.unet.is_gradient_checkpointing
    assert not pipeline.vae.use_slicing


@torch.no_grad()
def drawn(pipeline: Any) -> Any:
    return pipeline(
        "a cat", num_inference_steps=2, generator=torch.Generator().manual_seed(0), output_type="np"
    ).images


def test_a_lean_plan_draws_the_same_picture(pipeline: Any) -> None:
    pipeline.register_modules(text_encoder=tiny.encoder())
    before = drawn(pipeline)
    lean = Plan(vae_slicing=True, attention_slicing=True, gradient_checkpointing=True)
    place(pipeline, lean, CPU)
    assert pipeline.unet.is_gradient_checkpointing
    assert pipeline.vae.use_slicing
    assert "Sliced" in type(next(iter(pipeline.unet.attn_processors.values()))).__name__
    assert abs(drawn(pipeline) - before).max() < 1e-3


def test_checkpointing_gives_the_same_gradient(pipeline: Any) -> None:
    """Methods train through the U-Net in eval mode: it must recompute there as well."""

    def gradient() -> torch.Tensor:
        states = torch.linspace(-1, 1, 24 * tiny.WIDTH).view(1, 24, tiny.WIDTH).requires_grad_()
        latents = torch.linspace(-1, 1, 4 * 64).view(1, 4, 8, 8)
        pipeline.unet(latents, 10, encoder_hidden_states=states).sample.square().sum().backward()
        assert states.grad is not None
        return states.grad

    calls = 0

    def called(*_: Any) -> None:
        nonlocal calls
        calls += 1

    pipeline.unet.eval()
    pipeline.unet.down_blocks[1].resnets[0].register_forward_pre_hook(called)
    plain, before = gradient(), calls
    place(pipeline, Plan(gradient_checkpointing=True), CPU)
    assert torch.allclose(gradient(), plain, rtol=1e-4, atol=1e-7)
    assert calls - before == 2 * before == 2


def test_autocast_computes_in_half_precision_with_float32_weights(pipeline: Any) -> None:
    seen: list[torch.dtype] = []
    pipeline.unet.mid_block.resnets[0].conv1.register_forward_hook(lambda _m, _a, out: seen.append(out.dtype))
    pipeline.register_modules(text_encoder=tiny.encoder())
    place(pipeline, Plan(autocast=True), CPU)
    assert drawn(pipeline).shape == (1, 16, 16, 3)
    assert set(seen) == {torch.bfloat16}
    assert pipeline.unet.dtype == torch.float32


def test_every_component_is_measured_once_and_the_encoder_apart() -> None:
    models = tiny.models()
    assert models.surrogate is not None
    pipelines = (models.pipeline, models.surrogate)
    sizes = measure({"text_encoder": models.base_encoder}, pipelines, Precision.FLOAT16, 7)
    assert sizes.encoder == 4 * sum(p.numel() for p in models.base_encoder.parameters())
    parts = {id(part): part for one in pipelines for part in (one.unet, one.vae)}
    expected = [2 * sum(p.numel() for p in part.parameters()) for part in parts.values()]
    assert sorted(sizes.components) == sorted(expected)
    assert sizes.pixels == 7


def test_half_precision_is_for_gpus() -> None:
    assert precision_for(CPU, torch.float16) is Precision.FLOAT32
    assert precision_for(CUDA, torch.float32) is precision_for(CUDA, torch.float16) is Precision.FLOAT16
    assert precision_for(CUDA, torch.bfloat16) is Precision.BFLOAT16
    assert free_memory(CPU) is None


def test_the_peak_of_a_cpu_is_what_the_process_had() -> None:
    reset_peak(CPU)
    before = peak_memory(CPU, Plan()).process_mebibytes
    block = torch.ones(before + 64, MEBIBYTE // 4)
    peak = peak_memory(CPU, Plan(vae_slicing=True))
    assert peak.process_mebibytes >= before + 32
    assert (peak.plan, peak.gpu_mebibytes) == ("float32, vae slicing", None)
    del block


class Attempts:
    """An attempt that fails as often as it is told, with an error of torch."""

    def __init__(self, *errors: Callable[[], BaseException]) -> None:
        # Made when they are raised: who keeps an error keeps its frames, and the models in them.
        self.errors, self.thrifts = list(errors), []
        self.gone: list[weakref.ref[torch.nn.Module]] = []

    def __call__(self, thrift: int) -> str:
        self.thrifts.append(thrift)
        assert all(model() is None for model in self.gone), "models of the failed attempt are still there"
        model = torch.nn.Linear(2, 2)
        self.gone.append(weakref.ref(model))
        if self.errors:
            raise self.errors.pop(0)()
        return "built"


def out_of_memory() -> torch.OutOfMemoryError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nmore")


def cpu_out_of_memory() -> RuntimeError:
    return RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


def test_what_fits_runs_once() -> None:
    attempts = Attempts()
    assert retried(attempts) == "built"
    assert attempts.thrifts == [0]


@pytest.mark.parametrize("error", [out_of_memory, MemoryError, cpu_out_of_memory])
def test_out_of_memory_is_tried_once_more_with_the_next_leaner_plan(
    error: Callable[[], BaseException],
) -> None:
    attempts = Attempts(error)
    assert retried(attempts) == "built"
    assert attempts.thrifts == [0, 1]


def test_twice_is_enough() -> None:
    attempts = Attempts(out_of_memory, lambda: torch.OutOfMemoryError("again"))
    with pytest.raises(torch.OutOfMemoryError, match="again"):
        retried(attempts)
    assert attempts.thrifts == [0, 1]


@pytest.mark.parametrize("error", [RuntimeError("shapes"), ValueError(), NoLeanerPlanError("no")])
def test_other_errors_are_not_tried_again(error: Exception) -> None:
    attempts = Attempts(lambda: error)
    with pytest.raises(type(error)):
        retried(attempts)
    assert attempts.thrifts == [0]
