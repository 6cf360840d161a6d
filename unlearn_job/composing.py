"""From what a person asks for in a shell to the document of a Job: the same erasure has the same key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept, Name
from unlearn_job.contract.document import Device, JobInput, Probe, Template
from unlearn_job.contract.key import erasure_digest, release_key
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType, Storage
from unlearn_job.methods import UnknownMethodError, configs
from unlearn_job.reading import DocumentError, first_error

MODEL: Final = "local"
"""Releases made from a shell go to `<out>/local/releases/<key>/`."""

Prompts = dict[ConceptKind, tuple[Template, ...]]


class Wish(ContractModel):
    """One erasure, as the flags of a command say it."""

    concept: Name
    """What must no longer be generated, as a prompt says it, without an article."""
    kind: ConceptKind = ConceptKind.OBJECT
    """Decides the prompts."""
    alias: tuple[Name, ...] = ()
    """Another name that draws the same; may be given again."""
    anchor: Name | None = None
    """Phrase that the concept turns into, such as "a man". Else the nearest kept concept of its kind."""
    preserve: tuple[str, ...] = ()
    """Concept that must stay, of the same kind or as KIND:NAME; may be given again."""
    holdout: tuple[str, ...] = ()
    """The same, but only probed and never trained on: evidence for what no list names."""
    pipeline: str
    """Text-to-video pipeline: a folder, s3://bucket/prefix or hf://org/name@commit."""
    surrogate: str | None = None
    """Text-to-image pipeline that shares the encoder; without it only encoder-only methods work."""
    encoder: str = "text_encoder"
    """Component of both pipelines that is edited."""
    judge: str
    """Model that says whether a picture shows a concept: a folder or address."""
    judge_type: JudgeType = JudgeType.CLASSIFIER
    """An image classifier with concept names as labels, or a CLIP model."""
    method: str = "closed-form"
    """Method that unlearns."""
    prompts: Path | None = None
    """JSON file with prompt templates by kind, each with {} for the concept."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Everything random derives from it."""
    device: Device = Device.AUTO
    """Auto takes CUDA where there is a GPU."""
    out: Path = Path("releases")
    """Folder for releases."""


def compose(wish: Wish, probe: Probe, parameters: Mapping[str, str]) -> JobInput:
    """Return the document of a Job that does what is wished.

    Parameters
    ----------
    wish
        The erasure and the models.
    probe
        How much is generated.
    parameters
        Of the method, as text.

    Raises
    ------
    DocumentError
        Something breaks a rule of the contract, or the prompts cannot be read; the message says what.
    UnknownMethodError
        There is no such method.

    """
    if wish.method not in configs():
        raise UnknownMethodError(f"there is no method {wish.method!r}; this image has {', '.join(configs())}")
    try:
        return _compose(wish, probe, {name: _number(value) for name, value in parameters.items()})
    except ValidationError as exc:
        raise DocumentError(first_error(exc)) from exc


def address(source: str) -> str:
    """Return a source as an address: a path becomes file:// with the whole path."""
    return source if "://" in source else f"file://{Path(source).absolute()}"


def _compose(wish: Wish, probe: Probe, parameters: dict[str, int | str]) -> JobInput:
    method = MethodSpec(name=wish.method, parameters=parameters)
    base = BaseModels(
        surrogate=address(wish.surrogate) if wish.surrogate else None,
        pipeline=address(wish.pipeline),
        encoder=wish.encoder,
    )
    concept = Concept(name=wish.concept, kind=wish.kind, aliases=wish.alias, anchor=wish.anchor)
    preserve, prompts = _kept(wish.preserve, wish.kind), _prompts(wish.prompts)
    digest = erasure_digest(
        base=base,
        concept=concept,
        preserve=preserve,
        method_name=method.name,
        method=configs()[method.name].model_validate(method.parameters),
        prompts={kind.value: templates for kind, templates in prompts.items()},
        seed=wish.seed,
    )
    erasure = Erasure(digest=digest, name=wish.concept.replace(" ", "-"), concept=concept, preserve=preserve)
    return JobInput(
        model=MODEL,
        key=release_key(parent=None, adds=[digest]),
        base=base,
        adds=(erasure,),
        holdout=_kept(wish.holdout, wish.kind),
        prompts=prompts,
        judge=Judge(type=wish.judge_type, source=address(wish.judge)),
        method=method,
        probe=probe,
        storage=Storage(uri=address(str(wish.out))),
        seed=wish.seed,
        device=wish.device,
    )


def _kept(texts: tuple[str, ...], kind: ConceptKind) -> tuple[KeptConcept, ...]:
    """Read "NAME" or "KIND:NAME"."""
    found = []
    for text in texts:
        before, colon, after = text.partition(":")
        found.append(
            KeptConcept.model_validate(
                {"name": after, "kind": before} if colon else {"name": text, "kind": kind}
            )
        )
    return tuple(dict.fromkeys(found))


def _prompts(path: Path | None) -> Prompts:
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise DocumentError(f"cannot read the prompts in {path}: {exc}") from exc
    return TypeAdapter(Prompts).validate_python(content)


def _number(value: str) -> int | str:
    return int(value) if value.removeprefix("-").isdigit() else value
