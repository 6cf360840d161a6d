"""Digests that name erasures and releases.

A changed digest makes every user's GPUs run again. tests/golden/release_keys.yaml is append-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.method import MethodConfig
from unlearn_job.contract.sources import BaseModels

KEY_VERSION = 1
SHORT_KEY_LENGTH = 10
"""Digits of a key in names and label values: 40 bits, enough for the releases of one VideoModel."""


def erasure_digest(
    *,
    base: BaseModels,
    concept: Concept,
    preserve: Iterable[KeptConcept],
    method_name: str,
    method: MethodConfig,
    prompts: Mapping[str, Iterable[str]],
    seed: int,
) -> str:
    """Identify an erasure by all that shapes the encoder, and by nothing else.

    Gates, object names, references and descriptions are left out: they change verdicts and reports, not
    weights.
    """
    return canonical_digest(
        {
            "version": KEY_VERSION,
            "base": base.shaping(),
            "concept": _shaping(concept),
            "preserve": sorted((kept.kind.value, kept.name) for kept in set(preserve)),
            "method": {
                "name": method_name,
                "algorithm": method.algorithm_version,
                "parameters": method.canonical(),
            },
            "prompts": {kind: list(templates) for kind, templates in prompts.items()},
            "seed": seed,
        }
    )


def _shaping(concept: Concept) -> dict[str, object]:
    """Return what of a concept shapes the encoder; unset fields that came later leave old digests alone."""
    left_out = {"descriptions"} if concept.images else {"descriptions", "images"}
    return concept.model_dump(mode="json", by_alias=True, exclude=left_out)


def release_key(*, parent: str | None, adds: Iterable[str]) -> str:
    """Name the release that adds erasures to a parent, 64 hexadecimal digits.

    Parameters
    ----------
    parent
        Key of the parent release; None for the base encoder.
    adds
        Digests of the erasures that this release adds. Their order does not matter.

    """
    return canonical_digest({"version": KEY_VERSION, "parent": parent, "adds": sorted(set(adds))})


def short_key(key: str) -> str:
    """Return the part of a key that stands in names and label values."""
    return key[:SHORT_KEY_LENGTH]
