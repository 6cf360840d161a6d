"""Time the closed form at the size of CLIP ViT-L/14, and few-shot's eight steps through a U-Net of SD 1.5's.

    OMP_NUM_THREADS=2 python -m bench.scale [--steps 2] [--count] [--out bench/results/scale.json]

Weights are random and nothing is downloaded. The closed form runs as a Job runs it: one concept with an alias
and nine kept ones, default parameters, built-in prompts. Few-shot runs on four given images of 512 x 512
pixels, batch 2; what counts is the time from its first pass through the U-Net on, so neither drawing nor
encoding of images. With `--steps` fewer than eight are run, and the time is multiplied. `--count` counts
floating-point operations too, which costs time: a ratio of seconds is one of runs without it. On a machine
that is shared the seconds on the clock say little; those of the processors are printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.sizes import clip_encoder, clip_tokenizer, stable_diffusion, weights
from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.key import release_key
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType, Storage
from unlearn_job.models import Models
from unlearn_job.shell import ARITHMETIC
from unlearn_job.unlearn import unlearn

PAPER_STEPS: Final = 8
SHOTS: Final = 4
BATCH: Final = 2
PIXELS: Final = 512
NAME: Final = "captain comet"


def main() -> None:
    """Measure both, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=PAPER_STEPS, choices=(2, 4, 6, 8), help="of few-shot")
    parser.add_argument("--count", action="store_true", help="floating-point operations too; slower")
    parser.add_argument("--out", type=Path, help="also write the figures there")
    arguments = parser.parse_args()
    for variable, value in ARITHMETIC.items():
        os.environ.setdefault(variable, value)  # as the command does; read at the first product
    with tempfile.TemporaryDirectory() as folder:
        models = _models(Path(folder))
    figures: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "loadBefore": round(os.getloadavg()[0], 1),
        "encoderWeights": weights(models.base_encoder),
        "unetWeights": weights(models.pipeline.unet),
    }
    figures["closedForm"] = closed_form(models, count=arguments.count)
    print(json.dumps(figures), flush=True)
    figures["fewShot"] = few_shot(models, arguments.steps, count=arguments.count)
    figures["ratio"] = round(figures["fewShot"]["eightSteps"] / figures["closedForm"]["seconds"], 2)
    figures["cpuRatio"] = round(
        figures["fewShot"]["cpuSecondsOfEight"] / figures["closedForm"]["cpuSeconds"], 2
    )
    figures["peakGibibytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1)
    figures["loadAfter"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures, indent=2))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")


def closed_form(models: Models, *, count: bool = False) -> dict[str, float]:
    """Return the seconds of the default method, and if asked its operations in units of 1e12."""
    started, computed = time.monotonic(), time.process_time()
    with _counting(count) as teraflop:
        encoder = unlearn(models, document("closed-form"))
    seconds, cpu = time.monotonic() - started, time.process_time() - computed
    moved = sum(
        not torch.equal(new, old)
        for new, old in zip(encoder.parameters(), models.start_encoder.parameters(), strict=True)
    )
    if moved != 2:
        raise SystemExit(f"{moved} tensors moved, and 2 should have")
    return {"seconds": round(seconds, 1), "cpuSeconds": round(cpu, 1), **teraflop}


def few_shot(models: Models, steps: int, pixels: int = PIXELS, *, count: bool = False) -> dict[str, float]:
    """Return the seconds that few-shot's steps take, and of all eight, on images of so many pixels a side."""
    images = np.random.default_rng(0).integers(0, 256, (SHOTS, pixels, pixels, 3), dtype=np.uint8)
    first: list[tuple[float, float]] = []
    surrogate: Any = models.surrogate
    handle = surrogate.unet.register_forward_pre_hook(
        lambda *_: first.append((time.monotonic(), time.process_time()))
    )
    doc = document("few-shot", {"shots": SHOTS, "batch": BATCH, "epochs": steps * BATCH // SHOTS})
    try:
        with _counting(count) as teraflop:
            unlearn(models, doc, given={NAME: images})
    finally:
        handle.remove()
    seconds, cpu = time.monotonic() - first[0][0], time.process_time() - first[0][1]
    if len(first) != steps:
        raise SystemExit(f"{len(first)} steps ran, and {steps} should have")
    return {
        "steps": steps,
        "seconds": round(seconds, 1),
        "eightSteps": round(seconds * PAPER_STEPS / steps, 1),
        "cpuSecondsOfEight": round(cpu * PAPER_STEPS / steps, 1),
        **{f"{name}OfEight": round(value * PAPER_STEPS / steps, 1) for name, value in teraflop.items()},
    }


def document(method: str, parameters: dict[str, int | str] | None = None) -> JobInput:
    """Return a document that erases one character with an alias, and keeps nine concepts."""
    kept = [KeptConcept(name=name) for name in ("ghost", "fish", "star", "heart")]
    kept += [
        KeptConcept(name=name, kind=ConceptKind.CHARACTER) for name in ("captain whale", "doctor lantern")
    ]
    kept += [KeptConcept(name=name, kind=ConceptKind.PERSON) for name in ("anna stone", "viktor moss")]
    kept += [KeptConcept(name="pencil sketch", kind=ConceptKind.STYLE)]
    concept = Concept(name=NAME, kind=ConceptKind.CHARACTER, aliases=("comet man",), anchor="a figure")
    erasure = Erasure(digest="a" * 64, name="comet", concept=concept, preserve=tuple(kept))
    return JobInput(
        model="bench.scale",
        key=release_key(parent=None, adds=[erasure.digest]),
        base=BaseModels(surrogate="file:///made-on-the-spot", pipeline="file:///made-on-the-spot"),
        adds=(erasure,),
        judge=Judge(type=JudgeType.CLIP, source="file:///none"),
        method=MethodSpec(name=method, parameters=parameters or {}),
        storage=Storage(uri="file:///none"),
    )


def _models(folder: Path) -> Models:
    tokenizer = clip_tokenizer(folder)
    encoder = clip_encoder(tokenizer)
    pipeline = stable_diffusion(encoder, tokenizer)
    return Models(
        surrogate=pipeline,
        pipeline=pipeline,
        base_encoder=encoder,
        start_encoder=encoder,
        tokenizer=tokenizer,
        encoder_name="text_encoder",
        base_sha256="0" * 64,
        device=torch.device("cpu"),
        dtype=torch.float32,
        stored_dtype=torch.float32,
    )


@contextmanager
def _counting(wanted: bool) -> Iterator[dict[str, float]]:
    """Count products, if wanted; torch has no rule of its own for those that add in place."""

    def product(_sum: list[int], left: list[int], right: list[int], *_: object, **__: object) -> int:
        return 2 * left[0] * left[1] * right[1]

    found: dict[str, float] = {}
    if not wanted:
        yield found
        return
    rules: dict[Any, Callable[..., int]] = {torch.ops.aten.addmm_: product}
    with FlopCounterMode(display=False, custom_mapping=rules) as counter:
        yield found
    found["teraflop"] = counter.get_total_flops() / 1e12


if __name__ == "__main__":
    main()
