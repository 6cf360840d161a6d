"""From the flags of `unlearn-job bench` to runs and documents. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from unlearn_job.benching.runs import BASE, Run, runs, spec_of
from unlearn_job.composing import Prompts, address, batch_of, erasure_of, judge_of, read_prompts
from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.contract.document import Device, JobInput, Probe
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType, base_models
from unlearn_job.naming import check_apart, concept_of, kept, listed
from unlearn_job.reading import DocumentError, first_error

JOINTS: Final = "+>"
"""Between names of a run: erased at once, and one after another."""


class BenchOrder(ContractModel):
    """A bench, as the flags of the command say it."""

    concept: tuple[str, ...] = ()
    """Concept to erase, as NAME or KIND:NAME; may be given again. Names of --concepts-file may be joined:
    "a+b" is erased at once, "a>b" one after the other. Default: every concept of the file."""
    concepts_file: Path | None = None
    """JSON list of concepts with name, kind, aliases and anchor."""
    method: tuple[str, ...] = ("closed-form",)
    """Method, as NAME or NAME:parameter=value,...; may be given again. "base" attacks the encoder that was
    not edited, as control."""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = (0,)
    """Seeds, one run each."""
    attacks: tuple[str, ...] = ()
    """Attacks on every run, as of `attack`. Default: none."""
    preserve: tuple[str, ...] = ()
    """Concept that must stay, as NAME or KIND:NAME; those that a run erases are left out of it."""
    holdout: tuple[str, ...] = ()
    """The same, but only probed."""
    kind: ConceptKind = ConceptKind.OBJECT
    """Of concepts that name none."""
    pipeline: str
    """Text-to-video pipeline: a folder, s3://bucket/prefix or hf://org/name@commit."""
    surrogate: str | None = None
    """Text-to-image pipeline that shares the encoder."""
    encoder: Annotated[tuple[str, ...], Field(min_length=1)] = ("text_encoder",)
    """Component of both pipelines that is edited; given again, all are edited together."""
    judge: str | None = None
    """Model that says whether a picture shows a concept: a folder or address. Default: CLIP ViT-L/14,
    zero-shot, from the Hub."""
    judge_type: JudgeType | None = None
    """What --judge names: an image classifier with concept names as labels (the default), or a CLIP model."""
    prompts: Path | None = None
    """JSON file with prompt templates by kind, each with {} for the concept."""
    device: Device = Device.AUTO
    """Auto takes CUDA where there is a GPU."""
    out: Path = Path("bench-results")
    """Folder of the results. The same command goes on there."""


@dataclass(frozen=True)
class Planned:
    """A checked order.

    Attributes
    ----------
    order: as given.
    concepts: everything that runs may erase, by name.
    runs: every combination.
    base, judge, preserve, holdout, prompts: of all documents.

    """

    order: BenchOrder
    concepts: dict[str, Concept]
    runs: tuple[Run, ...]
    base: BaseModels
    judge: Judge
    preserve: tuple[KeptConcept, ...]
    holdout: tuple[KeptConcept, ...]
    prompts: Prompts

    def document(
        self,
        adds: Sequence[str],
        *,
        holds: Sequence[str],
        method: MethodSpec,
        seed: int,
        probe: Probe,
    ) -> JobInput:
        """Return the document that adds some concepts to an encoder which holds others."""
        gone = {*adds, *holds}
        preserve = tuple(concept for concept in self.preserve if concept.name not in gone)
        added, held = (
            tuple(
                erasure_of(
                    self.concepts[name],
                    preserve=preserve,
                    base=self.base,
                    method=method,
                    prompts=self.prompts,
                    seed=seed,
                )
                for name in names
            )
            for names in (adds, holds)
        )
        return batch_of(
            added,
            held,
            holdout=tuple(concept for concept in self.holdout if concept.name not in gone),
            base=self.base,
            judge=self.judge,
            method=method,
            prompts=self.prompts,
            probe=probe,
            seed=seed,
            device=self.order.device,
        )


def planned(order: BenchOrder) -> Planned:
    """Check an order.

    Raises
    ------
    DocumentError
        A flag breaks a rule, names a concept that is not there, or there is no concept.
    UnknownMethodError, MethodTextError
        A method cannot be read.

    """
    for method in order.method:
        if method != BASE:
            spec_of(method)
    try:
        concepts, names = _concepts(order)
        found = Planned(
            order=order,
            concepts=concepts,
            runs=runs(order.method, names, order.seeds),
            base=base_models(
                pipeline=address(order.pipeline),
                surrogate=address(order.surrogate) if order.surrogate is not None else None,
                encoders=order.encoder,
            ),
            judge=judge_of(order.judge, order.judge_type),
            preserve=kept(order.preserve, order.kind),
            holdout=kept(order.holdout, order.kind),
            prompts=read_prompts(order.prompts),
        )
    except ValidationError as exc:
        raise DocumentError(first_error(exc)) from exc
    return found


def _concepts(order: BenchOrder) -> tuple[dict[str, Concept], tuple[str, ...]]:
    """Return all concepts by name, and what each run erases."""
    known = listed(order.concepts_file)
    concepts = {concept.name: concept for concept in known.values()}
    names = []
    for text in order.concept:
        parts = [text] if text in concepts or not set(text) & set(JOINTS) else _parts(text)
        if len(parts) > 1 and (missing := [part for part in parts if part not in concepts]):
            raise DocumentError(f"{text}: there is no concept {missing[0]!r} in --concepts-file")
        if len(parts) == 1:
            one = concept_of(text, order.kind, known)
            if concepts.setdefault(one.name, one).kind is not one.kind:
                raise DocumentError(f"{one.name!r} is named as two kinds, and runs are told apart by name")
            text = one.name  # noqa: PLW2901 - without its kind
        else:
            check_apart([concepts[part] for part in parts], (), ())
        names.append(text)
    if not names and not concepts:
        raise DocumentError("name what the runs shall erase: --concept NAME, or --concepts-file FILE")
    return concepts, tuple(dict.fromkeys(names)) or tuple(concepts)


def _parts(text: str) -> list[str]:
    return [name for step in text.split(">") for name in step.split("+")]
