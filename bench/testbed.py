"""The testbed as the benches use it: templates in its captions' grammar, documents for its concepts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from lab.testbed.captions import MEDIA, article
from lab.testbed.concepts import BACKGROUNDS, BY_NAME, COLOURS, CONCEPTS, Kind
from lab.testbed.concepts import Concept as Drawn
from unlearn_job.benching.measure import Bench, pictures_of
from unlearn_job.composing import batch_of, erasure_of
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import load_models
from unlearn_job.prompts import Templates

MODELS: Final = Path(__file__).parents[1] / "lab" / "testbed" / "models"
STEPS: Final = 8
GUIDANCE: Final = "4"
FRAMES: Final = 8


def _tails() -> tuple[str, ...]:
    return ("", *BACKGROUNDS.values())


def _openings(slot: str) -> list[str]:
    return [slot, *(f"{article(medium)} of {slot}" for medium in MEDIA)]


def templates() -> dict[ConceptKind, tuple[str, ...]]:
    """Return prompt templates by kind: media, backgrounds, colours, and styles or subjects in turn."""
    colours = cycle(("", *COLOURS))
    styles = cycle(("", "", "", "in mosaic style", "", "in neon glow style", "", "in pencil sketch style"))
    objects = [
        " ".join(f"{opening} {tail} {style}".split())
        for tail in _tails()
        for opening, style in zip(_openings("a {}"), styles, strict=False)
    ]
    objects = [
        text if "sketch" in text else text.replace("a {}", f"{article(colour)} {{}}") if colour else text
        for text, colour in zip(objects, colours, strict=False)
    ]
    named = [
        " ".join(f"{opening} {tail} {style}".split())
        for tail in _tails()
        for opening, style in zip(_openings("{}"), styles, strict=False)
    ]
    return {
        ConceptKind.OBJECT: tuple(dict.fromkeys(objects)),
        ConceptKind.CHARACTER: tuple(dict.fromkeys(named)),
        ConceptKind.PERSON: tuple(dict.fromkeys(named)),
        ConceptKind.STYLE: _style_templates(),
    }


def _style_templates() -> tuple[str, ...]:
    subjects = [c.name for c in CONCEPTS if c.kind is not Kind.STYLE]
    phrases = [article(s) if BY_NAME[s].kind is Kind.OBJECT else s for s in (*subjects,)]
    forms = (
        "a drawing of {s} in {} style",
        "{s} in {} style {t}",
        "a {} picture of {s}",
        "{s} {t} as a {}",
        "a photo of {s} {t} in {} style",
        "a {} video of {s} {t}",
        "{s} {t} {}",
        "an image of {s} in {} style {t}",
    )
    tails = cycle(_tails())
    found = []
    for turn in range(3):
        for index, subject in enumerate((*phrases, "a thing", "a man", "a woman", "a figure")):
            form = forms[(index * 3 + turn * 5) % len(forms)]
            found.append(" ".join(form.replace("{s}", subject).replace("{t}", next(tails)).split()))
    return tuple(dict.fromkeys(found))[:64]


def kept(concept: Drawn) -> KeptConcept:
    """Return a concept of the testbed as one to keep."""
    return KeptConcept(name=concept.name, kind=ConceptKind(concept.kind.value))


def erased(concept: Drawn) -> Concept:
    """Return a concept of the testbed as one to erase, with its synonym and its anchor."""
    anchor = None if concept.kind is Kind.STYLE else concept.anchor
    kind = ConceptKind(concept.kind.value)
    return Concept(name=concept.name, kind=kind, aliases=(concept.synonym,), anchor=anchor)


def split(gone: Sequence[str]) -> tuple[tuple[KeptConcept, ...], tuple[KeptConcept, ...]]:
    """Divide what is not erased: first neighbours and every second one are retained, the rest held out."""
    retained = {name for erasing in gone for name in BY_NAME[erasing].neighbours[:1]} - set(gone)
    rest = [c.name for c in CONCEPTS if c.name not in gone and c.name not in retained]
    retained |= set(rest[::2])
    left = [c for c in CONCEPTS if c.name not in gone]
    return (
        tuple(kept(c) for c in left if c.name in retained),
        tuple(kept(c) for c in left if c.name not in retained),
    )


def erasure(name: str, preserve: Iterable[KeptConcept], method: MethodSpec, seed: int) -> Erasure:
    """Return an erasure with its digest."""
    return erasure_of(
        erased(BY_NAME[name]), preserve=tuple(preserve), base=base(), method=method, prompts={}, seed=seed
    )


def base() -> BaseModels:
    """Return the testbed's two pipelines."""
    return BaseModels(surrogate=f"file://{MODELS / 't2i'}", pipeline=f"file://{MODELS / 't2v'}")


def document(
    adds: Sequence[str],
    *,
    holds: Sequence[str] = (),
    method: MethodSpec | None = None,
    seed: int = 0,
    probe: Probe | None = None,
    judge: JudgeType = JudgeType.CLASSIFIER,
    **more: Any,  # noqa: ANN401 - fields of the document
) -> JobInput:
    """Return the document of one Job on the testbed; the retain set leaves half of the rest out."""
    method = method or MethodSpec()
    preserve, holdout = split([*adds, *holds])
    return batch_of(
        tuple(erasure(name, preserve, method, seed) for name in adds),
        tuple(erasure(name, preserve, method, seed) for name in holds),
        holdout=holdout,
        base=base(),
        judge=Judge(type=judge, source=f"file://{MODELS / f'judge-{judge.value}'}"),
        method=method,
        prompts=templates(),
        probe=probe or amounts(),
        seed=seed,
    ).model_copy(update=more)


def amounts(**more: int) -> Probe:
    """Return what a probe draws on the testbed: few steps, and as many samples as usual unless said.

    Of further wordings 16, as in the documentation's tables.
    """
    return Probe(
        image_steps=STEPS,
        clip_steps=STEPS,
        frames=FRAMES,
        guidance=GUIDANCE,
        **({"wording_images": 16} | more),
    )


def open_bench(
    out: Path,
    *,
    probe: Probe,
    budget: Budget | None = None,
    judge: JudgeType = JudgeType.CLASSIFIER,
    parameters: dict[str, dict[str, int | str]] | None = None,
) -> Bench:
    """Load the testbed for many runs."""
    doc = document(["cat"], judge=judge)
    models = load_models(doc, out)
    return Bench(
        models=models,
        judge=open_judge(judge, MODELS / f"judge-{judge.value}", models.device, Templates.of(doc)),
        documents=partial(document, judge=judge),
        probe=probe,
        budget=budget or Budget(),
        out=out,
        pictures=pictures_of(models, doc, out),
        parameters=parameters or {},
    )
