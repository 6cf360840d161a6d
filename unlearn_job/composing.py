"""From what a person asks for in a shell to the document of a Job: the same erasure has the same key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import Field, TypeAdapter, ValidationError

from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Concept, ConceptKind, Description, Erasure, KeptConcept, Name
from unlearn_job.contract.document import Device, JobInput, ParentRelease, Probe, Template
from unlearn_job.contract.key import erasure_digest, release_key
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Features, Judge, JudgeType, Source, Storage, base_models
from unlearn_job.methods import config_of
from unlearn_job.naming import check_apart, concept_of, kept, listed
from unlearn_job.reading import DocumentError, check_method, first_error, number_or_text, read_json

MODEL: Final = "local"
"""Releases made from a shell go to `<out>/local/releases/<key>/`."""

NOWHERE: Final = Storage(uri="file:///nowhere")
"""Of documents whose release is never published."""

DEFAULT_JUDGE: Final = Judge(
    type=JudgeType.CLIP,
    source="hf://openai/clip-vit-large-patch14@32bd64288804d66eefd0ccbe215aa642df71cc41",
)
"""The CLIP that CPDM (arXiv 2403.12052) and most evaluations of unlearning take; 1.7 GB, fetched once."""

Prompts = dict[ConceptKind, tuple[Template, ...]]


class Wish(ContractModel):
    """What shall go, and on which models, as the flags of a command say it."""

    concept: tuple[str, ...] = ()
    """What must no longer be generated, as a prompt says it, without an article: NAME or KIND:NAME. Given
    again, all go at once. With --concepts-file, some of that list; default: all of it."""
    concepts_file: Path | None = None
    """JSON list of concepts with name, kind, aliases, anchor, descriptions and images."""
    kind: ConceptKind = ConceptKind.OBJECT
    """Of names in flags that say none. Decides the prompts."""
    alias: tuple[Name, ...] = ()
    """Another name that draws the same; may be given again. This and the next three are of one concept: with
    several, their place is --concepts-file."""
    anchor: Name | None = None
    """Phrase that the concept turns into, such as "a man". Else the nearest kept concept of its kind."""
    description: tuple[Description, ...] = ()
    """Prompt that means the concept without its names; may be given again. Probed, never trained on."""
    given: str | None = None
    """Folder with images of the concept, for methods that learn from images. Else they are drawn."""
    preserve: tuple[str, ...] = ()
    """Concept that must stay, as NAME of the kind that --kind says, or KIND:NAME; may be given again."""
    holdout: tuple[str, ...] = ()
    """The same, but only probed and never trained on: evidence for what no list names."""
    pipeline: str
    """Text-to-video pipeline: a folder, s3://bucket/prefix or hf://org/name@commit."""
    surrogate: str | None = None
    """Text-to-image pipeline that shares the encoder; without it only encoder-only methods work."""
    encoder: Annotated[tuple[str, ...], Field(min_length=1)] = ("text_encoder",)
    """Component of both pipelines that is edited; given again, all are edited together, the first of which
    chooses anchors and neighbours."""
    judge: str | None = None
    """Model that says whether a picture shows a concept: a folder or address. Default: CLIP ViT-L/14,
    zero-shot, from the Hub."""
    judge_type: JudgeType | None = None
    """What --judge names: an image classifier with concept names as labels (the default), or a CLIP model."""
    method: str = "closed-form"
    """Method that unlearns."""
    prompts: Path | None = None
    """JSON file with prompt templates by kind, each with {} for the concept."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Everything random derives from it."""
    device: Device = Device.AUTO
    """Auto takes CUDA where there is a GPU."""
    out: str = "releases"
    """Where releases go: a folder, or s3://bucket/prefix."""


class FeatureWish(ContractModel):
    """Models in whose features a probe compares pictures, as the flags of a command name them."""

    features_clip: str | None = None
    """CLIP model in whose features pictures are compared: a folder or address. Default: the judge's."""
    features_style: str | None = None
    """Vision model, such as a ResNet, whose hidden layers tell how pictures are drawn. Default: that CLIP."""


def compose(
    wish: Wish, probe: Probe, parameters: Mapping[str, str], features: FeatureWish | None = None
) -> JobInput:
    """Return the document of a Job that does what is wished.

    Parameters
    ----------
    wish
        What shall go, and the models.
    probe
        How much is generated.
    parameters
        Of the method, as text.
    features
        Of a probe.

    Raises
    ------
    DocumentError
        Something breaks a rule of the contract, or the prompts cannot be read; the message says what.
    UnknownMethodError
        There is no such method.

    """
    try:
        document = document_of(
            wanted(wish),
            preserve=kept(wish.preserve, wish.kind),
            holdout=kept(wish.holdout, wish.kind),
            base=base_models(
                surrogate=address(wish.surrogate) if wish.surrogate is not None else None,
                pipeline=address(wish.pipeline),
                encoders=wish.encoder,
            ),
            judge=judge_of(wish.judge, wish.judge_type),
            features=features_of(features or FeatureWish()),
            storage=Storage(uri=address(wish.out)),
            method=MethodSpec(
                name=wish.method, parameters={name: number_or_text(text) for name, text in parameters.items()}
            ),
            prompts=read_prompts(wish.prompts),
            probe=probe,
            seed=wish.seed,
            device=wish.device,
        )
    except ValidationError as exc:
        raise DocumentError(first_error(exc)) from exc
    check_method(document)
    return document


