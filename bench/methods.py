"""Measure methods on the testbed: residual, retention, neighbours, seconds, concept by concept.

    python -m bench.methods --methods closed-form few-shot --concepts cat "captain comet" --seeds 0 1 \
        --out bench/results

`unlearn-job bench` on the testbed's models, with its templates, synonyms and anchors, and half of what is not
erased held out. A concept may be several: "cat+robot" is erased at once, "cat>robot" one after the other.
Runs that the folder has are not repeated, so a bench may be continued.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Final

import torch

from bench.testbed import amounts, open_bench
from lab.testbed.concepts import CONCEPTS
from unlearn_job.benching.measure import measure
from unlearn_job.benching.page import write_results
from unlearn_job.benching.runs import runs
from unlearn_job.contract.sources import JudgeType
from unlearn_job.shell import prepare

PARAMETERS: Final[dict[str, dict[str, int | str]]] = {"few-shot": {"learningRate": "0.001"}}
"""What the testbed's small encoder needs: the paper's rate of 1e-5 changes nothing in it."""


def main() -> None:
    """Run what the arguments ask for, then sum up everything in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=["closed-form", "few-shot"])
    parser.add_argument("--concepts", nargs="+", default=[concept.name for concept in CONCEPTS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    parser.add_argument("--images", type=int, default=64, help="per erased concept")
    parser.add_argument("--clips", type=int, default=40, help="per erased concept")
    parser.add_argument("--kept", type=int, default=240, help="images of all kept concepts together")
    parser.add_argument("--judge", choices=[j.value for j in JudgeType], default="classifier")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    prepare()
    torch.set_num_threads(arguments.threads)
    opened = partial(
        open_bench,
        arguments.out,
        probe=amounts(images=arguments.images, clips=arguments.clips, retention_images=arguments.kept),
        judge=JudgeType(arguments.judge),
        parameters=PARAMETERS,
    )
    measure(arguments.out, runs(arguments.methods, arguments.concepts, arguments.seeds), (), opened)
    write_results(arguments.out)


if __name__ == "__main__":
    main()
