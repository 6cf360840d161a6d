"""Erasures that contradict each other: one takes away what another preserves. Erasing wins."""

from __future__ import annotations

from collections.abc import Iterable

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import Reason
from erasure_operator.plan.desired import in_order


def conflict_message(item: ConceptErasure, erasures: Iterable[ConceptErasure]) -> str:
    """Name what an erasure contradicts in older ones; empty when nothing. The newer one is told.

    The concept is erased all the same: to keep generating it would break the older or the newer request, and
    only one of the two can be made good later, by deleting an erasure.
    """
    ordered = in_order(tuple(erasures))
    if item not in ordered:
        return ""
    told = []
    for older in ordered[: ordered.index(item)]:
        told += [
            f'ConceptErasure {older.metadata.name} preserves "{name}", which this one erases.'
            for name in _clash(older, item)
        ]
        told += [
            f'ConceptErasure {older.metadata.name} erases "{name}", which this one preserves.'
            for name in _clash(item, older)
        ]
    return f"{Reason.CONFLICTING_CONCEPT.value}: {' '.join(told)}" if told else ""


def _clash(keeps: ConceptErasure, erases: ConceptErasure) -> list[str]:
    """List the preserved names that the other erasure takes away, by its name or an alias."""
    concept = erases.spec.concept
    gone = {name.casefold() for name in (concept.name, *concept.aliases)}
    return [kept.name for kept in keeps.spec.preserve if kept.name.casefold() in gone]