def wanted(wish: Wish) -> tuple[Concept, ...]:
    """Return what shall go.

    Raises
    ------
    DocumentError
        That is nothing, the file cannot be read, or a flag says of several concepts what belongs to one.
    pydantic.ValidationError
        A name or a kind is none.

    """
    known = listed(wish.concepts_file)
    found = [concept_of(text, wish.kind, known) for text in wish.concept]
    concepts = tuple(found or known.values())
    if not concepts:
        raise DocumentError("name what shall go: --concept NAME, or --concepts-file FILE")
    own = {
        "aliases": wish.alias,
        "anchor": wish.anchor,
        "descriptions": wish.description,
        "images": address(wish.given) if wish.given is not None else None,
    }
    if any(own.values()):
        if known or len(concepts) > 1:
            raise DocumentError(
                "--alias, --anchor, --description and --given are of one concept; with several, or a file of "
                "concepts, write them into --concepts-file"
            )
        return (Concept.model_validate({"name": concepts[0].name, "kind": concepts[0].kind, **own}),)
    return concepts


def encoder_address(source: str) -> str:
    """Return where an encoder is as an address.

    Raises
    ------
    DocumentError
        It is none that models come from, as an hf:// one without its commit.

    """
    try:
        return TypeAdapter(Source).validate_python(address(source))
    except ValidationError as exc:
        raise DocumentError(f"encoder-from: {first_error(exc)}") from exc


def judge_of(source: str | None, judge_type: JudgeType | None) -> Judge:
    """Name the judge; `DEFAULT_JUDGE` where no source is given.

    Raises
    ------
    DocumentError
        A type is given without a source.

    """
    if source is not None:
        return Judge(type=judge_type or JudgeType.CLASSIFIER, source=address(source))
    if judge_type is not None:
        raise DocumentError("--judge-type says what --judge names; give both or neither")
    return DEFAULT_JUDGE


def features_of(wish: FeatureWish) -> Features | None:
    """Name the models in whose features pictures are compared; None where none is wished for.

    Raises
    ------
    DocumentError
        A source is none.

    """
    wished = {"clip": wish.features_clip, "style": wish.features_style}
    found = {name: address(source) for name, source in wished.items() if source is not None}
    try:
        return Features.model_validate(found) if found else None
    except ValidationError as exc:
        raise DocumentError(f"features.{first_error(exc)}") from exc


def address(source: str) -> str:
    """Return a source as an address: a path becomes file:// with the whole path.

    Raises
    ------
    DocumentError
        It is empty.

    """
    if not source:
        raise DocumentError("a path or an address is empty")
    return source if "://" in source else f"file://{quote(str(Path(source).absolute()))}"


def document_of(
    concepts: Sequence[Concept],
    *,
    preserve: tuple[KeptConcept, ...],
    holdout: tuple[KeptConcept, ...],
    base: BaseModels,
    judge: Judge,
    storage: Storage,
    method: MethodSpec,
    prompts: Prompts,
    probe: Probe,
    seed: int,
    features: Features | None = None,
    device: Device = Device.AUTO,
) -> JobInput:
    """Return the document that erases concepts from the base encoder.

    Raises
    ------
    DocumentError
        As of `check_apart`.
    UnknownMethodError
        There is no such method.
    pydantic.ValidationError
        The method's parameters break a rule.

    """
    check_apart(concepts, preserve, holdout)
    return batch_of(
        tuple(
            erasure_of(one, preserve=preserve, base=base, method=method, prompts=prompts, seed=seed)
            for one in concepts
        ),
        (),
        holdout=holdout,
        base=base,
        judge=judge,
        storage=storage,
        method=method,
        prompts=prompts,
        probe=probe,
        seed=seed,
        features=features,
        device=device,
    )


def erasure_of(
    concept: Concept,
    *,
    preserve: tuple[KeptConcept, ...],
    base: BaseModels,
    method: MethodSpec,
    prompts: Prompts,
    seed: int,
) -> Erasure:
    """Return an erasure with its digest. Raises as `document_of`."""
    digest = erasure_digest(
        base=base,
        concept=concept,
        preserve=preserve,
        method_name=method.name,
        method=config_of(method.name).model_validate(method.parameters),
        prompts={kind.value: templates for kind, templates in prompts.items()},
        seed=seed,
    )
    name = concept.name.replace(" ", "-")
    return Erasure(digest=digest, name=name, concept=concept, preserve=preserve)


def batch_of(
    adds: tuple[Erasure, ...],
    holds: tuple[Erasure, ...],
    *,
    holdout: tuple[KeptConcept, ...],
    base: BaseModels,
    judge: Judge,
    method: MethodSpec,
    prompts: Prompts,
    probe: Probe,
    seed: int,
    storage: Storage = NOWHERE,
    features: Features | None = None,
    device: Device = Device.AUTO,
) -> JobInput:
    """Return the document that adds erasures to an encoder that holds others.

    Where there are such, the parent is named and never fetched: the caller has its encoder in memory.
    """
    parent = ParentRelease(key="0" * 64, manifest_sha256="0" * 64) if holds else None
    return JobInput(
        model=MODEL,
        key=release_key(parent=parent.key if parent else None, adds=[add.digest for add in adds]),
        base=base,
        parent=parent,
        adds=adds,
        holds=holds,
        holdout=holdout,
        prompts=prompts,
        judge=judge,
        features=features,
        method=method,
        probe=probe,
        storage=storage,
        seed=seed,
        device=device,
    )


def read_prompts(path: Path | None) -> Prompts:
    """Read templates by kind from a JSON file; none where there is no file.

    Raises
    ------
    DocumentError
        The file cannot be read.
    pydantic.ValidationError
        A template has no {}, or a kind is none.

    """
    if path is None:
        return {}
    return TypeAdapter(Prompts).validate_python(read_json(path, "prompts"))
