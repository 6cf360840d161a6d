"""What a data set is made from: the same recipe makes the same pictures. Free of torch."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from unlearn_job.contract.base import ContractModel, canonical_digest
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.document import Probe, Template
from unlearn_job.contract.sources import Judge, Source
from unlearn_job.prompts import fill
from unlearn_job.seeds import seed_for

ROUND: Final = 16
"""Pictures drawn, judged and written at once."""


class Anchor(KeptConcept):
    """A concept that the data set shows."""

    images: Source | None = None
    """Folder with pictures of it: they enter the data set, and generations start from them."""


class Recipe(ContractModel):
    """Everything that decides what is in a data set."""

    surrogate: Source
    """Text-to-image pipeline that draws."""
    judge: Judge
    """Model that confirms that a picture shows its concept."""
    anchors: Annotated[tuple[Anchor, ...], Field(min_length=1, max_length=512)]
    """Concepts, by name or with pictures."""
    prompts: dict[ConceptKind, Annotated[tuple[Template, ...], Field(min_length=1, max_length=256)]]
    """Templates of every kind that an anchor has."""
    language_model: Annotated[str, Field(max_length=200)] | None = None
    """Model that wrote the templates; unset: they were given, or built in."""
    count: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Generated pictures of each anchor."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 4
    """Most drawings per picture wanted, before an anchor is given up."""
    steps: Annotated[int, Field(ge=1, le=200)] = 25
    """Denoising steps."""
    guidance: Annotated[str, Field(max_length=5, pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$")] = "7.5"
    """Classifier-free guidance scale, a decimal as a string."""
    strength: Annotated[int, Field(ge=1, le=100)] = 75
    """Percentage of noise that a generation adds to the given picture that it starts from."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Every picture's seed derives from it."""

    @property
    def digest(self) -> str:
        """Name the recipe by its content, 64 hexadecimal digits."""
        return canonical_digest(self.model_dump(mode="json", by_alias=True))

    def drawing(self, anchor: Anchor, index: int) -> tuple[str, int]:
        """Return the prompt and the seed of an anchor's drawing of some number."""
        templates = self.prompts[anchor.kind]
        text = fill(templates[index % len(templates)], anchor.name, anchor.kind).text
        return text, seed_for(self.seed, "dataset", anchor.name, index)

    @property
    def amount(self) -> Probe:
        """Steps and guidance, as `unlearn_job.generate` takes them."""
        return Probe(image_steps=self.steps, guidance=self.guidance)
