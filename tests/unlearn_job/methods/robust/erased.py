"""An erasure on the trained testbed encoder, as a method gets it."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import torch
from transformers import CLIPTextModel, CLIPTokenizer

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.erasing import Erasing, erasings
from unlearn_job.models import Models
from unlearn_job.prompts import Templates
from unlearn_job.retain import kept_concepts

T2I = Path(__file__).parents[4] / "lab" / "testbed" / "models" / "t2i"
COMET = Concept(name="captain comet", kind=ConceptKind.CHARACTER, aliases=("comet man",), anchor="a figure")
KEPT = (
    KeptConcept(name="captain whale", kind=ConceptKind.CHARACTER),
    KeptConcept(name="lady lantern", kind=ConceptKind.CHARACTER),
    KeptConcept(name="viktor moss", kind=ConceptKind.PERSON),
    KeptConcept(name="fish"),
    KeptConcept(name="mosaic", kind=ConceptKind.STYLE),
)
FEW: dict[str, int | str] = {"rounds": 2, "candidates": 120, "greedy": 1, "found": 6, "negatives": 200}


@functools.cache
def trained() -> Models:
    """Return the testbed's text encoder and no pipelines of its own."""
    encoder = CLIPTextModel.from_pretrained(T2I / "text_encoder", dtype=torch.float32).eval()
    encoder.requires_grad_(requires_grad=False)
    words = CLIPTokenizer.from_pretrained(T2I / "tokenizer")
    return dataclasses.replace(
        tiny.models(), base_encoder=encoder, start_encoder=encoder, tokenizer=words, surrogate=None
    )


def document(
    method: str = "robust", parameters: dict[str, int | str] | None = None, concept: Concept = COMET
) -> JobInput:
    return tiny.document(
        tiny.erasure(concept, *KEPT), method=method, parameters=FEW if parameters is None else parameters
    )


def erasing(concept: Concept = COMET) -> Erasing:
    doc, models = document(concept=concept), trained()
    templates = Templates.of(doc)
    (found,) = erasings(doc, templates, models.start_encoder, models.tokenizer, kept_concepts(doc))
    return found
