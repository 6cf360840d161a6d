"""Measure methods on the testbed: residual, retention, neighbours, seconds, concept by concept.

    python -m bench.methods --methods closed-form few-shot --concepts cat "captain comet" --seeds 0 1 \
        --out bench/results

A concept may be several: "cat+robot" is erased at once, "cat>robot" one after the other, the second
holding the first. Every run writes one line to <out>/runs.csv, its concepts to <out>/concepts.csv, and
<out>/README.md sums up; runs that the files already have are not repeated, so a bench may be continued.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from transformers import PreTrainedModel

from bench.tables import write_summary
from bench.tabular import append, read
from bench.testbed import FRAMES, GUIDANCE, MODELS, STEPS, document
from lab.testbed.concepts import CONCEPTS
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import Models, load_models
from unlearn_job.probe import BaseProbe, ProbeReport, identify, probe
from unlearn_job.prompts import Templates
from unlearn_job.unlearn import unlearn

PARAMETERS: Final[dict[str, dict[str, int | str]]] = {"few-shot": {"learningRate": "0.001"}}
"""What the testbed's small encoder needs: the paper's rate of 1e-5 changes nothing in it."""

RUN_FIELDS: Final = (
    *("method", "concept", "seed", "images", "imageSamples", "clips", "clipSamples"),
    *("preservedBase", "preserved", "holdoutBase", "holdout", "neighboursBase", "neighbours"),
    *("preservedSamples", "holdoutSamples", "neighboursSamples", "worst", "worstPercent"),
    *("unlearnSeconds", "probeSeconds"),
)
CONCEPT_FIELDS: Final = (
    *("method", "run", "seed", "concept", "kind", "role", "neighbour", "base", "after", "samples"),
    *("clips", "clipSamples", "baseClips", "baseClipSamples", "invalid"),
)


def main() -> None:
    """Run what the arguments ask for, then sum up everything in the folder."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    done = {(row["method"], row["concept"], row["seed"]) for row in read(arguments.out / "runs.csv")}
    bench: Bench | None = None
    for run in arguments.concepts:
        for seed in arguments.seeds:
            wanted = [m for m in arguments.methods if (m, run, str(seed)) not in done]
            if wanted:
                bench = bench or Bench.load(arguments)
                bench.measure(run, seed, wanted)
    write_summary(arguments.out)


def _arguments() -> argparse.Namespace:
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
    return parser.parse_args()


@dataclass(frozen=True)
class Bench:
    """The models, and what to draw with them."""

    models: Models
    judge: Judge
    probe: Probe
    out: Path

    @classmethod
    def load(cls, arguments: argparse.Namespace) -> Bench:
        """Load the testbed once for all runs."""
        doc = document(["cat"])
        with tempfile.TemporaryDirectory() as cache:
            models = load_models(doc, Path(cache))
        kind = JudgeType(arguments.judge)
        judge = open_judge(kind, MODELS / f"judge-{kind.value}", models.device, Templates.of(doc))
        amount = Probe(
            images=arguments.images,
            clips=arguments.clips,
            retention_images=arguments.kept,
            image_steps=STEPS,
            clip_steps=STEPS,
            frames=FRAMES,
            guidance=GUIDANCE,
        )
        return cls(models, judge, amount, arguments.out)

    def measure(self, run: str, seed: int, methods: Sequence[str]) -> None:
        """Run some methods on one concept: they share the base's images."""
        base: BaseProbe | None = None
        for method in methods:
            started = time.monotonic()
            doc, encoder = self._unlearn(run, seed, method)
            unlearned = time.monotonic()
            base = base or identify(self.models, self.judge, doc)
            report = probe(self.models, encoder, self.judge, doc, base)
            seconds = {
                "unlearnSeconds": round(unlearned - started, 1),
                "probeSeconds": round(time.monotonic() - unlearned, 1),
            }
            self._write({"method": method, "concept": run, "seed": seed}, report, seconds)

    def _unlearn(self, run: str, seed: int, method: str) -> tuple[JobInput, PreTrainedModel]:
        spec = MethodSpec(name=method, parameters=PARAMETERS.get(method, {}))
        held: list[str] = []
        encoder = self.models.start_encoder
        for step in run.split(">"):
            doc = document(step.split("+"), holds=held, method=spec, seed=seed, probe=self.probe)
            encoder = unlearn(dataclasses.replace(self.models, start_encoder=encoder), doc, self.judge)
            held += step.split("+")
        return doc, encoder

    def _write(self, run: dict[str, object], report: ProbeReport, seconds: dict[str, object]) -> None:
        line = {**run, **_erased(report), **_kept(report), **seconds}
        append(self.out / "runs.csv", RUN_FIELDS, [line])
        append(self.out / "concepts.csv", CONCEPT_FIELDS, list(_concepts(run, report)))
        print(line, flush=True)


def _erased(report: ProbeReport) -> dict[str, object]:
    line: dict[str, object] = {}
    for what, samples in (("images", "imageSamples"), ("clips", "clipSamples")):
        tallies: list[Tally] = [getattr(erasure, what) for erasure in report.figures.erasures]
        line |= {what: sum(t.hits for t in tallies), samples: sum(t.samples for t in tallies)}
    return line


def _kept(report: ProbeReport) -> dict[str, object]:
    figures = report.figures
    kept = {"preserved": figures.preserved, "holdout": figures.holdout, "neighbours": figures.neighbours}
    line: dict[str, object] = {}
    for name, figure in kept.items():
        line |= {f"{name}Base": figure.base.hits, name: figure.erased.hits}
        line[f"{name}Samples"] = figure.base.samples
    judged = [row for row in report.rows if not row.role.erased and row.base.hits]
    worst = min(judged, key=lambda row: row.images.rate / row.base.rate)
    return line | {"worst": worst.concept, "worstPercent": round(100 * worst.images.rate / worst.base.rate)}


def _concepts(run: dict[str, object], report: ProbeReport) -> Iterator[dict[str, object]]:
    for row in report.rows:
        line: dict[str, object] = {"method": run["method"], "run": run["concept"], "seed": run["seed"]}
        line["concept"] = row.concept
        line |= {"kind": row.kind, "role": row.role.value, "neighbour": int(row.neighbour)}
        line |= {"base": row.base.hits, "after": row.images.hits, "samples": row.base.samples}
        line["invalid"] = row.invalid.hits
        if row.clips is not None and row.base_clips is not None:
            line |= {"clips": row.clips.hits, "clipSamples": row.clips.samples}
            line |= {"baseClips": row.base_clips.hits, "baseClipSamples": row.base_clips.samples}
        yield line


if __name__ == "__main__":
    main()
