"""From the flags of `unlearn-job dataset` to a recipe."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from unlearn_job.composing import Prompts, address, judge_of, read_prompts
from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.document import Device
from unlearn_job.contract.sources import JudgeType
from unlearn_job.dataset.asking import ask_templates
from unlearn_job.dataset.folder import RECIPE_NAME, collisions
from unlearn_job.dataset.recipe import Anchor, Recipe
from unlearn_job.naming import kept
from unlearn_job.prompts import Templates
from unlearn_job.reading import DocumentError, first_error


class Order(ContractModel):
    """A data set, as the flags of the command say it."""

    anchor: tuple[str, ...] = ()
    """Concept to show, as NAME or KIND:NAME; may be given again. Default: the folders of --given."""
    kind: ConceptKind = ConceptKind.OBJECT
    """Of anchors that name none; decides the prompts."""
    given: Path | None = None
    """Folder with one folder of pictures per anchor, by its name: they are judged and kept too, and
    generations start from them."""
    surrogate: str
    """Text-to-image pipeline that draws: a folder, s3://bucket/prefix or hf://org/name@commit."""
    judge: str | None = None
    """Model that says whether a picture shows a concept: a folder or address. Default: CLIP ViT-L/14,
    zero-shot, from the Hub."""
    judge_type: JudgeType | None = None
    """What --judge names: an image classifier with concept names as labels (the default), or a CLIP model."""
    prompts: Path | None = None
    """JSON file with prompt templates by kind, each with {} for the concept."""
    llm: str | None = None
    """Address of an OpenAI-compatible API that writes the templates, such as http://127.0.0.1:8000/v1. It is
    told the kinds, never the names. Its key, if it wants one, is in OPENAI_API_KEY."""
    llm_model: str = "default"
    """Model that the API shall use."""
    llm_prompts: Annotated[int, Field(ge=1, le=256)] = 32
    """Templates of each kind to ask for."""
    count: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Generated pictures to keep of each anchor."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 4
    """Most drawings per picture wanted, before an anchor is given up."""
    steps: Annotated[int, Field(ge=1, le=200)] = 25
    """Denoising steps."""
    guidance: str = "7.5"
    """Classifier-free guidance scale."""
    strength: Annotated[int, Field(ge=1, le=100)] = 75
    """Percentage of noise that a generation adds to the given picture that it starts from."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Every picture's seed derives from it."""
    device: Device = Device.AUTO
    """Auto takes CUDA where there is a GPU."""
    out: Path = Path("dataset")
    """Folder of the data set. The same command goes on there."""


def recipe_of(order: Order) -> Recipe:
    """Return the recipe of an order; a language model is asked here, unless an earlier run did.

    Raises
    ------
    DocumentError
        A flag breaks a rule, or there is no anchor.
    PermanentFailure, TemporaryFailure
        The language model does not answer with prompts.

    """
    try:
        anchors = _anchors(order)
        kinds = sorted({anchor.kind for anchor in anchors})
        return Recipe(
            surrogate=address(order.surrogate),
            judge=judge_of(order.judge, order.judge_type),
            anchors=anchors,
            prompts=_templates(order, kinds),
            language_model=order.llm_model if order.llm else None,
            count=order.count,
            attempts=order.attempts,
            steps=order.steps,
            guidance=order.guidance,
            strength=order.strength,
            seed=order.seed,
        )
    except ValidationError as exc:
        raise DocumentError(first_error(exc)) from exc


def _anchors(order: Order) -> tuple[Anchor, ...]:
    if order.given is not None and not order.given.is_dir():
        raise DocumentError(f"there is no folder {order.given}")
    folders = {p.name: p for p in sorted(order.given.iterdir()) if p.is_dir()} if order.given else {}
    concepts = kept(order.anchor or folders, order.kind)
    if not concepts:
        raise DocumentError(
            "name what the data set shall show: --anchor NAME, or a folder for each in --given"
        )
    found = tuple(
        Anchor(
            name=concept.name,
            kind=concept.kind,
            images=address(str(folders[concept.name])) if concept.name in folders else None,
        )
        for concept in concepts
    )
    unused = folders.keys() - {anchor.name for anchor in found}
    if unused:
        raise DocumentError(f"{order.given} has a folder {min(unused)!r}, and there is no such anchor")
    if collisions(found):
        raise DocumentError(f"two anchors would share the folder {collisions(found)[0]}")
    return found


def _templates(order: Order, kinds: Iterable[ConceptKind]) -> Prompts:
    given = read_prompts(order.prompts)
    if order.llm is None:
        return {kind: given.get(kind) or Templates.built_in().probing(kind) for kind in kinds}
    if not order.llm.startswith(("http://", "https://")):
        raise DocumentError(f"llm: {order.llm} is no http:// or https:// address of an API")
    earlier = _earlier(order)
    if earlier is not None:
        return dict(earlier.prompts)
    return {
        kind: given.get(kind)
        or ask_templates(order.llm, order.llm_model, kind, order.llm_prompts, seed=order.seed)
        for kind in kinds
    }


def _earlier(order: Order) -> Recipe | None:
    """Return the recipe of an interrupted run: another answer of the model would be another data set."""
    path = order.out / RECIPE_NAME
    if not path.exists():
        return None
    try:
        found = Recipe.from_json(path.read_bytes())
    except (ValidationError, json.JSONDecodeError) as exc:
        raise DocumentError(f"{path} is no recipe of a data set") from exc
    return found if found.language_model == order.llm_model else None
