"""Run methods and attacks on models in memory, and write what was counted line by line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog

from unlearn_job.aliases import with_names
from unlearn_job.attacking import outcomes
from unlearn_job.attacks import Outcome
from unlearn_job.benching import peak
from unlearn_job.benching.files import (
    ATTACK_FIELDS,
    ATTACKS,
    CONCEPT_FIELDS,
    CONCEPTS,
    RUN_FIELDS,
    RUNS,
)
from unlearn_job.benching.runs import BASE, Run
from unlearn_job.benching.tabular import Rows, append, read
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Digest
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.method import MethodSpec
from unlearn_job.discovery import discover
from unlearn_job.encoder import Encoders
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.pictures_cache import PicturesCache, caching
from unlearn_job.probe import BaseProbe, ProbeReport, identify, probe
from unlearn_job.progress import progress
from unlearn_job.unlearn import unlearn_all

log = structlog.get_logger()


class Documents(Protocol):
    """Makes the document of one step of a run."""

    def __call__(
        self,
        adds: Sequence[str],
        *,
        holds: Sequence[str],
        method: MethodSpec,
        seed: int,
        probe: Probe,
    ) -> JobInput:
        """Return the document that adds some concepts to an encoder which holds others."""


@dataclass
class Bench:
    """Models, and what to do with them.

    Attributes
    ----------
    models, judge: loaded once for all runs.
    documents: makes documents.
    probe, budget: what a probe draws, and what an attack may spend.
    out: folder of the CSV files.
    pictures: where the base encoder's pictures are kept.
    parameters: of methods by name, where a run does not say otherwise.

    """

    models: Models
    judge: Judge
    documents: Documents
    probe: Probe
    budget: Budget
    out: Path
    pictures: PicturesCache
    parameters: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def run(self, run: Run, attacks: Sequence[str]) -> None:
        """Do what is missing of one run: unlearn once, probe, then attack; write each as it ends."""
        wanted = missing_attacks(self.out, run, attacks)
        probing = run.method != BASE and not is_done(self.out, run)
        if not wanted and not probing:
            return
        with caching(self.pictures):
            peak.reset(self.models.device)
            started = time.monotonic()
            document, encoder = self._unlearned(run)
            seconds = time.monotonic() - started
            if probing:
                self._probe(run, document, encoder, seconds)
            self._attack(run, document, encoder, wanted)

    def _unlearned(self, run: Run) -> tuple[JobInput, Encoders]:
        spec = run.spec
        given = {**self.parameters.get(spec.name, {}), **spec.parameters}
        spec = MethodSpec(name=spec.name, parameters=given)
        made = partial(self.documents, method=spec, seed=run.seed, probe=self.probe)
        if run.method == BASE:
            # The control takes the whole set as one step: nothing is edited.
            return made([name for names in run.steps for name in names], holds=()), self.models.base
        held: list[str] = []
        known: dict[Digest, tuple[str, ...]] = {}
        models = self.models
        for step in run.steps:
            document = with_names(made(step, holds=held), known)
            # As a Job does: names that the document forgot go too, and stay gone in later steps.
            found = discover(self.models, self.judge, document)
            document = found.document
            known |= {erasure.digest: erasure.concept.aliases for erasure in document.adds}
            held += step
            encoders = unlearn_all(models, document, self.judge, alone=found.alone)
            models = models.starting_from(encoders)
        return document, encoders

    def _probe(self, run: Run, document: JobInput, encoder: Encoders, seconds: float) -> None:
        started = time.monotonic()
        base: BaseProbe = identify(self.models, self.judge, document)
        report = probe(self.models, encoder, self.judge, document, base)
        cost = {
            "unlearnSeconds": round(seconds, 1),
            "probeSeconds": round(time.monotonic() - started, 1),
            "peakMebibytes": peak.mebibytes(self.models.device),
        }
        line = {**_named(run), **_erased(report), **_kept(report), **cost}
        # Concepts first: a run counts as done once its own line is there.
        append(self.out / CONCEPTS, CONCEPT_FIELDS, list(_concepts(run, report)))
        append(self.out / RUNS, RUN_FIELDS, [line])
        log.info("run measured", **{name: value for name, value in line.items() if value != ""})

    def _attack(self, run: Run, document: JobInput, encoder: Encoders, wanted: Sequence[str]) -> None:
        started = time.monotonic()
        for found in outcomes(self.models, encoder, self.judge, document, wanted, budget=self.budget):
            line = {"method": run.method, **_attacked(run, found)}
            line["seconds"] = round(time.monotonic() - started, 1)
            append(self.out / ATTACKS, ATTACK_FIELDS, [line])
            log.info("attack measured", **line)
            started = time.monotonic()


def pictures_of(models: Models, document: JobInput, out: Path) -> PicturesCache:
    """Return the cache of a bench's base pictures, in its folder: named by all that draws them."""
    words = f"{document.base.to_json()} {models.base_sha256} {models.device.type} {models.plan}"
    return PicturesCache(out / "pictures", words)


