"""Carry a memory plan out: measure what has to fit, place the pipelines, watch the peak, and retry leaner."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import structlog
import torch
from diffusers import DiffusionPipeline
from torch import nn

from unlearn_job.contract.result import PeakMemory
from unlearn_job.memory import Offload, Plan, Precision, Sizes, is_out_of_memory

Result = TypeVar("Result")
MEBIBYTE: Final = 2**20
DENOISERS: Final = ("unet", "transformer", "transformer_2")
"""Components that turn noise into latents, by their names in diffusers."""
DTYPES: Final = {
    Precision.FLOAT32: torch.float32,
    Precision.FLOAT16: torch.float16,
    Precision.BFLOAT16: torch.bfloat16,
}
log = structlog.get_logger()


def precision_for(device: torch.device, stored: torch.dtype) -> Precision:
    """Return the precision of the pipelines where nobody chose one.

    Half precision on a GPU: bf16 for models that come in it, as fp16 may overflow in them.
    """
    if device.type != "cuda":
        return Precision.FLOAT32
    return Precision.BFLOAT16 if stored == torch.bfloat16 else Precision.FLOAT16


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a GPU, what this process may use again included; None for a CPU."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def measure(
    encoders: Mapping[str, nn.Module],
    pipelines: Sequence[DiffusionPipeline],
    dtype: Precision,
    pixels: int,
) -> Sizes:
    """Measure what has to fit.

    Parameters
    ----------
    encoders
        The edited encoders by their names in the pipelines, which do not count them again.
    pipelines
        Loaded, wherever they lie.
    dtype
        Precision that they will have.
    pixels
        Of the largest batch.

    """
    width = torch.finfo(DTYPES[dtype]).bits // 8
    seen: dict[int, int] = {}
    for pipeline in pipelines:
        for name, part in pipeline.components.items():
            if isinstance(part, nn.Module) and name not in encoders:
                seen[id(part)] = width * sum(parameter.numel() for parameter in part.parameters())
    edited = sum(parameter.numel() for one in encoders.values() for parameter in one.parameters())
    return Sizes(4 * edited, (*seen.values(),), pixels)


def place(pipeline: DiffusionPipeline, plan: Plan, device: torch.device, *, trained: bool = False) -> None:
    """Put a pipeline where the plan says, in place.

    Parameters
    ----------
    pipeline
        Loaded in the plan's precision.
    plan, device
        Where to, and how.
    trained
        Whether a method trains through its denoiser: then it stays on the device as a whole, because a loss
        reaches components by themselves and not through the pipeline's call.

    """
    if plan.offload is Offload.NONE or trained or device.type == "cpu":
        pipeline.to(device)
    elif plan.offload is Offload.MODEL:
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    vae = getattr(pipeline, "vae", None)
    if plan.vae_slicing and vae is not None and hasattr(vae, "enable_slicing"):
        vae.enable_slicing()
    if plan.attention_slicing:
        pipeline.enable_attention_slicing()
    for denoiser in _denoisers(pipeline):
        if plan.gradient_checkpointing and getattr(denoiser, "_supports_gradient_checkpointing", False):
            denoiser.enable_gradient_checkpointing()
        if plan.autocast:
            _autocast(denoiser, device)


def _denoisers(pipeline: DiffusionPipeline) -> list[Any]:
    found = (getattr(pipeline, name, None) for name in DENOISERS)
    return [denoiser for denoiser in found if isinstance(denoiser, nn.Module)]


def _autocast(denoiser: nn.Module, device: torch.device) -> None:
    """Wrap the forward pass: sampling and training both go through it, whoever calls."""
    half = torch.float16 if device.type == "cuda" else torch.bfloat16
    forward: Callable[..., object] = denoiser.forward
    denoiser.forward = torch.autocast(device.type, dtype=half)(forward)


def reset_peak(device: torch.device) -> None:
    """Start to measure the GPU's peak. A process's own peak cannot be reset."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device, plan: Plan) -> PeakMemory:
    """Return the most memory that this process had so far, on the GPU and in main memory."""
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    resident = resident // MEBIBYTE if sys.platform == "darwin" else resident // 1024
    gpu = torch.cuda.max_memory_allocated(device) // MEBIBYTE if device.type == "cuda" else None
    return PeakMemory(plan=str(plan), gpu_mebibytes=gpu, process_mebibytes=resident)


def retried(attempt: Callable[[int], Result]) -> Result:
    """Run an attempt, and once more with the next leaner plan where memory ran out.

    Parameters
    ----------
    attempt
        Gets how many rungs leaner than the first choice it shall plan: 0, then 1.

    Returns
    -------
    Result
        What the attempt returned.

    Raises
    ------
    NoLeanerPlanError
        Memory ran out, and the first plan was the leanest.
    torch.OutOfMemoryError, MemoryError
        It ran out twice.

    """
    try:
        return attempt(0)
    except (RuntimeError, MemoryError) as exc:
        if not is_out_of_memory(exc):
            raise
        log.warning("out of memory, trying a leaner plan", error=str(exc).split("\n", 1)[0][:200])
    # Behind the except block: inside it the traceback keeps the frames alive, and with them all models.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return attempt(1)
