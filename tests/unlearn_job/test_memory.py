"""The decision is a table: free memory and sizes in, plan out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from operator import attrgetter

import pytest

from unlearn_job.contract.errors import TemporaryFailure
from unlearn_job.memory import (
    MemoryOptions,
    NoLeanerPlanError,
    Offload,
    Plan,
    Precision,
    Sizes,
    choose,
    is_out_of_memory,
    ladder,
    needed,
)

GIB = 2**30
HALF = Precision.FLOAT16
# CLIP-L in float32, SD 1.5's U-Net, VAE and its twin for video in half precision, 8 pictures of 512 x 512.
SD15 = Sizes(
    encoder=492 * 2**20,
    components=(1720 * 2**20, 160 * 2**20, 2600 * 2**20, 160 * 2**20),
    pixels=2**21,
)
# T5-XXL in float32; CogVideoX-5b's transformer in half precision.
COG = Sizes(encoder=18 * GIB, components=(10 * GIB, GIB // 2), pixels=2**21)

FAST = Plan(dtype=HALF)
SLICED = Plan(dtype=HALF, vae_slicing=True, gradient_checkpointing=True)
OFFLOADED = Plan(dtype=HALF, vae_slicing=True, gradient_checkpointing=True, offload=Offload.MODEL)
LEANEST = Plan(
    dtype=HALF,
    vae_slicing=True,
    gradient_checkpointing=True,
    attention_slicing=True,
    offload=Offload.SEQUENTIAL,
)


@dataclass(frozen=True)
class Case:
    """One row."""

    name: str
    free: int | None
    sizes: Sizes
    then: Plan
    options: MemoryOptions = field(default_factory=MemoryOptions)
    dtype: Precision = HALF
    thrift: int = 0


CASES = [
    Case("a large GPU runs everything at once", 78 * GIB, SD15, FAST),
    Case("16 GiB are enough for that", 16 * GIB, SD15, FAST),
    Case("10 GiB decode picture by picture", 10 * GIB, SD15, SLICED),
    Case("8 GiB keep one component at a time", 7 * GIB, SD15, OFFLOADED),
    Case("4 GiB keep a layer at a time", 4 * GIB, SD15, LEANEST),
    Case("where nothing fits the leanest is tried", GIB, SD15, LEANEST),
    Case("four copies of T5-XXL need more than 80 GiB with the rest", 78 * GIB, COG, LEANEST),
    Case("and fit a GPU of 140 GiB", 139 * GIB, COG, FAST),
    Case("out of memory once: one rung down", 16 * GIB, SD15, SLICED, thrift=1),
    Case("a CPU computes in float32, and as it comes", None, SD15, Plan(), dtype=Precision.FLOAT32),
    Case(
        "a CPU out of memory slices",
        None,
        SD15,
        Plan(vae_slicing=True, gradient_checkpointing=True),
        dtype=Precision.FLOAT32,
        thrift=1,
    ),
    Case(
        "a precision that is asked for is used on a CPU too",
        None,
        SD15,
        Plan(dtype=Precision.BFLOAT16),
        MemoryOptions(dtype=Precision.BFLOAT16),
        dtype=Precision.FLOAT32,
    ),
    Case(
        "float32 needs twice the room",
        16 * GIB,
        SD15,
        Plan(dtype=Precision.FLOAT32, vae_slicing=True, gradient_checkpointing=True),
        MemoryOptions(dtype=Precision.FLOAT32),
    ),
    Case(
        "autocast keeps float32 weights",
        78 * GIB,
        SD15,
        Plan(dtype=Precision.FLOAT32, autocast=True),
        MemoryOptions(autocast=True, dtype=HALF),
    ),
    Case(
        "an offload that is refused stays refused, however little there is",
        4 * GIB,
        SD15,
        Plan(dtype=HALF, vae_slicing=True, gradient_checkpointing=True, attention_slicing=True),
        MemoryOptions(offload=Offload.NONE),
    ),
    Case(
        "an offload that is asked for is used with room to spare",
        78 * GIB,
        SD15,
        Plan(dtype=HALF, offload=Offload.MODEL),
        MemoryOptions(offload=Offload.MODEL),
    ),
    Case(
        "a CPU has nowhere to offload from",
        None,
        SD15,
        Plan(),
        MemoryOptions(offload=Offload.MODEL),
        dtype=Precision.FLOAT32,
    ),
    Case(
        "slicing and checkpointing by choice",
        78 * GIB,
        SD15,
        Plan(dtype=HALF, attention_slicing=True, gradient_checkpointing=True),
        MemoryOptions(attention_slicing=True, gradient_checkpointing=True),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_choose(case: Case) -> None:
    plan = choose(case.free, case.sizes, case.options, dtype=case.dtype, thrift=case.thrift)
    assert plan == case.then


@pytest.mark.parametrize("gpu", [True, False])
def test_every_rung_needs_less_than_the_one_before(gpu: bool) -> None:
    rungs = ladder(MemoryOptions(), dtype=HALF, gpu=gpu)
    sizes = [needed(rung, SD15) for rung in rungs]
    assert len(set(rungs)) == len(rungs) >= 3
    assert sizes == sorted(sizes, reverse=True)


def test_the_leanest_plan_has_no_next_one() -> None:
    with pytest.raises(NoLeanerPlanError, match="sequential offload"):
        choose(4 * GIB, SD15, MemoryOptions(), dtype=HALF, thrift=1)
    assert issubclass(NoLeanerPlanError, TemporaryFailure)


def test_options_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNLEARN_DTYPE", "bfloat16")
    monkeypatch.setenv("UNLEARN_OFFLOAD", "model")
    monkeypatch.setenv("UNLEARN_ATTENTION_SLICING", "false")
    assert MemoryOptions() == MemoryOptions(
        dtype=Precision.BFLOAT16, offload=Offload.MODEL, attention_slicing=False
    )


def test_a_plan_says_what_it_is() -> None:
    assert str(Plan()) == "float32"
    assert str(OFFLOADED) == "float16, vae slicing, gradient checkpointing, model offload"


def test_it_is_decided_without_torch() -> None:
    code = "import sys\nimport unlearn_job.memory\nassert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_only_errors_of_memory_mean_that_it_ran_out() -> None:
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes"))


@pytest.mark.torch
def test_an_allocation_that_is_really_too_large_is_recognised() -> None:
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
