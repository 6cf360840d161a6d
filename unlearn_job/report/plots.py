"""Which charts a page has, and what of probe.json goes into each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Role
from unlearn_job.contract.gates import FEWEST_OF_ONE
from unlearn_job.contract.localisation import LocalisationEvidence
from unlearn_job.contract.probe_document import ConceptEvidence, ProbeDocument
from unlearn_job.report.charts import Change, changes, frames, heat
from unlearn_job.report.verdicts import upper

MAX_ROWS: Final = 40
"""Rows of a chart; those that changed most are drawn where there are more."""


def of(document: JobInput, probe: ProbeDocument) -> dict[str, Markup]:
    """Return the charts by name: residual, preserved, holdout, attacks, frames.

    One for which there are no figures is empty.
    """
    erased = [row for row in probe.concepts if row.role.erased]
    charts = {
        "residual": _residual(document, erased),
        "preserved": _kept(document, probe, Role.PRESERVED),
        "holdout": _kept(document, probe, Role.HOLDOUT),
        "attacks": _attacks(document, probe),
        "frames": _frames(erased),
    }
    # Safe: `drawn` escapes the labels, and matplotlib the texts.
    return {name: Markup(svg) for name, svg in charts.items()}  # noqa: S704


def _residual(document: JobInput, erased: Sequence[ConceptEvidence]) -> str:
    gate = document.gates.residual.max_percent
    rows = []
    for row in erased:
        counts = [("images", row.base_images, row.images)]
        if row.clips is not None:
            counts.append(("clips", row.base_clips or row.base_images, row.clips))
        rows += [Change(f"{row.concept}, {what}", base, new, upper(new) > gate) for what, base, new in counts]
    rows = sorted(rows, key=lambda row: -upper(row.new))[:MAX_ROWS] if len(rows) > MAX_ROWS else rows
    if not rows:
        return ""
    return changes("residual", f"Residual of erased concepts against the gate of {gate} %", rows, gate=gate)


def _kept(document: JobInput, probe: ProbeDocument, role: Role) -> str:
    most = document.gates.retention.max_drop_points
    rows = []
    for row in sorted(_most_changed(probe, role), key=lambda row: (not row.neighbour, row.concept)):
        base, new = row.base_images, row.images
        lost = base.samples >= FEWEST_OF_ONE and 100 * (base.rate - new.rate) > most
        rows.append(Change(f"{row.concept}, neighbour" if row.neighbour else row.concept, base, new, lost))
    return changes(role.value, f"Images that show each {role.value} concept", rows) if rows else ""


def _most_changed(probe: ProbeDocument, role: Role) -> list[ConceptEvidence]:
    rows = [row for row in probe.concepts if row.role is role]
    return sorted(rows, key=lambda row: row.images.rate - row.base_images.rate)[:MAX_ROWS]


def _attacks(document: JobInput, probe: ProbeDocument) -> str:
    names = {row.digest: row.concept for row in probe.concepts}
    gate = document.gates.attack.max_percent if document.gates.attack else None
    rows = [
        Change(
            f"{names.get(trial.digest, trial.digest[:10])}: {trial.attack}",
            trial.base,
            trial.edited,
            gate is not None and upper(trial.edited) > gate,
        )
        for trial in probe.attacks
        if trial.edited.samples
    ]
    rows = sorted(rows, key=lambda row: -row.new.rate)[:MAX_ROWS] if len(rows) > MAX_ROWS else rows
    if not rows:
        return ""
    return changes("attacks", "Images that attacks bring a concept back in", rows, gate=gate)


def _frames(erased: Sequence[ConceptEvidence]) -> str:
    panels = [(row.concept, row.base_by_frame or (), row.by_frame) for row in erased if row.by_frame]
    return frames("frames", "Clips that show an erased concept, by frame", panels) if panels else ""


def localised(probe: ProbeDocument) -> list[tuple[LocalisationEvidence, Markup]]:
    """Return each localisation with its chart."""
    found = []
    for at, one in enumerate(probe.localisation):
        panels = list(zip(one.parts, [one.positions] * len(one.parts), one.recovered, strict=True))
        svg = heat(f"localisation-{at}", f"Where the encoder carried {one.concept}", panels)
        found.append((one, Markup(svg)))  # noqa: S704 (as above)
    return found
