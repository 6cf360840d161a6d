"""Lines as a bench writes them."""

from __future__ import annotations

from pathlib import Path

from unlearn_job.benching.files import ATTACK_FIELDS, ATTACKS, CONCEPT_FIELDS, CONCEPTS, RUN_FIELDS, RUNS
from unlearn_job.benching.tabular import append


def run(
    method: str = "closed-form", concept: str = "cat", seed: int = 0, **more: object
) -> dict[str, object]:
    line: dict[str, object] = dict.fromkeys(RUN_FIELDS, 0)
    counts = {"images": 1, "imageSamples": 64, "clips": 0, "clipSamples": 40}
    for name in ("preserved", "holdout", "neighbours"):
        counts |= {f"{name}Base": 90, name: 81, f"{name}Samples": 100}
    cost = {"unlearnSeconds": 5.5, "probeSeconds": 20.0, "peakMebibytes": 700}
    named = {"method": method, "concept": concept, "seed": seed, "worst": "fish", "worstPercent": 50}
    return line | counts | cost | named | more


def concept(name: str = "cat", role: str = "added", **more: object) -> dict[str, object]:
    line: dict[str, object] = dict.fromkeys(CONCEPT_FIELDS, 0)
    own = {"method": "closed-form", "run": "cat", "seed": 0, "concept": name, "kind": "Object", "role": role}
    return line | own | {"base": 20, "after": 10, "samples": 24} | more


def attack(**more: object) -> dict[str, object]:
    line: dict[str, object] = dict.fromkeys(ATTACK_FIELDS, 0)
    own = {"method": "closed-form", "concept": "cat", "attack": "words", "prompt": "a | b", "hits": ""}
    counts = {"edited": 3, "base": 8, "samples": 8, "named": 4, "namedSamples": 4, "triedSamples": 16}
    return line | own | counts | more


def write(folder: Path) -> Path:
    append(folder / RUNS, RUN_FIELDS, [run(), run("few-shot", images=30), run(concept="cat+fish")])
    append(folder / CONCEPTS, CONCEPT_FIELDS, [concept(), concept("fish", "preserved")])
    append(folder / ATTACKS, ATTACK_FIELDS, [attack()])
    return folder
