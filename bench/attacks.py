"""Attack erased encoders on the testbed: what brings a concept back, with the base model as control.

    python -m bench.attacks --methods base closed-form robust --concepts "captain comet" cat \
        --attacks words vocabulary --out bench/results/attacks

"base" is no method: the same searches on the encoder that was not edited, with the names banned, say how
much of an attack is the model's own. Every attack writes one line to <out>/attacks.csv, every encoder one to
<out>/kept.csv, and <out>/README.md sums up; what the files already have is not repeated, so a bench may be
continued.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

import torch
from transformers import PreTrainedModel

from bench.attack_tables import write_summary
from bench.methods import PARAMETERS
from bench.tabular import append, read
from bench.testbed import FRAMES, GUIDANCE, MODELS, STEPS, document
from unlearn_job.attacks import Budget, Outcome, Target, attacks, attempt
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import Models, load_models
from unlearn_job.probe import identify
from unlearn_job.probe.base import BaseProbe, draw_images
from unlearn_job.probe.seen import judged
from unlearn_job.unlearn import unlearn

BASE: Final = "base"
ATTACK_FIELDS: Final = (
    *("method", "concept", "attack", "seed", "prompt", "soft", "edited", "base", "samples"),
    *("named", "plain", "namedSamples", "tried", "triedSamples", "candidates", "opened", "seconds", "hits"),
)
KEPT_FIELDS: Final = (
    *("method", "concept", "preservedBase", "preserved", "preservedSamples"),
    *("holdoutBase", "holdout", "holdoutSamples", "worst", "worstPercent", "unlearnSeconds"),
)


def main() -> None:
    """Run what the arguments ask for, then sum up everything in the folder."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    done = {(r["method"], r["concept"], r["attack"], r["seed"]) for r in read(arguments.out / "attacks.csv")}
    bench: Bench | None = None
    for concept in arguments.concepts:
        for method in arguments.methods:
            wanted = [
                (attack, seed)
                for seed in arguments.seeds
                for attack in arguments.attacks
                if (method, concept, attack, str(seed)) not in done
            ]
            if wanted:
                bench = bench or Bench.load(arguments)
                bench.measure(method, concept, wanted)
    write_summary(arguments.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=[BASE, "closed-form", "robust"])
    parser.add_argument(
        "--concepts", nargs="+", default=["captain comet", "anna berg", "pencil sketch", "cat"]
    )
    parser.add_argument("--attacks", nargs="+", default=["words", "vocabulary"], choices=list(attacks()))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("bench/results/attacks"))
    parser.add_argument("--kept", type=int, default=240, help="images of all kept concepts; 0: do not draw")
    parser.add_argument("--threads", type=int, default=1)
    for one in fields(Budget):
        parser.add_argument(f"--{one.name}", type=int, default=one.default)
    return parser.parse_args()


@dataclass
class Bench:
    """The models, and what to spend on them."""

    models: Models
    judge: Judge
    probe: Probe
    budget: Budget
    out: Path
    bases: dict[str, BaseProbe] = field(default_factory=dict)

    @classmethod
    def load(cls, arguments: argparse.Namespace) -> Bench:
        """Load the testbed once for all runs."""
        with tempfile.TemporaryDirectory() as cache:
            models = load_models(document(["cat"]), Path(cache))
        judge = open_judge(JudgeType.CLASSIFIER, MODELS / "judge-classifier", models.device)
        probe = Probe(
            images=8,
            retention_images=max(16, arguments.kept),
            image_steps=STEPS,
            clip_steps=STEPS,
            frames=FRAMES,
            guidance=GUIDANCE,
        )
        budget = Budget(**{one.name: getattr(arguments, one.name) for one in fields(Budget)})
        return (
            cls(models, judge, probe, budget, arguments.out)
            if arguments.kept
            else _Blind(models, judge, probe, budget, arguments.out)
        )

    def measure(self, method: str, concept: str, wanted: Sequence[tuple[str, int]]) -> None:
        """Unlearn once, then run the attacks one after another."""
        started = time.monotonic()
        doc, encoder = self._unlearn(method, concept)
        if method != BASE:
            self.keep(method, concept, doc, encoder, round(time.monotonic() - started, 1))
        target = Target.of(self.models, encoder, self.judge, doc, doc.adds[0])
        for attack, seed in wanted:
            started = time.monotonic()
            outcome = attempt(attacks()[attack], target, self.budget, seed)
            line = {"method": method, **_line(outcome), "seconds": round(time.monotonic() - started, 1)}
            append(self.out / "attacks.csv", ATTACK_FIELDS, [line])
            print(line, flush=True)

    def _unlearn(self, method: str, concept: str) -> tuple[JobInput, PreTrainedModel]:
        name = "closed-form" if method == BASE else method
        spec = MethodSpec(name=name, parameters=PARAMETERS.get(name, {}))
        doc = document([concept], method=spec, probe=self.probe)
        if method == BASE:
            return doc, self.models.base_encoder
        return doc, unlearn(self.models, doc, self.judge)

    def keep(
        self, method: str, concept: str, doc: JobInput, encoder: PreTrainedModel, seconds: float
    ) -> None:
        """Count what is left of the kept concepts: an attack's figure means nothing without it."""
        if any(r["method"] == method and r["concept"] == concept for r in read(self.out / "kept.csv")):
            return
        if concept not in self.bases:
            self.bases[concept] = identify(self.models, self.judge, doc)
        before = self.bases[concept]
        kept = [s for s in before.subjects if not s.role.erased and s.concept.name in before.seen]
        samples = {s.concept.name: before.seen[s.concept.name].asked for s in kept}
        drawn = draw_images(self.models, encoder, doc, samples)
        line: dict[str, object] = {"method": method, "concept": concept, "unlearnSeconds": seconds}
        shares = {}
        for role in ("preserved", "holdout"):
            base, after = Tally(hits=0, samples=0), Tally(hits=0, samples=0)
            for subject in (s for s in kept if s.role == role):
                name = subject.concept.name
                old = before.seen[name].shown()
                new = judged(*drawn[name], self.judge, subject.concept, before.among).shown()
                base, after = base + old, after + new
                if old.hits:
                    shares[name] = new.rate / old.rate
            line |= {f"{role}Base": base.hits, role: after.hits, f"{role}Samples": base.samples}
        worst = min(shares, key=shares.__getitem__)
        line |= {"worst": worst, "worstPercent": round(100 * shares[worst])}
        append(self.out / "kept.csv", KEPT_FIELDS, [line])
        print(line, flush=True)


class _Blind(Bench):
    """A bench that draws no kept concepts."""

    def keep(self, *_: object) -> None:
        """Do nothing."""


def _line(outcome: Outcome) -> dict[str, object]:
    return {
        "concept": outcome.concept,
        "attack": outcome.attack,
        "seed": outcome.seed,
        "prompt": outcome.prompt,
        "soft": int(outcome.soft),
        "edited": outcome.edited.hits,
        "base": outcome.base.hits,
        "samples": outcome.edited.samples,
        "named": outcome.named.hits,
        "plain": outcome.plain.hits,
        "namedSamples": outcome.named.samples,
        "tried": outcome.tried.hits,
        "triedSamples": outcome.tried.samples,
        "candidates": outcome.candidates,
        "opened": int(outcome.opened),
        "hits": " | ".join(outcome.hits[:12]),
    }


if __name__ == "__main__":
    main()