def measure(out: Path, wanted: Sequence[Run], attacks: Sequence[str], opened: Callable[[], Bench]) -> None:
    """Do what the folder does not have yet; models are loaded only where something is left to do.

    Parameters
    ----------
    out
        Folder of the CSV files; made where it is missing.
    wanted
        Runs.
    attacks
        Names of attacks on each; none for no attacks.
    opened
        Loads the models.

    """
    out.mkdir(parents=True, exist_ok=True)
    left = [
        run
        for run in wanted
        if missing_attacks(out, run, attacks) or (run.method != BASE and not is_done(out, run))
    ]
    with progress("runs", len(wanted)) as advance:
        advance(len(wanted) - len(left))
        bench = opened() if left else None
        for run in left:
            assert bench is not None  # noqa: S101 - for the type checker
            bench.run(run, attacks)
            advance(1)


def is_done(out: Path, run: Run) -> bool:
    """Say whether a run was probed."""
    return any(_is_of(row, run) for row in read(out / RUNS))


def missing_attacks(out: Path, run: Run, attacks: Sequence[str]) -> list[str]:
    """Return the attacks that a run lacks, of those named."""
    rows: Rows = read(out / ATTACKS)
    # An attack of a set writes a line for each concept that its last step added.
    done = {
        (row["attack"], row["concept"])
        for row in rows
        # Older benches had runs of one concept alone, and no column for it.
        if (row["method"], row.get("run") or row["concept"], row["seed"])
        == (run.method, run.concepts, str(run.seed))
    }
    return [name for name in attacks if any((name, concept) not in done for concept in run.steps[-1])]


def _is_of(row: dict[str, str], run: Run) -> bool:
    return (row["method"], row["concept"], row["seed"]) == (run.method, run.concepts, str(run.seed))


def _named(run: Run) -> dict[str, object]:
    return {"method": run.method, "concept": run.concepts, "seed": run.seed}


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
    if not judged:
        return line | {"worst": "", "worstPercent": ""}
    worst = min(judged, key=lambda row: row.images.rate / row.base.rate)
    return line | {"worst": worst.concept, "worstPercent": round(100 * worst.images.rate / worst.base.rate)}


def _concepts(run: Run, report: ProbeReport) -> Iterator[dict[str, object]]:
    for row in report.rows:
        line: dict[str, Any] = {"method": run.method, "run": run.concepts, "seed": run.seed}
        line |= {"concept": row.concept, "kind": row.kind, "role": row.role.value}
        line |= {"neighbour": int(row.neighbour), "base": row.base.hits, "after": row.images.hits}
        line |= {"samples": row.base.samples, "invalid": row.invalid.hits}
        line |= {"clips": "", "clipSamples": "", "baseClips": "", "baseClipSamples": ""}
        if row.clips is not None and row.base_clips is not None:
            line |= {"clips": row.clips.hits, "clipSamples": row.clips.samples}
            line |= {"baseClips": row.base_clips.hits, "baseClipSamples": row.base_clips.samples}
        yield line


def _attacked(run: Run, outcome: Outcome) -> dict[str, object]:
    return {
        "concept": outcome.concept,
        "attack": outcome.attack,
        "seed": run.seed,
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
        "run": run.concepts,
    }
