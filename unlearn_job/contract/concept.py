"""Concepts, and what an erasure asks for."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from unlearn_job.contract.base import AnyCase, ContractModel
from unlearn_job.contract.sources import Source

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Digest = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]{64}$")]


Description = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
"""A prompt that means a concept without naming it."""


class ConceptKind(AnyCase):
    """The four kinds of the paper (arXiv 2407.14209), and places and doings. They decide the prompts."""

    CHARACTER = "Character"
    STYLE = "Style"
    PERSON = "Person"
    OBJECT = "Object"
    SCENE = "Scene"
    ACTION = "Action"


SUBJECTS: Final = frozenset((ConceptKind.CHARACTER, ConceptKind.PERSON, ConceptKind.OBJECT))
"""Kinds of who or what is in a picture. A style, a scene and an action are something about it."""


class KeptConcept(ContractModel):
    """A concept that must go on being generated."""

    name: Name
    """Name as a prompt says it, without an article."""
    kind: ConceptKind = ConceptKind.OBJECT
    """Decides the prompts: objects and scenes take an article, styles and actions a subject."""


class Concept(KeptConcept):
    """The concept that is to go."""

    aliases: Annotated[
        tuple[Name, ...], Field(max_length=16, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = ()
    """Other names that draw the same concept; erased with it."""
    anchor: Name | None = None
    """Phrase that the concept turns into, such as "a man". Unset: the nearest kept concept of its kind."""
    descriptions: Annotated[
        tuple[Description, ...], Field(max_length=8, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = ()
    """Prompts that mean the concept without its names: probed, never trained on. Not part of the digest."""
    images: Source | None = None
    """Folder with images of the concept, for methods that learn from images; unset: they are drawn. Publish
    changed images under a new address: the address is part of the digest."""


class Erasure(ContractModel):
    """One erasure as the Job is told it: the concept, with all that must stay beside it."""

    digest: Digest
    """`erasure_digest` of everything that shapes the encoder; the identity of the erasure in release sets."""
    name: Annotated[str, Field(max_length=253)]
    """Name of the ConceptErasure, for reports."""
    concept: Concept
    preserve: Annotated[tuple[KeptConcept, ...], Field(max_length=128)] = ()
    """The erasure's own list and the model's, without repetition, in that order."""
    reference: Annotated[str, Field(max_length=200)] | None = None
    """Case number for the report. Not part of the digest."""

    @property
    def kept(self) -> tuple[KeptConcept, ...]:
        """What is preserved, without the concept itself: a model's list may hold what is to go."""
        own = {name.lower() for name in (self.concept.name, *self.concept.aliases)}
        return tuple(one for one in self.preserve if one.name.lower() not in own)
