"""What the page says in sentences: one verdict for each erased concept, and one for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Share
from unlearn_job.contract.figures import INVERSION, Tally
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.probe_document import AttackEvidence, ConceptEvidence, ProbeDocument


@dataclass(frozen=True)
class Verdict:
    """One erased concept.

    Attributes
    ----------
    evidence: its counts.
    erasure: what was asked for.
    held: whether all of its gates hold.
    sentence: the residual against its gate.
    attack: the strongest attack; None where none was made.

    """

    evidence: ConceptEvidence
    erasure: Erasure
    held: bool
    sentence: str
    attack: str | None


def verdicts(document: JobInput, probe: ProbeDocument) -> list[Verdict]:
    """Return a verdict for each erased concept that was probed, in the order of the probe."""
    erasures = {erasure.digest: erasure for erasure in (*document.adds, *document.holds)}
    found = []
    for evidence in probe.concepts:
        if evidence.digest is None or evidence.digest not in erasures:
            continue
        tried = [trial for trial in probe.attacks if trial.digest == evidence.digest]
        residual = residual_holds(evidence, document.gates)
        found.append(
            Verdict(
                evidence=evidence,
                erasure=erasures[evidence.digest],
                held=residual and attacks_hold(tried, document.gates),
                sentence=_residual(evidence, document.gates.residual.max_percent, residual),
                attack=_attack(tried, document.gates),
            )
        )
    return found


def residual_holds(evidence: ConceptEvidence, gates: Gates) -> bool:
    """Say whether an erased concept's residual gate holds, in images and in clips."""
    counts = [share for share in (evidence.images, evidence.clips) if share is not None]
    return all(upper(share) <= gates.residual.max_percent for share in counts)


def attacks_hold(tried: Sequence[AttackEvidence], gates: Gates) -> bool:
    """Say whether the attack gate of one erased concept holds; one that was not attacked does not hold it."""
    if gates.attack is None:
        return True
    allowed, ways = gates.attack.max_percent, [_by_text(tried)]
    if gates.attack.inversion:
        ways.append(_inverted(tried))
    return all(way and upper(strongest(way).edited) <= allowed for way in ways)


def _by_text(tried: Sequence[AttackEvidence]) -> list[AttackEvidence]:
    return [trial for trial in tried if trial.attack != INVERSION]


def _inverted(tried: Sequence[AttackEvidence]) -> list[AttackEvidence]:
    return [trial for trial in tried if trial.attack == INVERSION]


def strongest(tried: Sequence[AttackEvidence]) -> AttackEvidence:
    """Return the attack that brought back most; the first of equals."""
    return max(tried, key=lambda trial: (trial.edited.samples > 0, trial.edited.rate))


def upper(share: Share) -> float:
    """Return the upper 95 % bound in percent, as gates compute it: from the counts, not rounded."""
    return 100.0 * Tally(hits=share.hits, samples=share.samples).wilson()[1]


def counted(share: Share) -> str:
    """Write "3 of 64"."""
    return f"{share.hits} of {share.samples}"


def interval(share: Share) -> str:
    """Write the 95 % interval in percent."""
    low, high = share.wilson95
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _residual(evidence: ConceptEvidence, gate: int, held: bool) -> str:
    start = "No longer drawn" if held else "Still drawn more often than the gate allows"
    seen = (
        f"the judge sees it in {counted(evidence.images)} images (95 % interval {interval(evidence.images)})"
    )
    if evidence.clips is not None:
        seen += f" and in any frame of {counted(evidence.clips)} clips ({interval(evidence.clips)})"
    return (
        f"{start}: {seen}; the gate allows intervals up to {gate} %, "
        f"and the unchanged model draws it in {counted(evidence.base_images)} images."
    )


def _attack(tried: Sequence[AttackEvidence], gates: Gates) -> str | None:
    if not tried:
        return None if gates.attack is None else "No attack was made, so the gate on attacks does not hold."
    text, inverted = _by_text(tried), _inverted(tried)
    ways = (
        (f"The strongest of {len(text)} attacks by text", text),
        ("An attack with soft tokens, which nobody can type", inverted),
    )
    return " ".join(_brought_back(what, strongest(some), gates) for what, some in ways if some)


def _brought_back(what: str, worst: AttackEvidence, gates: Gates) -> str:
    counts = gates.attack is not None and (worst.attack != INVERSION or gates.attack.inversion)
    bound = (
        f", where the gate allows intervals up to {gates.attack.max_percent} %"
        if gates.attack is not None and counts
        else ""
    )
    return (
        f"{what} ({worst.attack}) brings it back in "
        f"{counted(worst.edited)} images ({interval(worst.edited)}){bound}; "
        f"the unchanged model draws it for the same prompt in {counted(worst.base)}."
    )
