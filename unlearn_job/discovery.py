"""What a document did not say: other names of its concepts, and what lies near them."""

from __future__ import annotations

from dataclasses import dataclass

from unlearn_job.aliases import find_aliases, with_aliases
from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.concept import Digest
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.neighbours import FoundNeighbour
from unlearn_job.erasing import erasings
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.neighbours import find_neighbours, with_neighbours
from unlearn_job.probe.subjects import check_known
from unlearn_job.prompts import Templates
from unlearn_job.retain import kept_concepts


@dataclass(frozen=True)
class Discovery:
    """A document, completed.

    Attributes
    ----------
    document: with the aliases and neighbours that were found; its key and digests are the asked one's.
    aliases: words that read like an erased concept.
    neighbours: concepts near an erased one, which are preserved.

    """

    document: JobInput
    aliases: tuple[FoundAlias, ...]
    neighbours: tuple[FoundNeighbour, ...]

    @property
    def alone(self) -> dict[Digest, tuple[str, ...]]:
        """Words to erase where they stand alone, by the digest of their erasure."""
        found: dict[Digest, tuple[str, ...]] = {}
        for alias in self.aliases:
            if alias.alone:
                found[alias.digest] = (*found.get(alias.digest, ()), alias.name)
        return found


def discover(models: Models, judge: Judge, doc: JobInput) -> Discovery:
    """Complete a document by what the base model draws.

    Parameters
    ----------
    models, judge, doc
        The Job's; `doc` with all aliases that its parent knows.

    Raises
    ------
    UnknownConceptError
        The judge cannot judge one of the concepts.

    """
    check_known(judge, doc)
    erasing = erasings(doc, Templates.of(doc), models.base_encoder, models.tokenizer, kept_concepts(doc))
    aliases = find_aliases(models, judge, doc, erasing)
    widened = with_aliases(doc, aliases)
    neighbours = find_neighbours(models, judge, widened)
    # An alias that joins is no part of any kept name, so it leaves every anchor what it was.
    anchors = {one.erasure.digest: one.anchor for one in erasing}
    return Discovery(with_neighbours(widened, neighbours, anchors), aliases, neighbours)
