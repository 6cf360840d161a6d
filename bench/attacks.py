"""Attack erased encoders on the testbed: what brings a concept back, with the base model as control.

    python -m bench.attacks --methods base closed-form robust --concepts "captain comet" cat \
        --attacks words vocabulary --out bench/results/attacks

"base" is no method: the same searches on the encoder that was not edited, with the names banned, say how much
of an attack is the model's own. Every edited encoder is probed as well, because an attack's figure means
nothing without what else was kept. What the folder has is not repeated, so a bench may be continued.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import torch

from bench.methods import PARAMETERS
from bench.testbed import amounts, open_bench
from unlearn_job.attacks import Budget, attacks
from unlearn_job.benching.measure import measure
from unlearn_job.benching.page import write_results
from unlearn_job.benching.runs import BASE, runs
from unlearn_job.shell import prepare


def main() -> None:
    """Run what the arguments ask for, then sum up everything in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=[BASE, "closed-form", "robust"])
    parser.add_argument(
        "--concepts", nargs="+", default=["captain comet", "anna berg", "pencil sketch", "cat"]
    )
    parser.add_argument("--attacks", nargs="+", default=["words", "vocabulary"], choices=list(attacks()))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("bench/results/attacks"))
    parser.add_argument("--images", type=int, default=8, help="per erased concept, for its probe")
    parser.add_argument("--clips", type=int, default=4, help="per erased concept, for its probe")
    parser.add_argument("--kept", type=int, default=240, help="images of all kept concepts together")
    parser.add_argument("--threads", type=int, default=1)
    for name, field in Budget.model_fields.items():
        parser.add_argument(f"--{name}", type=int, default=field.default, help=field.description)
    arguments = parser.parse_args()
    prepare()
    torch.set_num_threads(arguments.threads)
    opened = partial(
        open_bench,
        arguments.out,
        probe=amounts(images=arguments.images, clips=arguments.clips, retention_images=arguments.kept),
        budget=Budget(**{name: getattr(arguments, name) for name in Budget.model_fields}),
        parameters=PARAMETERS,
    )
    wanted = runs(arguments.methods, arguments.concepts, arguments.seeds)
    measure(arguments.out, wanted, arguments.attacks, opened)
    write_results(arguments.out)


if __name__ == "__main__":
    main()
