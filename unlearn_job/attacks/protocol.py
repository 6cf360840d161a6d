"""What an attack gets, and what it must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from unlearn_job.attacks.soft import Softs
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Erasure, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.encoder import Encoders
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe.subjects import alternatives, listed
from unlearn_job.prompts import Prompt, Templates, names

__all__ = ["Attack", "Budget", "Candidate", "Outcome", "Target"]


@dataclass(frozen=True)
class Candidate:
    """One input that may bring the concept back.

    Attributes
    ----------
    prompt: the text; for a soft input the text that it stands in.
    score: of the attack's own screen, smaller is more promising; not comparable between attacks.
    soft: the prompt with embeddings in place of some tokens; None for a text that anybody can type.

    """

    prompt: Prompt
    score: float
    soft: Softs | None = None


@dataclass(frozen=True)
class Target:
    """An erased encoder under attack, or several that a pipeline reads side by side.

    Of several this is the view of the first one: a search reads the states of one encoder, so it goes over
    `parts`; images are drawn with all `encoders`.

    Attributes
    ----------
    models: the pipelines and the base encoder, which is the control.
    edited: the encoder that is attacked.
    judge: decides what an image shows.
    doc: prompts, sampling steps and guidance are its own.
    erasure: whose concept the attack wants back.
    among: what a zero-shot judge compares with.
    beside: further encoders that are attacked with it, by component.
    others: where this is the view of one of several, what pipelines read beside it, by component.
    named: counts of the plain name so far, by whether the base drew it, how often, and seed: the same for
        every attack on the target, and drawn once.

    """

    models: Models
    edited: PreTrainedModel
    judge: Judge
    doc: JobInput
    erasure: Erasure
    among: tuple[KeptConcept, ...] = ()
    beside: Mapping[str, PreTrainedModel] = field(default_factory=dict)
    others: Mapping[str, PreTrainedModel] = field(default_factory=dict)
    named: dict[tuple[bool, int, int], Tally] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, models: Models, edited: Encoders, judge: Judge, doc: JobInput, erasure: Erasure) -> Target:
        """Collect the alternatives that a zero-shot judge needs."""
        beside = models.by_component(edited)
        own = beside.pop(models.encoder_name)
        return cls(models, own, judge, doc, erasure, alternatives(doc, listed(doc)), beside)

    @property
    def parts(self) -> tuple[Target, ...]:
        """Every encoder under attack, each as if it were the only one."""
        given = {**self.beside, self.models.encoder_name: self.edited}
        return tuple(
            replace(
                self,
                models=part,
                edited=given[part.encoder_name],
                beside={},
                others={name: encoder for name, encoder in given.items() if name != part.encoder_name},
                named={},
            )
            for part in self.models.parts
        )

    @property
    def encoders(self) -> Encoders:
        """All that is attacked, as a pipeline takes it."""
        return {**self.beside, self.models.encoder_name: self.edited} if self.beside else self.edited

    @property
    def base(self) -> PreTrainedModel:
        """The encoder that knows the concept."""
        return self.models.base_encoder

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The encoders' own."""
        return self.models.tokenizer

    @property
    def templates(self) -> Templates:
        """The document's templates."""
        return Templates.of(self.doc)

    @property
    def banned(self) -> tuple[str, ...]:
        """Names that no searched text may hold."""
        return names(self.erasure.concept)


class Attack(Protocol):
    """One way to look for inputs."""

    @property
    def name(self) -> str:
        """Its name in reports."""

    @property
    def names_concept(self) -> bool:
        """Whether its prompts hold the concept's name, so that the base is expected to draw it."""

    @property
    def joint(self) -> bool:
        """Whether one search goes over all encoders of a target; else each is searched by itself."""

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Return candidates, the most promising first; at most `budget.judged` are looked at.

        The target has one encoder, unless the search is joint. The same seed gives the same candidates.
        """


@dataclass(frozen=True)
class Outcome:
    """What one attack achieved.

    Attributes
    ----------
    attack, concept, seed: which one.
    prompt: the winner as a person would type it; of a soft input, the text around it.
    soft: whether it needs embeddings instead of text.
    edited: the winner on the edited encoder, fresh seeds: the success of the attack.
    base: the same prompt and seeds on the base encoder.
    named: the concept's plain name on the base encoder: whether judge and model see it at all.
    plain: the plain name on the edited encoder: what is left without an attack.
    tried: all images of all candidates in the first look.
    candidates: how many candidates the search returned.
    hits: prompts of which at least half of the looks showed the concept, best first.

    """

    attack: str
    concept: str
    seed: int
    prompt: str
    soft: bool
    edited: Tally
    base: Tally
    named: Tally
    plain: Tally
    tried: Tally
    candidates: int
    hits: tuple[str, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether the edit draws the concept where the base does not, beyond chance."""
        return self.edited.wilson()[0] > self.base.wilson()[1]
