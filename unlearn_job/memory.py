"""Which memory plan a Job runs with: what the models need against what the GPU has free.

Free of torch: the decision is a pure function, and settings are read before torch loads. Nothing here enters
a release key: a plan changes what a Job costs and the last digits of its pictures, not what is asked of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic_settings import BaseSettings, SettingsConfigDict

from unlearn_job.contract.errors import TemporaryFailure

ENCODER_COPIES: Final = 4
"""The base, the one to start from, the one that is edited, the one that it is measured against; float32."""
BYTES_PER_PIXEL: Final = 2560
"""Working memory of a batch in half precision, per pixel, both halves of the guidance included: an estimate
for U-Nets that work at an eighth of the picture's size, dominated by the VAE's last layers."""
SLICED: Final = 4
"""How many times less working memory a batch takes when the VAE decodes picture by picture."""
SPARE: Final = 0.9
"""Share of the free memory that a plan may need: the allocator's blocks have gaps."""


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on a GPU or, with another type, on a CPU."""
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch and isinstance(error, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


class Precision(StrEnum):
    """Precision of the pipelines. The encoder is edited in float32 whatever it is."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


class Offload(StrEnum):
    """What lies on the GPU while a pipeline draws."""

    NONE = "none"
    """Everything."""
    MODEL = "model"
    """One component at a time; the rest waits in main memory."""
    SEQUENTIAL = "sequential"
    """One layer at a time: slow, and fits nearly anywhere."""


class NoLeanerPlanError(TemporaryFailure):
    """The leanest plan ran out of memory too."""

    reason = "OutOfMemory"


class MemoryOptions(BaseSettings):
    """What somebody decided instead of the Job. What is unset is chosen from the free memory.

    Environment: `UNLEARN_DTYPE`, `UNLEARN_OFFLOAD` and so on.
    """

    model_config = SettingsConfigDict(env_prefix="UNLEARN_", frozen=True, use_attribute_docstrings=True)

    dtype: Precision | None = None
    """Precision of the pipelines; unset: half on a GPU, float32 on a CPU."""
    autocast: bool = False
    """Keep the denoiser's weights in float32 and compute in half precision, where half overflows."""
    offload: Offload | None = None
    """Keep components of the pipelines in main memory while others run. Needs a GPU."""
    attention_slicing: bool | None = None
    """Compute attention in slices: less memory, slower."""
    gradient_checkpointing: bool | None = None
    """Compute the denoiser's states twice instead of keeping them, in methods that train through it."""


@dataclass(frozen=True)
class Sizes:
    """What has to fit, in bytes.

    Attributes
    ----------
    encoder: the edited encoders in float32.
    components: every other component of the pipelines in their precision, each once.
    pixels: pixels of the largest batch that is drawn at once.

    """

    encoder: int = 0
    components: tuple[int, ...] = ()
    pixels: int = 0


@dataclass(frozen=True)
class Plan:
    """How the pipelines are loaded and placed.

    Attributes
    ----------
    dtype: precision of their weights.
    autocast: compute in half precision all the same.
    vae_slicing: decode picture by picture.
    attention_slicing, gradient_checkpointing, offload: as in `MemoryOptions`.

    """

    dtype: Precision = Precision.FLOAT32
    autocast: bool = False
    vae_slicing: bool = False
    attention_slicing: bool = False
    gradient_checkpointing: bool = False
    offload: Offload = Offload.NONE

    def __str__(self) -> str:
        """Return the plan in words, for logs and results."""
        words: list[str] = [self.dtype]
        words += ["autocast"] if self.autocast else []
        words += ["vae slicing"] if self.vae_slicing else []
        words += ["attention slicing"] if self.attention_slicing else []
        words += ["gradient checkpointing"] if self.gradient_checkpointing else []
        words += [f"{self.offload} offload"] if self.offload is not Offload.NONE else []
        return ", ".join(words)


def needed(plan: Plan, sizes: Sizes) -> int:
    """Estimate the GPU memory that a plan takes, in bytes."""
    resident = {
        Offload.NONE: sum(sizes.components),
        Offload.MODEL: max(sizes.components, default=0),
        # A layer at a time; a tenth of the largest component is above every layer in use.
        Offload.SEQUENTIAL: max(sizes.components, default=0) // 10,
    }[plan.offload]
    working = sizes.pixels * BYTES_PER_PIXEL
    if plan.dtype is Precision.FLOAT32 and not plan.autocast:
        working *= 2
    if plan.vae_slicing:
        working //= SLICED
    return ENCODER_COPIES * sizes.encoder + resident + working


def ladder(options: MemoryOptions, *, dtype: Precision, gpu: bool) -> tuple[Plan, ...]:
    """Return the plans to choose from, the fastest first and the leanest last.

    Parameters
    ----------
    options
        What is decided already; a decision holds on every rung.
    dtype
        Precision where the options name none.
    gpu
        Whether there is a GPU; without one there is nowhere to offload from.

    """
    first = Plan(
        dtype=Precision.FLOAT32 if options.autocast else options.dtype or dtype, autocast=options.autocast
    )
    rungs = [first]
    # In the order of what they cost: these two nearly nothing, ...
    rungs.append(replace(rungs[-1], vae_slicing=True, gradient_checkpointing=True))
    if gpu:
        # ... a copy over the bus per component, and per layer, ...
        rungs.append(replace(rungs[-1], offload=Offload.MODEL))
    # ... and attention without its fused kernels.
    last = replace(rungs[-1], attention_slicing=True)
    rungs.append(replace(last, offload=Offload.SEQUENTIAL) if gpu else last)
    decided = {
        name: value
        for name in ("attention_slicing", "gradient_checkpointing", "offload")
        if (value := getattr(options, name)) is not None and (gpu or name != "offload")
    }
    return tuple(dict.fromkeys(replace(rung, **decided) for rung in rungs))


def choose(
    free: int | None,
    sizes: Sizes,
    options: MemoryOptions,
    *,
    dtype: Precision = Precision.FLOAT32,
    thrift: int = 0,
) -> Plan:
    """Choose the fastest plan that fits; the leanest where none does.

    Parameters
    ----------
    free
        Free bytes of the GPU; None on a CPU.
    sizes
        What has to fit.
    options
        What is decided already.
    dtype
        Precision where the options name none.
    thrift
        How many rungs leaner than that, after as many attempts that ran out of memory.

    Raises
    ------
    NoLeanerPlanError
        There are not so many.

    """
    rungs = ladder(options, dtype=dtype, gpu=free is not None)
    fitting = (at for at, rung in enumerate(rungs) if free is None or needed(rung, sizes) <= SPARE * free)
    at = next(fitting, len(rungs) - 1) + thrift
    if at >= len(rungs):
        raise NoLeanerPlanError(
            f"out of memory with the leanest plan ({rungs[-1]}); give the Job's template a larger GPU or "
            "more memory, or probe with fewer frames",
            retry_after=timedelta(minutes=5),
        )
    return rungs[at]
